#pragma once
// Workers that Slurm starts: keeps their number up, and tells how they ended. Slurm starts and
// kills, the ledger fences: whatever Slurm believes of a worker, no job is done twice.

#include <chrono>
#include <map>
#include <memory>

#include "search/running/workforce.hpp"
#include "search/slurm/command.hpp"
#include "search/slurm/job_script.hpp"
#include "search/slurm/queue.hpp"

namespace atto::search {

/// How often Slurm is asked for what.
struct SlurmPace {
  std::chrono::milliseconds look{15000};            ///< between two squeues
  std::chrono::milliseconds submit{5000};           ///< between two sbatchs
  std::chrono::milliseconds longest_pause{300000};  ///< after failures, which double a pause
  std::chrono::milliseconds limit{20000};           ///< for an answer
};

class SlurmWorkforce final : public Workforce {
 public:
  /// Starts nothing yet; workers of an earlier coordinator of the campaign are its own. Calls
  /// `when_counted` with what Slurm has of the campaign.
  SlurmWorkforce(SlurmJob job, SlurmPace pace = {},
                 std::function<void(const QueueCounts&)> when_counted = {});
  ~SlurmWorkforce() override;  ///< cancels what is left

  /// Throws EnvironmentError where Slurm's commands are missing, or it takes no worker at all.
  void fill(std::chrono::milliseconds delay, const std::function<int()>& open_jobs) override;
  std::vector<EndedWorker> reap() override;
  /// Listens to SIGKILL alone: end() is to be quick. Slurm ends workers its own way.
  void signal_all(int number) override;
  /// Workers of other machines disturb no measurement here; they keep the ledger's pauses all the
  /// same.
  void freeze() override {}
  void thaw() override {}
  /// Cancels all, waiting ones first; asks Slurm for a minute whether they are gone.
  void end(int number, StopSignals& signals,
           const std::function<void(const EndedWorker&)>& when_ended) override;
  int running() const override;
  std::vector<std::string> names() const override;
  std::vector<std::string> take_notes() override;

 private:
  using Clock = std::chrono::steady_clock;
  using Tasks = std::map<std::string, SlurmTask>;  ///< by the worker's name

  void turn();
  void start(std::vector<std::string> words);
  void take(const CommandEnd& end);
  void take_queue(const CommandEnd& end);
  void take_submission(const CommandEnd& end);
  void note_end(const std::string& name, const SlurmTask& task);
  void note_away(const std::string& why);
  void set_pause(bool is_longer);
  void cancel(bool at_once);
  int wanted() const;
  int present() const;

  SlurmJob job_;
  SlurmPace pace_;
  std::function<void(const QueueCounts&)> when_counted_;
  std::unique_ptr<SlurmCommand> command_;  ///< one at a time
  int submitted_ = 0;                      ///< by the sbatch that runs
  int batch_limit_;
  Tasks tasks_;  ///< that wait, run or end
  std::vector<EndedWorker> ended_;
  std::vector<std::string> notes_;
  std::string last_complaint_;
  Clock::time_point next_look_{}, next_submit_{};
  std::chrono::milliseconds pause_{0}, look_pause_;
  int refusals_ = 0;  ///< of sbatch in a row
  bool is_known_ = false, has_seen_any_ = false, is_away_ = false, is_hurried_ = false;
  bool has_failed_start_ = false;
};

}  // namespace atto::search
