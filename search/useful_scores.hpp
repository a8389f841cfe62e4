#pragma once
// Which zero-cost scores a campaign computes.

#include <string>
#include <vector>

#include "search/campaign.hpp"

namespace atto::search {

/// Leaves out the zero-cost scores that a calibration found useless. `calibration`: the file, or
/// the folder that `atto calibrate` wrote; "none"; or "": runs/calibration-NAME, where it is there
/// and was made for the same spec, prototype and data. Returns messages. Throws SpecError or
/// EnvironmentError for a file that cannot be read.
std::vector<std::string> leave_out_scores(Campaign& campaign, const std::string& calibration);

}  // namespace atto::search
