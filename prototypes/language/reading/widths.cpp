// Widths: numbers, holes, "here", "input", "module" and relations to these.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"
#include "prototypes/language/reading/chains.hpp"

namespace atto::net {

using spec::Kind;
using spec::Problems;

std::optional<Width> ChainReader::word(const Cursor& at, Setting setting) {
  Width width;
  if (at->string == "input") {
    width.kind = Width::Kind::Input;
    return width;
  }
  if (at->string == "here" && setting != Setting::Stage) {
    width.kind = Width::Kind::Here;
    return width;
  }
  if (at->string == "module" && setting == Setting::Module) {
    width.kind = Width::Kind::Module;
    return width;
  }
  if (at->string == "pyramid" && setting == Setting::Detector) {
    if (!has_module_width_) holes_.problems.add(at, "there is no pyramid");
    width.kind = Width::Kind::Module;
    return width;
  }
  if (at->string == "classes" && setting == Setting::Head) {
    width.number.literal = WidthExpression::kClasses;
    return width;
  }
  constexpr std::string_view kWords[] = {R"("here", "input")", R"("here", "input", "module")",
                                         R"("here", "input", "classes")", R"("input")",
                                         R"("here", "input", "pyramid")"};
  holes_.problems.add(
      at, fmt::format(R"(must be a whole number, a hole, {} or {{"times": ..., "of": ...}})",
                      kWords[static_cast<std::size_t>(setting)]));
  return std::nullopt;
}

std::optional<Width> ChainReader::width(const Where& where, const Cursor& at, Setting setting) {
  if (at->kind == Kind::String && !at->string.starts_with('$')) return word(at, setting);
  if (at->kind == Kind::Object && !is_hole(*at)) return times(where, at, setting);
  const spec::Value* choose = at->find("choose");
  bool are_numbers = true;
  if (choose != nullptr && choose->kind == Kind::Array)
    for (const spec::Value& item : choose->items) are_numbers = are_numbers && item.is_number();
  Width width;
  if (are_numbers) {
    const auto number = holes_.number(where, at, 1, kMaxWidth, true);
    if (!number) return std::nullopt;
    width.number = *number;
    return width;
  }
  const auto found = holes_.open(where, at);
  if (!found) return std::nullopt;
  if (found->is_single())
    return this->width(where.alternative(static_cast<std::size_t>(found->pinned), kNoDecision),
                       found->only(), setting);
  width.kind = Width::Kind::Choice;
  width.decision = found->decision;
  for (std::size_t k = 0; k < found->options->items.size(); ++k) {
    auto item =
        this->width(where.alternative(k, found->decision), found->options->items[k], setting);
    if (!item) return std::nullopt;
    width.of.push_back(std::move(*item));
  }
  return width;
}

std::optional<Width> ChainReader::times(const Where& where, const Cursor& at, Setting setting) {
  Problems& problems = holes_.problems;
  const std::size_t before = problems.size();
  problems.expect_object(at, kTimesKeys);
  const auto factor = problems.required(at, "times");
  const auto of = problems.required(at, "of");
  Width width;
  width.kind = Width::Kind::Times;
  if (factor) {
    auto read = holes_.choice<double>(where.key("times"), *factor, [&](const Cursor& item) {
      return problems.number(item, spec::kAboveZero, kMaxTimes);
    });
    if (read) width.times = std::move(*read);
  }
  if (of && (*of)->kind == Kind::Object && !is_hole(**of)) {
    problems.add(*of, R"(must be a whole number, a hole, a tie, "here", "input" or "module")");
  } else if (of) {
    auto read = this->width(where.key("of"), *of, setting);
    // A relation may stand on the module's width, which may be a relation itself; deeper ones have
    // no form in WidthExpression.
    if (read && std::any_of(read->of.begin(), read->of.end(),
                            [](const Width& base) { return base.kind == Width::Kind::Times; }))
      problems.add(*of, "must not choose among relations");
    else if (read)
      width.of.push_back(std::move(*read));
  }
  if (const auto round = Problems::member(at, "round"))
    if (const auto read = problems.integer(*round, 1, 1024))
      width.round = static_cast<std::int32_t>(*read);
  return problems.size() == before ? std::optional(std::move(width)) : std::nullopt;
}

}  // namespace atto::net
