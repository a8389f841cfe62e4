#pragma once
// How the decisions of many designs spread over their alternatives: as bars in a terminal, or as an
// SVG of small multiples.

#include <cstdint>
#include <string>
#include <vector>

#include "generator/space/feasible_space.hpp"

namespace atto::cli {

/// One histogram. Decisions that differ only in a module's number share one.
struct Spread {
  std::string name;                 ///< "stages[0].modules[*].chain#0[1].kernel"
  std::vector<std::string> labels;  ///< alternatives, or bins of widths ("32-56")
  std::vector<std::int64_t> counts;
};

/// Counts the decisions that exist in the designs, and the use of the tightest ceiling.
std::vector<Spread> spread_of(const gen::FeasibleSpace& space,
                              const std::vector<gen::Candidate>& designs);

std::string spread_text(const std::vector<Spread>& spreads);
std::string spread_svg(const std::vector<Spread>& spreads, const std::string& title);

}  // namespace atto::cli
