#include "search/winner.hpp"

#include "design_specs/files.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "weights.safetensors";
constexpr const char* kReference = "reference.safetensors";

}  // namespace

void write_winner(const RunFolder& folder, const Campaign& campaign, const Leaderboard& board) {
  const fs::path target = folder.winner(board.tier_name);
  std::error_code error;
  fs::remove_all(target, error);
  const Entry* winner = board.winner();
  if (!winner) return;
  fs::create_directories(target, error);
  if (error) throw EnvironmentError("cannot make", target.string(), error.value());
  spec::write_file_atomically(target / "design.json", design_file_text(campaign, winner->design));
  const fs::path trial =
      folder.trial(winner->design.hash, train::Phase::Final, winner->best_replica());
  for (const char* name : {kWeights, kReference}) {
    if (!fs::exists(trial / name)) continue;  // the fake evaluator makes none
    fs::copy_file(trial / name, target / name, fs::copy_options::overwrite_existing, error);
    if (error) throw EnvironmentError("cannot copy", (target / name).string(), error.value());
  }
}

void clean_final(const fs::path& trial) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(trial, ignored)) {
    const fs::path name = entry.path().filename();
    if (name != kWeights && name != kReference) fs::remove_all(entry.path(), ignored);
  }
}

void clean_search(const RunFolder& folder, const std::string& hash) {
  std::error_code ignored;  // a checkpoint that stays costs disk, not correctness
  const fs::path trial = folder.trial(hash, train::Phase::Search, 0);
  fs::remove_all(trial, ignored);
  fs::remove(trial.parent_path(), ignored);  // only when empty
}

}  // namespace atto::search
