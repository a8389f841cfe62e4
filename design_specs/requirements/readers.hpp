#pragma once
// The parts of a design spec, one function an object of the file.

#include <map>
#include <string_view>
#include <vector>

#include "design_specs/reading/problems.hpp"
#include "design_specs/requirements/design_spec.hpp"

namespace atto::spec {

/// The largest input side and the largest count of images or candidates that a spec may ask for.
inline constexpr int kMaxResolution = 8192;
inline constexpr int kMaxCandidates = 1'000'000;

/// Reads /require on top of `base`: an entry replaces the one of the same name. Scores are those of
/// the task.
Requirements read_requirements(Problems& problems, const Cursor& at, Requirements base,
                               const TaskKind& kind);
std::vector<Tier> read_tiers(Problems& problems, const Cursor& at, const Requirements& base,
                             const TaskKind& kind);
Objective read_objective(Problems& problems, const Cursor& at, const TaskKind& kind);
/// The keys of each strategy's settings, by the key that they stand under in /search.
std::map<std::string_view, std::vector<std::string_view>> strategy_keys();
/// `band` is the default that the objective sets; `strategies` as in read_design_spec().
SearchSettings read_search(Problems& problems, const Cursor& at, const Band& band,
                           std::span<const std::string_view> strategies);
/// Keys that are absent keep what they are in `training`.
TrainingSettings read_training(Problems& problems, const Cursor& at,
                               TrainingSettings training = {});

}  // namespace atto::spec
