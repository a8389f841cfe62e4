#pragma once
// All ways to take some structure decisions, one after the other.

#include <functional>

#include "generator/space/decision_forest.hpp"

namespace atto::gen {

/// Calls `visit` with every way to take the structure decisions among `members` (rising ids), the
/// rest standing as it is; widths that come to exist take their first allowed alternative. Stops
/// and returns false after `limit` calls, or where `visit` returns false.
bool enumerate_structures(const DecisionForest& forest, std::span<const net::DecisionId> members,
                          net::Assignment assignment, std::size_t limit,
                          const std::function<bool(net::Assignment&)>& visit);

}  // namespace atto::gen
