#pragma once
// One tier's sequence of jobs: asks the strategy, shows it results in the order that the campaign
// promises, and replays both from the ledger after a restart.

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/campaign/judging.hpp"
#include "search/campaign/leaderboard.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/campaign/terms.hpp"
#include "search/running/faults.hpp"
#include "search/running/latency_gate.hpp"
#include "search/running/reuse.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::search {

/// What the coordinator's parts share.
struct CampaignRun {
  const Campaign& campaign;
  RunFolder folder;
  Ledger& ledger;
  ReuseSources& reuse;
  Faults& faults;
  LatencyGate& gate;
  std::function<void()> poll = [] {};  ///< StrategySetting::poll
};

/// So many designs in a row that are refused before training end a tier's search.
inline constexpr int kMostRefusals = 200;

/// The deterministic sequence: job k is proposed once the results of jobs up to k - window are in,
/// and sees those, in job order; it sees one more at a time only while the strategy has nothing to
/// propose. With `is_async` results are seen as they finish. Either way the ledger records how many
/// were seen. What people steer takes effect between two proposals, where the ledger says after how
/// many proposals and results. A design that is refused before it is trained takes a place in the
/// sequence, so that a replay refuses it there, but no place in the window.
class TierSearch {
 public:
  using Clock = std::chrono::steady_clock;
  /// Begins to replay what the ledger holds of the tier; `theta` is that of the tier above.
  TierSearch(const CampaignRun& run, int tier, std::vector<Extension> extensions,
             const gen::Theta& theta);
  ~TierSearch();

  /// Takes a result, in any order.
  void deliver(const JobRow& row);
  /// Replays, then proposes all that can be proposed now, until the time is over; measures at most
  /// one design. Returns whether it did anything. Throws EnvironmentError when the ledger's jobs
  /// are not what the strategy proposes (written by another version).
  bool advance(Clock::time_point end);
  /// Whether nothing more will be proposed and every result is in.
  bool is_finished() const { return is_finished_ && delivered_ == next_; }
  bool is_over_budget() const { return is_over_budget_; }
  /// Says why no more designs were tried; empty where all were.
  std::string shortage_text() const;
  std::int64_t next_position() const { return next_; }
  /// Results up to this finish order were part of the replay.
  std::int64_t replayed_until() const { return replayed_until_; }
  gen::Theta theta() const { return strategy_->theta(); }
  /// Returns what the strategy holds its designs to be worth.
  Beliefs beliefs() const;
  /// Records that the search of the tier is over: what is steered from now on waits for the next
  /// tier, or for more candidates.
  void close();
  /// Returns what took effect since the last call, for people.
  std::vector<SteerRow> take_applied() { return std::exchange(applied_, {}); }

 private:
  struct Replay;
  bool replay(Clock::time_point end);
  void replay(const JobRow& row);
  void apply_extensions();
  void take_requests();
  void apply_due();
  bool is_due() const;
  void apply_command();
  std::vector<std::uint64_t> designs_taken() const;
  void record_cycle();
  bool show_next();
  void show(const JobRow& row);
  bool show_needed();
  std::optional<Proposal> ask(Clock::time_point end);
  void add(Proposal proposal);
  void store(const Job& job, const DesignRow& design, const std::string& refusal);
  void take(const Job& job, bool is_refused, bool is_fresh);
  void note_refusal(const spec::Figures& figures);
  void forget_refusals();
  spec::Figures figures_of(const std::string& hash) const;
  std::string shortage() const;
  void release_checkpoints();

  const CampaignRun& run_;
  int tier_;
  std::vector<Extension> extensions_;
  Terms terms_;
  std::vector<std::unique_ptr<gen::FeasibleSpace>> spaces_;  ///< the newest is in force
  std::unique_ptr<Strategy> strategy_;
  std::unique_ptr<Replay> replay_;  ///< until it is over
  std::deque<SteerRow> due_;        ///< have a place in this tier that is not reached yet
  std::vector<SteerRow> applied_;
  std::vector<std::string> proposed_;  ///< designs, in the order of their first jobs
  std::int64_t recorded_cycles_ = 0;
  std::map<std::int64_t, JobRow> arrived_;  ///< not yet seen, by position (or by finish order)
  std::int64_t next_ = 0, seen_ = 0, delivered_ = 0, replayed_until_ = 0;
  std::int64_t refused_ = 0, seen_refused_ = 0;  ///< of the jobs before next_ and seen_
  int candidates_, refused_in_a_row_ = 0;
  spec::Figures least_refused_;                   ///< of those in a row, each by itself
  std::map<std::string, spec::Figures> figures_;  ///< by which designs were judged
  bool has_measured_ = false;                     ///< since advance() began
  double seen_cpu_seconds_ = 0;
  bool is_finished_ = false, is_over_budget_ = false;
};

}  // namespace atto::search
