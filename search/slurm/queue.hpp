#pragma once
// What squeue says of a campaign's workers, read strictly.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atto::search {

/// One worker as Slurm knows it. Those that ended stay in its list for some minutes.
struct SlurmTask {
  std::string array, task;  ///< "1234", "7"
  std::string restarts;     ///< how often it was requeued: "0"
  std::string state;        ///< "PENDING", "RUNNING", "NODE_FAIL", ...
  std::string reason;       ///< why it waits or failed: "Priority"
  std::string host;         ///< empty while it waits
  int exit_code = 0, signal = 0;
  long seconds = 0;  ///< that it has run

  std::string id() const { return array + "_" + task; }
  bool is_waiting() const;
  bool is_over() const;
};

/// The words that ask for all jobs of this name and this user.
std::vector<std::string> queue_words(const std::string& name);
/// Reads the answer; nothing where it is not in the form that was asked for.
std::optional<std::vector<SlurmTask>> read_queue(std::string_view text);

/// "12 running, 4 waiting (Priority)".
struct QueueCounts {
  int running = 0, waiting = 0;
  std::string reason;  ///< of most that wait
};
QueueCounts count_tasks(const std::vector<SlurmTask>& tasks);

}  // namespace atto::search
