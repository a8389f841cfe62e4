#pragma once
// What can be said of a prototype under requirements before any search: the size of its space, the
// reach of its costs, and whether anything feasible exists.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generator/space/feasible_space.hpp"

namespace atto::gen {

/// Smallest and largest value of a cost. `proved` says that no design lies beyond (else: found by
/// search).
struct Reach {
  std::int64_t smallest = 0, largest = 0;
  bool smallest_proved = false, largest_proved = false;
};

struct Feasibility {
  enum class Answer : std::uint8_t { Feasible, Infeasible, Undecided } answer = Answer::Undecided;
  std::optional<Candidate> witness;  ///< Feasible
  std::string reason;  ///< Infeasible: "the smallest network of this prototype has 412,306
                       ///< parameters; /require/params/max asks for 326,000".
                       ///< Undecided: what was tried, and the nearest miss
};

struct SpaceReport {
  int decisions = 0;  ///< of the prototype, in all alternatives together
  double log10_size =
      0;  ///< of the number of distinct complete assignments (before any requirement)
  Reach params, macs, peak_activation_bytes;
  bool found_any = false;  ///< else no choices that fit together were found, and no reach
};

/// Returns why a band that was asked for has no effect: no width is free. Empty where it holds, and
/// where there is no ceiling that it could be a share of.
std::string idle_band(const FeasibleSpace& space, const spec::Band& asked);

/// Measures the reach at an input, within a bounded effort.
SpaceReport describe_space(const net::Prototype& prototype, const net::TaskInput& input);
/// A space of up to kSmallSpace combinations is decided; undecided is rare: the limits are each
/// within reach, and still nothing was found.
Feasibility check_feasibility(const FeasibleSpace& space, std::uint64_t seed = 1);

}  // namespace atto::gen
