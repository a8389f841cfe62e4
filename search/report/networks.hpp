#pragma once
// The report's account of the networks themselves: what was required and how much of it is used,
// the pictures of the winner and the front, and the front's decisions side by side.

#include <string>

#include "search/report/explanation.hpp"
#include "search/report/report.hpp"

namespace atto::search {

/// Each requirement with what the winner needs of it; of the best so far where nothing won yet.
std::string requirements_section(const CampaignReport& report, const TierReport& tier);

/// The pictures, and a table of the decisions in which designs of the front differ.
std::string networks_section(const CampaignReport& report, const TierReport& tier);

/// The winner, or the best so far, as a picture of its own, with how sure the machine is of what it
/// decided; empty where nothing was trained.
std::string learnt_network_svg(const Leaderboard& board, const Campaign& campaign,
                               const Explanation& explanation);

}  // namespace atto::search
