#pragma once
// How many processes and threads of a campaign work at once on this machine.

#include "search/campaign/campaign.hpp"
#include "search/campaign/estimate.hpp"

namespace atto::search {

/// The number of workers that is used where none is asked for: one per `training.threads` cores, at
/// most search.window.
int default_workers(const Campaign& campaign);

/// How many finalists may train at once: cores / final_threads where finalists have more threads
/// than other trials, else as many as there are workers.
int finals_at_once(const Campaign& campaign);

/// Wall seconds that so much work takes so many workers. No more of them search at once than
/// search.window; the finalists of a campaign may be fewer too.
double wall_seconds(const Campaign& campaign, const Estimate& work, int workers);

}  // namespace atto::search
