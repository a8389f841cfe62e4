#pragma once
// A leaderboard for people and for machines.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "search/campaign/leaderboard.hpp"

namespace atto::cli {

/// Returns the table with at most `rows` entries (0 = all), its legend and the winner line.
std::string board_text(const search::Leaderboard& board, const search::Campaign& campaign,
                       const std::filesystem::path& folder, std::size_t rows);
nlohmann::json board_json(const search::Leaderboard& board, const search::Campaign& campaign,
                          const std::filesystem::path& folder);

}  // namespace atto::cli
