#pragma once
// `atto calibrate SPEC --latency`: what predictions of latencies are worth in a campaign's space.

#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/running/stop_signals.hpp"

namespace atto::cli {

/// Measures the designs one after the other here, each after predicting it from those before, and
/// prints how the predictions of the last fifty compare. Trains nothing. Returns the exit code.
/// Throws Interruption.
int calibrate_latency(const search::Campaign& campaign,
                      const std::vector<search::DesignRow>& designs, bool is_json,
                      search::StopSignals& signals);

}  // namespace atto::cli
