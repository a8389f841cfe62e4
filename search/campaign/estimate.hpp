#pragma once
// What a campaign will cost, before it starts and while it runs.

#include <cstdint>

#include "search/campaign/campaign.hpp"

namespace atto::search {

/// CPU-seconds to train one image once, forward and backward, on one core of the reference machine.
double seconds_per_image(const spec::Costs& costs);

/// CPU-seconds to train `trained` images, each counted as often as it is seen, and to judge
/// `judged` ones.
double training_seconds(const spec::Costs& costs, double trained, double judged);

struct Estimate {
  double jobs = 0;        ///< of search and finalists
  double final_jobs = 0;  ///< of finalists
  double search_cpu_seconds = 0, final_cpu_seconds = 0;
  double coordinator_cpu_seconds = 0;  ///< proposing, learning, the ledger
  double measuring_seconds = 0;        ///< of latencies, while the workers stand still
  double export_seconds = 0;           ///< of the winner, with what is shown of its files
  double disk_bytes = 0;               ///< ledger, design files, checkpoints, finalists' weights
  spec::Costs typical;                 ///< mean over designs drawn from the space
  double other_seconds() const {
    return coordinator_cpu_seconds + measuring_seconds + export_seconds;
  }
  double cpu_seconds() const { return search_cpu_seconds + final_cpu_seconds + other_seconds(); }
};

/// Estimates one tier with `candidates` designs, from designs drawn from its space.
Estimate estimate_tier(const Campaign& campaign, int tier, int candidates);
Estimate& operator+=(Estimate& sum, const Estimate& more);

}  // namespace atto::search
