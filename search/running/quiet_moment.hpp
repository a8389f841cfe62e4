#pragma once
// A moment in which no worker of a campaign trains.

#include <functional>
#include <string>
#include <vector>

#include "search/ledger/ledger.hpp"
#include "search/running/workforce.hpp"

namespace atto::search {

/// Runs `work` while the crew stands still wherever it was, and workers that people started wait
/// between two batches. Returns the names of such workers that did not within some seconds. Calls
/// `between` now and then while it waits for them; what that throws ends the moment.
std::vector<std::string> in_a_quiet_moment(Ledger& ledger, Workforce& crew,
                                           const std::function<void()>& work,
                                           const std::function<void()>& between = {});

}  // namespace atto::search
