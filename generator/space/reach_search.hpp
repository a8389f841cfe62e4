#pragma once
// The smallest and largest costs that a prototype reaches, with bounds. Few structures are all
// measured. Many are taken apart into scopes: where every alternative of a scope leaves the maps
// between scopes as they are, costs add up over scopes, and the best of each makes the best whole.

#include <cstdint>
#include <vector>

#include "generator/space/width_ends.hpp"

namespace atto::gen {

/// One end of one cost.
struct CostEnd {
  std::int64_t found = 0;  ///< of a real network
  std::int64_t bound = 0;  ///< nothing lies beyond, when `is_bound`
  bool is_bound = false;
  net::Assignment assignment;  ///< gives `found`
  bool is_proved() const { return is_bound && found == bound; }
};

struct CostReach {
  bool found_any = false;  ///< some structure keeps all rules at its ends
  CostEnd smallest[kCosts], largest[kCosts];
  bool is_exhaustive = false;  ///< all structures were measured
  std::size_t structures = 0;  ///< how many were measured
};

/// Measures at one input, within a bounded effort.
CostReach search_reach(const net::Prototype& prototype, const net::TaskInput& input,
                       const DecisionForest& forest);

/// Returns whether a structure crosses some limit however its widths are chosen, with the costs
/// counted at each requirement's resolution. Leaves it at some widths.
bool misses_always(StructureEnds& ends, const net::Prototype& prototype,
                   const net::TaskInput& input, const Limits& limits, net::Assignment& structure);
/// Returns whether every structure crosses some limit however its widths are chosen, with the costs
/// counted at each requirement's resolution; false also where structures are too many to say.
bool all_structures_miss(const net::Prototype& prototype, const net::TaskInput& input,
                         const DecisionForest& forest, const Limits& limits,
                         std::size_t& structures);

}  // namespace atto::gen
