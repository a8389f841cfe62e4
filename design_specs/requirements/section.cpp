#include "design_specs/requirements/section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace atto::spec {

Section::Section(Problems& problems, Cursor object, std::span<const std::string_view> keys)
    : problems_(problems), object_(std::move(object)) {
  problems_.expect_object(object_, keys);
}

std::optional<Cursor> Section::member(std::string_view key) const {
  return Problems::member(object_, key);
}

void Section::integer(std::string_view key, int& target, int low, int high) {
  if (const auto at = member(key))
    if (const auto value = problems_.integer(*at, low, high)) target = static_cast<int>(*value);
}

void Section::number(std::string_view key, double& target, double low, double high) {
  if (const auto at = member(key))
    if (const auto value = problems_.number(*at, low, high)) target = *value;
}

void Section::boolean(std::string_view key, bool& target) {
  if (const auto at = member(key))
    if (const auto value = problems_.boolean(*at)) target = *value;
}

void Section::text(std::string_view key, std::string& target) {
  if (const auto at = member(key))
    if (const auto value = problems_.text(*at)) target = *value;
}

void Section::one_of(std::string_view key, std::string& target,
                     std::span<const std::string_view> names) {
  if (const auto at = member(key))
    if (const auto index = problems_.one_of(*at, names)) target = names[*index];
}

void refuse_other_kinds(Problems& problems, const Cursor& object, const TaskKind& kind,
                        std::vector<std::string_view>& keys) {
  for (const Member& member : object->members) {
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    const std::string others = kinds_with(member.key);
    if (others.empty()) continue;
    problems.add_at_key(object, member,
                        fmt::format("unknown key of kind {}: it is one of {}", kind.name, others));
    keys.push_back(member.key);
  }
}

}  // namespace atto::spec
