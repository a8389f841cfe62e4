#pragma once
// When the search of a campaign is over, and what opens it again: more candidates, or requests of
// people that no proposal has followed yet.

#include <cstdint>
#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"

namespace atto::search {

/// Records that the search of a tier is over after so many proposals, and tells whether it is: more
/// candidates open it again.
void close_search(Ledger& ledger, const std::vector<Extension>& extensions, int tier,
                  std::int64_t proposals);
bool is_search_over(Ledger& ledger, const std::vector<Extension>& extensions, int tier,
                    std::int64_t proposals);

/// Returns the requests that have taken effect nowhere.
std::vector<SteerRow> waiting_requests(Ledger& ledger);

/// Whether the search of every tier is over, so that requests wait for the next coordinator.
bool is_search_over(Ledger& ledger, const Campaign& campaign);
/// Opens the search of every tier for requests that wait.
void open_search(Ledger& ledger, const Campaign& campaign);

/// Whether a campaign is finished and nothing has been asked of it since.
bool is_settled(Ledger& ledger, const Campaign& campaign);

}  // namespace atto::search
