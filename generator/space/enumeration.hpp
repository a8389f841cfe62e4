#pragma once
// Every design of a small space.

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "generator/space/cost_model.hpp"
#include "generator/space/feasible_space.hpp"

namespace atto::gen {

/// Combinations of all decisions that are tried one by one: some seconds at most.
inline constexpr std::size_t kSmallSpace = 1'000'000;

/// What is visited: a complete assignment whose choices fit together, its costs as the requirements
/// count them, and its structure, to be used until the return. False ends the walk.
using DesignVisit =
    std::function<bool(const net::Assignment&, const spec::Costs& required, BuiltStructure&)>;
/// Visits every way to take the decisions that restrictions leave; with `is_hopeful` without
/// structures that cross some limit whatever their widths. Returns false where the visit ended it,
/// or after `limit` ways.
bool for_each_design(const FeasibleSpace& space, std::size_t limit, bool is_hopeful,
                     const DesignVisit& visit);

struct Enumeration {
  std::vector<Candidate> feasible;  ///< distinct networks, by hash
  std::size_t well_formed = 0;      ///< ways to take all decisions whose choices fit together
};

/// Tries every way to take the decisions that restrictions leave; nothing where there are more than
/// `limit` of them.
std::optional<Enumeration> enumerate_feasible(const FeasibleSpace& space, std::size_t limit);

/// Returns the number of distinct feasible designs where it is below `wanted` and the space is
/// small enough to say so.
std::optional<std::size_t> fewer_designs_than(const FeasibleSpace& space, std::size_t wanted);

}  // namespace atto::gen
