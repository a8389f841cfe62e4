#include "search/campaign/winner.hpp"

#include <fcntl.h>
#include <stdio.h>

#include "design_specs/files.hpp"
#include "prototypes/language/artefact_names.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

void move_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw EnvironmentError("cannot move", to.string(), error.value());
}

/// A place beside the winner's; hidden, because it is there only for moments.
fs::path beside(const fs::path& target, const char* ending) {
  return target.parent_path() / ("." + target.filename().string() + ending);
}

bool has_same(const fs::path& file, const std::string& contents) {
  return fs::exists(file) && spec::read_file(file) == contents;
}

/// Whether the folder holds this design and its weights; what else is in it was made of them.
bool holds(const fs::path& target, const std::string& design, const fs::path& trial) {
  if (!has_same(target / net::kDesignName, design)) return false;
  for (const char* name : {net::kWeightsName, net::kReferenceName})
    if (fs::exists(trial / name) && !has_same(target / name, spec::read_file(trial / name)))
      return false;
  return true;
}

/// Makes `made` the winner in one step where the file system can exchange two names.
void put_in_place(const fs::path& made, const fs::path& target) {
  if (!fs::exists(target)) return move_to(made, target);
  std::error_code ignored;
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(made, ignored);
    return;
  }
  const fs::path old = beside(target, ".old");
  fs::remove_all(old, ignored);
  move_to(target, old);
  move_to(made, target);
  fs::remove_all(old, ignored);
}

/// Takes up what a process left that was killed while it put a winner in place.
void tidy(const fs::path& target) {
  const fs::path old = beside(target, ".old");
  if (!fs::exists(target) && fs::exists(old)) move_to(old, target);  // between two names
  std::error_code ignored;
  fs::remove_all(old, ignored);
  fs::remove_all(beside(target, ".new"), ignored);
}

}  // namespace

void write_winner(const RunFolder& folder, const Campaign& campaign, const Leaderboard& board) {
  const fs::path target = folder.winner(board.tier_name), made = beside(target, ".new");
  tidy(target);
  const Entry* winner = board.winner();
  if (!winner) return;
  const std::string design = design_file_text(campaign, winner->design);
  const fs::path trial =
      folder.trial(winner->design.hash, train::Phase::Final, board.best_replica(*winner));
  if (holds(target, design, trial)) return;
  std::error_code error;
  fs::create_directories(made, error);
  if (error) throw EnvironmentError("cannot make", made.string(), error.value());
  spec::write_file_atomically(made / net::kDesignName, design);
  const bool is_fake = campaign.evaluator == EvaluatorKind::Fake;  // it makes no weights
  for (const char* name : {net::kWeightsName, net::kReferenceName})
    if (fs::exists(trial / name) || (!is_fake && name == net::kWeightsName))
      spec::copy_file(trial / name, made / name);
  put_in_place(made, target);
}

void settle_final(const RunFolder& folder, const JobRow& row) {
  const fs::path trial = folder.trial(row.job.hash, train::Phase::Final, row.job.replica);
  const fs::path attempt = trial / RunFolder::attempt(row.job.id, row.attempt);
  std::error_code ignored;
  for (const char* name : {net::kWeightsName, net::kReferenceName})
    if (fs::exists(attempt / name, ignored)) move_to(attempt / name, trial / name);
  for (const fs::directory_entry& entry : fs::directory_iterator(trial, ignored)) {
    const fs::path name = entry.path().filename();
    if (name != net::kWeightsName && name != net::kReferenceName)
      fs::remove_all(entry.path(), ignored);
  }
}

void clean_search(const RunFolder& folder, const std::string& hash) {
  std::error_code ignored;  // a checkpoint that stays costs disk, not correctness
  const fs::path trial = folder.trial(hash, train::Phase::Search, 0);
  fs::remove_all(trial, ignored);
  fs::remove(trial.parent_path(), ignored);  // only when empty
}

}  // namespace atto::search
