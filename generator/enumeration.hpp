#pragma once
// Every feasible design of a small space.

#include <cstddef>
#include <optional>
#include <vector>

#include "generator/feasible_space.hpp"

namespace atto::gen {

struct Enumeration {
  std::vector<Candidate> feasible;  ///< distinct networks, by hash
  std::size_t well_formed = 0;      ///< ways to take all decisions whose choices fit together
};

/// Tries every way to take the decisions that restrictions leave; nothing where there are more than
/// `limit` of them.
std::optional<Enumeration> enumerate_feasible(const FeasibleSpace& space, std::size_t limit);

}  // namespace atto::gen
