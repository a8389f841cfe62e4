#pragma once
// Looks after the workers of a campaign or a table: takes back the jobs of those that are gone,
// starts others in their place, and gives up where none can work.

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "search/campaign/run_folder.hpp"
#include "search/ledger/ledger.hpp"
#include "search/running/workforce.hpp"

namespace atto::search {

class CrewWatch {
 public:
  /// All must outlive it; `tell` is told what happens, for people. `room_patience`: how long a full
  /// disk that is shared with others is waited for.
  CrewWatch(Workforce& crew, Ledger& ledger, RunFolder folder,
            std::function<void(const std::string&)> tell,
            std::chrono::milliseconds room_patience = std::chrono::minutes(10))
      : crew_(crew),
        ledger_(ledger),
        folder_(std::move(folder)),
        tell_(std::move(tell)),
        room_patience_(room_patience) {}

  /// Takes back the jobs of an earlier coordinator's workers, which died with it, through no fault
  /// of their trials.
  void begin();
  /// Takes back jobs of workers that ended, and of others that are gone. Throws EnvironmentError
  /// after many in a row that ended without a finished job.
  void look();
  /// Starts missing workers, the later the more of them died in a row.
  void fill();
  /// A worker has finished a job.
  void note_success() {
    deaths_in_a_row_.clear();
    failed_starts_.clear();
    full_since_.reset();
  }
  /// Ends all with a signal, as Workforce::end(), and takes back their jobs.
  void end(int number, StopSignals& signals);

 private:
  using Clock = std::chrono::steady_clock;
  void note_end(const EndedWorker& ended);
  bool takes_workers_down(const std::string& worker);
  void release_lost();
  std::string last_message(const EndedWorker& ended) const;
  bool has_room() const;
  bool note_full_disk(const EndedWorker& ended);
  bool waits_for_room();

  Workforce& crew_;
  Ledger& ledger_;
  RunFolder folder_;
  std::function<void(const std::string&)> tell_;
  std::set<std::string> told_, deaths_in_a_row_, failed_starts_;
  const std::chrono::milliseconds room_patience_;
  std::optional<Clock::time_point> full_since_;
  Clock::time_point next_look_{}, last_look_ = Clock::now(), next_try_{};
};

}  // namespace atto::search
