#pragma once
// Trains every feasible design of a small prototype several times, in a run folder whose ledger
// makes it resumable: the ground of tables that searches are compared on.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "search/running/coordinator.hpp"

namespace atto::search {

struct TabulationPlan {
  int seeds = 3;       ///< runs of every design
  int more_seeds = 5;  ///< further runs of the designs below, 0 = none
  int best = 30;       ///< by the mean result at the top rung
  int random = 30;     ///< others, drawn by a fixed seed
};

/// Returns every feasible design of the campaign's space, by hash. Throws SpecError when there are
/// too many ways to enumerate, or none is feasible.
std::vector<DesignRow> designs_to_tabulate(const Campaign& campaign);

/// Trains `designs` (all rungs in one run, replica = seed) and then, by the plan, some of them
/// more. Goes on from what the ledger holds.
CampaignEnd run_tabulation(const CoordinatorOptions& options, const TabulationPlan& plan,
                           const std::vector<DesignRow>& designs, Observer& observer,
                           StopSignals& signals);

/// Returns the designs that get more seeds: the best by mean result at the top rung, then random
/// others; by hash.
std::vector<std::string> designs_for_more_seeds(Ledger& ledger, const Campaign& campaign,
                                                const TabulationPlan& plan);

}  // namespace atto::search
