#pragma once
// The checks before a campaign starts.

#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"

namespace atto::cli {

/// Refuses a campaign that no design can satisfy: SpecError at the requirement, all tiers at once.
/// Returns warnings (undecided; a band without effect).
std::vector<std::string> check_start(const search::Campaign& campaign);

}  // namespace atto::cli
