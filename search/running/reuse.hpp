#pragma once
// Results that need no training because they exist: in this ledger (another tier) or in other ones
// whose data, recipe, seed and versions match.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/campaign/run_folder.hpp"

namespace atto::search {

/// Returns "here LINE, there LINE" of the first lines that differ, "" where none do.
std::string first_difference(const std::string& ours, const std::string& theirs);

struct Reused {
  Verdict verdict;
  std::vector<train::EpochRecord> epochs;
  net::ScoresByModule scores;
};

class ReuseSources {
 public:
  /// Opens the ledgers of `folders`. One that does not match is left out and named in `notes`, with
  /// the first difference.
  ReuseSources(const Campaign& campaign, const std::vector<std::filesystem::path>& folders);

  /// Finds the result of the same piece of training; `own` is this campaign's ledger. A finalist's
  /// weights are copied from the other run folder; without them it is not reused.
  std::optional<Reused> find(Ledger& own, const RunFolder& own_folder, const Job& job);
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Source {
    RunFolder folder;
    std::unique_ptr<Ledger> ledger;
    bool matches[2] = {false, false};  ///< by phase
  };
  std::vector<Source> sources_;
  std::vector<std::string> notes_;
};

}  // namespace atto::search
