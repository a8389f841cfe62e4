#pragma once
// The process that runs a campaign: proposes jobs, keeps workers alive, collects results, ends with
// a leaderboard. It may die at any moment; a new one goes on from the ledger.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/campaign/leaderboard.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/running/crew.hpp"
#include "search/running/finals_watch.hpp"
#include "search/running/stop_signals.hpp"

namespace atto::search {

/// A finished job, for people.
struct TrialNote {
  std::int64_t done = 0, expected = 0;
  std::string tier;
  JobRow row;
  DesignRow design;
};

/// How far a campaign is.
struct StatusNote {
  std::int64_t done = 0, expected = 0;
  int running = 0, workers = 0;
  double cpu_seconds = 0;
  std::optional<double> eta_seconds;
  std::optional<double> best;      ///< validation, of the campaign's score
  std::optional<int> final_epoch;  ///< of the finalist in training that is least far
  int final_epochs = 0;
};

/// Hears what happens. All calls come from the coordinator's thread.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void trial(const TrialNote& note) = 0;
  virtual void epoch(const EpochNote& note) = 0;
  virtual void status(const StatusNote& note) = 0;
  virtual void message(const std::string& text) = 0;
};

struct CoordinatorOptions {
  std::filesystem::path folder;
  int workers = 1;
  WorkerCommand command;
  /// Makes what works elsewhere than on this machine; without it `workers` processes work here.
  std::function<std::unique_ptr<Workforce>(Ledger&)> make_workforce;
  std::vector<std::filesystem::path> warm_start;
  LatencyMeter* meter = nullptr;  ///< must be there where the spec asks for a latency
};

enum class CampaignEnd : std::uint8_t { Finished, Interrupted };

/// Runs a stored campaign to its end. Throws EnvironmentError: another coordinator runs it, workers
/// cannot work, the disk is full. `signals` must watch children.
CampaignEnd run_campaign(const CoordinatorOptions& options, Observer& observer,
                         StopSignals& signals);

/// The command of a campaign's workers.
WorkerCommand worker_command(const Campaign& campaign, const std::filesystem::path& folder);

}  // namespace atto::search
