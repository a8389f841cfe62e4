#pragma once
// What a table is worth: noise between training seeds, agreement of ranks.

#include <cstddef>
#include <vector>

#include "search/tables/simulation.hpp"

namespace atto::search {

/// How far a table can decide anything: noise between training seeds, and agreement of ranks.
struct TableQuality {
  double seed_deviation = 0;    ///< of results at the top rung: pooled over designs
  double design_deviation = 0;  ///< of the designs' means
  double between_seeds = 0;     ///< mean Spearman over pairs of seeds, at the top rung
  std::vector<double> to_top;   ///< Spearman of each rung with the top one, same seed, mean
  std::size_t designs = 0, runs = 0;
  double cpu_seconds = 0;  ///< of all runs, probes and scores included
};
TableQuality table_quality(const Table& table);

}  // namespace atto::search
