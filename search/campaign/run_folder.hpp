#pragma once
// The layout of a run folder:
//
//   the ledger                  (search/ledger/open_ledger.hpp) all else can be made again from it,
//                               but weights and checkpoints
//   spec.json, prototype.json   as they were when the campaign started
//   designs/HASH.json           every design evaluated
//   trials/HASH/PHASE/          finalists' weights (PHASE: search, final0, final1, ...)
//   trials/HASH/PHASE/JOB.N/    what the N-th attempt at a job wrote: checkpoints while needed
//   winner/, winner-TIER/       a finalist's files; the latter in families
//   logs/                       what workers wrote on stderr

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"

namespace atto::search {

struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path spec() const { return path / "spec.json"; }
  std::filesystem::path prototype() const { return path / "prototype.json"; }
  /// What calibrate found of scores that need no training; only where it ran.
  std::filesystem::path calibration() const { return path / "calibration.json"; }
  std::filesystem::path design(const std::string& hash) const {
    return path / "designs" / (hash + ".json");
  }
  std::filesystem::path trial(const std::string& hash, train::Phase phase, int replica) const;
  /// The folder of an attempt, below the trial's. Nobody else writes to it.
  static std::string attempt(std::int64_t job, std::int64_t number);
  std::filesystem::path logs() const { return path / "logs"; }
  std::filesystem::path winner(const std::string& tier) const {
    return path / (tier.empty() ? "winner" : "winner-" + tier);
  }
};

/// Makes the folders, the copies of the spec and the prototype, and last the ledger with the
/// campaign and the designs of people in it (in the database of a URL where one is given): a folder
/// without a ledger can be started again. Throws EnvironmentError: holds a campaign already, no
/// permission, no room, or no ledger can be kept there. What `more` writes is in the ledger from
/// the start.
void make_run_folder(const RunFolder& folder, const Campaign& campaign,
                     const std::vector<DesignRow>& included = {},
                     const std::string& ledger_url = "",
                     const std::function<void(Ledger&)>& more = {});

/// Removes from a trial's folder what attempts before this one wrote.
void remove_earlier_attempts(const std::filesystem::path& trial, std::int64_t job,
                             std::int64_t number);

/// Returns runs/NAME-sSEED, or the first runs/NAME-sSEED-N that does not exist.
std::filesystem::path default_run_folder(const Campaign& campaign);

/// Writes a design's file unless it is there.
void write_design_file(const RunFolder& folder, const Campaign& campaign, const DesignRow& design);

}  // namespace atto::search
