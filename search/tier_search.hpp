#pragma once
// One tier's sequence of jobs: asks the strategy, shows it results in the order that the campaign
// promises, and replays both from the ledger after a restart.

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "search/campaign.hpp"
#include "search/faults.hpp"
#include "search/judging.hpp"
#include "search/reuse.hpp"
#include "search/run_folder.hpp"
#include "search/strategy.hpp"

namespace atto::search {

/// What the coordinator's parts share.
struct CampaignRun {
  const Campaign& campaign;
  RunFolder folder;
  Ledger& ledger;
  ReuseSources& reuse;
  Faults& faults;
};

/// The deterministic sequence: job k is proposed once the results of jobs up to k - window are in,
/// and sees those, in job order; it sees one more at a time only while the strategy has nothing to
/// propose. With `is_async` results are seen as they finish. Either way the ledger records how many
/// were seen.
class TierSearch {
 public:
  /// Replays what the ledger holds of the tier. Throws EnvironmentError when the ledger's jobs are
  /// not what the strategy proposes (written by another version).
  TierSearch(const CampaignRun& run, int tier, std::vector<Extension> extensions,
             std::vector<std::uint64_t> taken);

  /// Takes a result, in any order.
  void deliver(const JobRow& row);
  /// Proposes all that can be proposed now; returns the number of jobs added.
  int advance();
  /// Whether nothing more will be proposed and every result is in.
  bool is_finished() const { return is_finished_ && delivered_ == next_; }
  bool is_over_budget() const { return is_over_budget_; }
  std::int64_t next_position() const { return next_; }
  /// Results up to this finish order were part of the replay.
  std::int64_t replayed_until() const { return replayed_until_; }

 private:
  void replay();
  void apply_extensions();
  bool show_next();
  void show(const JobRow& row);
  bool see_enough();
  std::optional<Proposal> ask();
  void add(Proposal proposal);
  void release_checkpoints();

  const CampaignRun& run_;
  int tier_;
  std::vector<Extension> extensions_;
  std::unique_ptr<gen::FeasibleSpace> space_;
  std::unique_ptr<Strategy> strategy_;
  std::map<std::int64_t, JobRow> arrived_;  ///< not yet seen, by position (or by finish order)
  std::int64_t next_ = 0, seen_ = 0, delivered_ = 0, replayed_until_ = 0;
  double seen_cpu_seconds_ = 0;
  bool is_finished_ = false, is_over_budget_ = false;
};

}  // namespace atto::search
