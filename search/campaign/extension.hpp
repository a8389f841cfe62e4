#pragma once
// More candidates for a campaign that has started or ended.

#include "search/campaign/campaign.hpp"
#include "search/campaign/run_folder.hpp"

namespace atto::search {

/// Raises the number of candidates of every tier from here on; the next coordinator goes on with
/// it. Throws SpecError when the number is not larger, EnvironmentError while the campaign runs.
void extend_campaign(const RunFolder& folder, int candidates);

}  // namespace atto::search
