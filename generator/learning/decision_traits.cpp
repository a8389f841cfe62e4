#include "generator/learning/decision_traits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace atto::gen {
namespace {

// Earlier decisions of a module that a choice is related to; long free-form chains have dozens.
constexpr int kEarlier = 4;

/// Reads the number in "name[12]..." after `name`; -1 where the path does not go on so.
std::int32_t number_after(std::string_view path, std::string_view name) {
  const std::size_t at = path.find(name);
  if (at == std::string_view::npos) return -1;
  std::int32_t number = -1;
  const std::string_view rest = path.substr(at + name.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return number;
}

/// What decisions of one role share: the path within the module (or without its stage's number),
/// and the same alternatives.
std::string role_key(const net::Decision& decision) {
  const std::string_view module = module_of(decision.path);
  std::string key = module.empty() ? decision.path : decision.path.substr(module.size());
  if (module.empty() && key.starts_with("stages["))
    key = "stages[*]" + key.substr(key.find(']') + 1);
  return key + "|" + fmt::format("{}", fmt::join(decision.labels, "|"));
}

/// Packs a feature: 4 + 15 + 12 + 15 + 12 bits. Files hold at most 20,000 decisions; alternatives
/// over 4095 of a decision that is no width would share a feature with lower ones.
std::uint64_t key_of(const Feature& f) {
  const auto part = [](std::int32_t value, int bits) {
    return static_cast<std::uint64_t>(value) & ((std::uint64_t{1} << bits) - 1);
  };
  std::uint64_t key = static_cast<std::uint64_t>(f.kind);
  key = key << 15 | part(f.subject, 15);
  key = key << 12 | part(f.alternative, 12);
  key = key << 15 | part(f.context, 15);
  return key << 12 | part(f.before, 12);
}

}  // namespace

DecisionTraits::DecisionTraits(const DecisionForest& forest, bool with_context)
    : forest_(&forest), with_context_(with_context) {
  std::unordered_map<std::string, std::int32_t> roles;
  for (std::size_t d = 0; d < forest.size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    const net::Decision& decision = forest.at(id);
    const std::string key = role_key(decision);
    const auto [role, is_new] =
        roles.try_emplace(key, static_cast<std::int32_t>(role_names_.size()));
    if (is_new) {
      role_names_.push_back(key.substr(0, key.find('|')));
      role_example_.push_back(id);
    }
    Traits traits{role->second, number_after(decision.path, "stages["), -1, forest.scope(id)};
    if (!module_of(decision.path).empty())
      traits.position = number_after(decision.path, ".modules[");
    traits_.push_back(traits);
  }
  scope_before_.assign(forest.scopes(), -1);
  std::int32_t before = -1;
  for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(forest.scopes()); ++scope) {
    if (of(forest.members(scope)[0]).position < 0) continue;
    scope_before_[static_cast<std::size_t>(scope)] = before;
    before = scope;
  }
}

void DecisionTraits::say(net::DecisionId id, std::int32_t alternative,
                         const net::Assignment& before, std::vector<Feature>& features) const {
  const Traits& own = of(id);
  features.push_back({FeatureKind::Own, id, alternative, 0, 0});
  if (!with_context_) return;
  features.push_back({FeatureKind::Role, own.role, alternative, 0, 0});
  if (own.stage >= 0) features.push_back({FeatureKind::Stage, own.role, alternative, own.stage, 0});
  if (own.position >= 0)
    features.push_back({FeatureKind::Position, own.role, alternative, own.position, 0});
  const auto members = forest_->members(own.scope);
  auto at = std::lower_bound(members.begin(), members.end(), id);
  for (int related = 0; at != members.begin() && related < kEarlier;) {
    const net::DecisionId earlier = *--at;
    const std::int32_t choice = before[static_cast<std::size_t>(earlier)];
    if (choice == net::kInactive || forest_->is_width(earlier)) continue;
    features.push_back({FeatureKind::Within, own.role, alternative, of(earlier).role, choice});
    ++related;
  }
}

void DecisionTraits::say_width(net::DecisionId id, std::vector<Feature>& features) const {
  const Traits& own = of(id);
  features.push_back({FeatureKind::Width, id, 0, 0, 0});
  if (!with_context_) return;
  features.push_back({FeatureKind::WidthRole, own.role, 0, 0, 0});
  if (own.stage >= 0) features.push_back({FeatureKind::WidthStage, own.role, 0, own.stage, 0});
}

void DecisionTraits::say_between(net::DecisionId id, const net::Assignment& assignment,
                                 std::vector<Feature>& features) const {
  const Traits& own = of(id);
  const std::int32_t before = scope_before_[static_cast<std::size_t>(own.scope)];
  if (!with_context_ || own.position < 0 || before < 0) return;
  for (const net::DecisionId other : forest_->members(before)) {
    const std::int32_t choice = assignment[static_cast<std::size_t>(other)];
    if (choice == net::kInactive || forest_->is_width(other)) continue;
    features.push_back({FeatureKind::Between, own.role, assignment[static_cast<std::size_t>(id)],
                        of(other).role, choice});
  }
}

double DecisionTraits::relative_width(net::DecisionId id, std::int32_t alternative) const {
  return 2 * (alternative + 0.5) / forest_->at(id).alternatives - 1;
}

std::string DecisionTraits::alternative_name(std::int32_t role, std::int32_t alternative) const {
  const auto example = role_example_[static_cast<std::size_t>(role)];
  return forest_->at(example).labels[static_cast<std::size_t>(alternative)];
}

std::string DecisionTraits::name(const Feature& feature) const {
  using Kind = FeatureKind;
  const Kind kind = feature.kind;
  if (kind == Kind::Own || kind == Kind::Width || kind == Kind::WidthBend) {
    const net::Decision& decision = forest_->at(feature.subject);
    if (kind == Kind::Width) return decision.path + " wide";
    if (kind == Kind::WidthBend) return decision.path + " wide, squared";
    return decision.path + " = " + decision.labels[static_cast<std::size_t>(feature.alternative)];
  }
  if (kind == Kind::WidthRole) return role_name(feature.subject) + " wide";
  if (kind == Kind::WidthStage)
    return fmt::format("stages[{}] {} wide", feature.context, role_name(feature.subject));
  const std::string choice =
      role_name(feature.subject) + " = " + alternative_name(feature.subject, feature.alternative);
  if (kind == Kind::Stage) return fmt::format("stages[{}] {}", feature.context, choice);
  if (kind == Kind::Position) return fmt::format("modules[{}] {}", feature.context, choice);
  if (kind == Kind::Role) return choice;
  return fmt::format("{} {} {} = {}", choice, kind == Kind::Within ? "with" : "after a module with",
                     role_name(feature.context), alternative_name(feature.context, feature.before));
}

std::int32_t FeatureIndex::add(const Feature& feature) {
  const auto [it, is_new] =
      numbers_.try_emplace(key_of(feature), static_cast<std::int32_t>(features_.size()));
  if (is_new) features_.push_back(feature);
  return it->second;
}

std::int32_t FeatureIndex::find(const Feature& feature) const {
  const auto found = numbers_.find(key_of(feature));
  return found == numbers_.end() ? -1 : found->second;
}

}  // namespace atto::gen
