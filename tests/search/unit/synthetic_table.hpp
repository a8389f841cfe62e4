#pragma once
// Tables of results that nobody trained: landscapes over a small prototype with effects of single
// decisions, of pairs, of costs, and of the design as a whole; noise between training seeds; rungs
// that rank designs almost as the top one does. Strategies are compared on several of them.

#include <memory>
#include <string>

#include "search/tables/simulation.hpp"

namespace atto::test {

/// Shares of the variance between designs; they need not add up to 1.
struct LandscapeShape {
  std::string name;
  double role = 0.3;        ///< effects of alternatives wherever they stand
  double place = 0.3;       ///< effects of alternatives at one place
  double within = 0.1;      ///< pairs of decisions of a module
  double between = 0.1;     ///< pairs of neighbouring modules' patterns
  double cost = 0.15;       ///< log parameters and log multiply-adds
  double own = 0.05;        ///< the design as a whole, which no decision explains
  double seed_sd = 0.42;    ///< of a training seed, in standard deviations between designs
  double first_rung = 0.7;  ///< correlation of the lowest rung with the top one, without noise
};

/// A table with the space that its designs come from.
struct SyntheticTable {
  std::unique_ptr<net::Prototype> prototype;
  std::unique_ptr<gen::FeasibleSpace> space;
  search::Table table;
};

/// Makes a table of all feasible designs (a few hundred), rungs 1/3/9, `runs` training seeds each.
/// `widths` also leaves widths free.
SyntheticTable make_table(const LandscapeShape& shape, bool widths, int runs, std::uint64_t seed);

/// The shapes that strategies are compared on.
std::vector<LandscapeShape> landscape_shapes();

}  // namespace atto::test
