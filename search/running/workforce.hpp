#pragma once
// What a coordinator needs of its workers, wherever they run: processes of this machine, or jobs
// that a cluster starts.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace atto::search {

class StopSignals;

/// A worker that ended while it was wanted.
struct EndedWorker {
  std::string name;
  int exit_code = 0;                  ///< where it exited
  int signal = 0;                     ///< where it was killed
  std::optional<double> cpu_seconds;  ///< of its whole life, where known
  std::string last_message;           ///< last line on stderr
  std::string reason;                 ///< why it was killed, where somebody says so
  /// What ended it from outside, through no fault of its trial: "NODE_FAIL on n7". Else empty.
  std::string cause;
  /// Ends of one start on one host count once: a broken host takes many workers at a time.
  std::string start;
  bool is_new = true;  ///< ended so soon that it may never have worked

  std::string text() const;  ///< "killed by signal 9 (Killed)", "exit code 4: ..."
  /// Whether what it trained may have killed it. 4 and 130 gave their job back.
  bool is_fault_of_trial() const;
  /// It found that it cannot work, or that there is no such program.
  bool is_failed_start() const { return is_new && (exit_code == 4 || exit_code == 127); }
};

class Workforce {
 public:
  Workforce() = default;
  virtual ~Workforce() = default;
  Workforce(const Workforce&) = delete;
  Workforce& operator=(const Workforce&) = delete;

  /// Starts missing workers, `delay` after the last one ended at the earliest. Those that cost
  /// where they idle are no more than `open_jobs` says. Throws EnvironmentError where none can be
  /// started.
  virtual void fill(std::chrono::milliseconds delay, const std::function<int()>& open_jobs) = 0;
  /// Collects those that ended. Does not wait.
  virtual std::vector<EndedWorker> reap() = 0;
  virtual void signal_all(int number) = 0;
  /// Stops those that trust in being stopped, and waits until they stand; they stay alive and keep
  /// their leases. Others keep the ledger's pauses.
  virtual void freeze() = 0;
  virtual void thaw() = 0;
  /// Ends all with a signal and waits, not for ever; sooner when an interrupt arrives. Calls
  /// `when_ended` for each as it goes.
  virtual void end(int number, StopSignals& signals,
                   const std::function<void(const EndedWorker&)>& when_ended) = 0;
  virtual int running() const = 0;
  /// Workers whose ends reap() will tell: nobody else need look after them.
  virtual std::vector<std::string> names() const = 0;
  /// What people should know, since the last call.
  virtual std::vector<std::string> take_notes() { return {}; }
};

}  // namespace atto::search
