#pragma once
// The artefacts of a campaign's end.

#include "search/campaign/leaderboard.hpp"
#include "search/campaign/run_folder.hpp"

namespace atto::search {

/// Writes winner/: design.json, and the best-validation seed's weights.safetensors and
/// reference.safetensors where the evaluator made them. A winner is replaced by another one only,
/// when that is whole; where the board has none, or the same, the folder stays as it is.
void write_winner(const RunFolder& folder, const Campaign& campaign, const Leaderboard& board);

/// Keeps of a final training that is done the weights and reference of the attempt that did it, in
/// the trial's folder, and deletes all else.
void settle_final(const RunFolder& folder, const JobRow& row);
/// Deletes a design's search checkpoint.
void clean_search(const RunFolder& folder, const std::string& hash);

}  // namespace atto::search
