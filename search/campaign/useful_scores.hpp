#pragma once
// Which zero-cost scores a campaign computes.

#include <filesystem>
#include <string>
#include <vector>

#include "prototypes/network/responses.hpp"
#include "search/campaign/campaign.hpp"

namespace atto::search {

/// Leaves out the zero-cost scores that a calibration found useless. `calibration`: the file, or
/// the folder that `atto calibrate` wrote; "none"; or "": runs/calibration-NAME, where it is there
/// and was made for the same spec, prototype and data. Returns messages. Throws SpecError or
/// EnvironmentError for a file that cannot be read.
std::vector<std::string> leave_out_scores(Campaign& campaign, const std::string& calibration);

/// Sets the scores of those names to 0 in every module: a constant orders nothing.
void switch_off(net::ScoresByModule& scores, const std::vector<std::string>& names);

/// Reads the names that a file written from calibration_json() switches off. Throws SpecError.
std::vector<std::string> read_switched_off(const std::filesystem::path& file);

}  // namespace atto::search
