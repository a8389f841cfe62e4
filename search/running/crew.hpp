#pragma once
// The worker processes that a coordinator starts, watches and ends.

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace atto::search {

class StopSignals;

/// How a worker is started: program and arguments; "--name NAME --parent PID" is added.
struct WorkerCommand {
  std::filesystem::path program;
  std::vector<std::string> arguments;
};

/// One that ended.
struct EndedWorker {
  std::string name;
  int exit_code = 0;         ///< where it exited
  int signal = 0;            ///< where it was killed
  double cpu_seconds = 0;    ///< of its whole life
  std::string last_message;  ///< last line on stderr
  std::string text() const;  ///< "killed by signal 9 (Killed)", "exit code 4: ..."
};

/// Names of workers that a coordinator started begin so; they do not outlive it.
inline constexpr const char* kOwnPrefix = "own-";

class Crew {
 public:
  /// Starts nothing yet. Workers write to log_folder/NAME.log; the logs of those that end in peace
  /// go.
  Crew(WorkerCommand command, int size, std::filesystem::path log_folder);
  ~Crew();  ///< kills what still runs
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Starts missing workers, `delay` after the last one ended. Throws EnvironmentError when the
  /// program cannot be started.
  void fill(std::chrono::milliseconds delay);
  /// Collects those that ended.
  std::vector<EndedWorker> reap();
  void signal_all(int number);
  /// Stops all where they are, and waits until they stand; they stay alive and keep their leases.
  void freeze();
  void thaw();
  /// Ends all with a signal and waits; kills them after a minute, or when an interrupt arrives.
  /// Calls `when_ended` for each as it goes.
  void end(int number, StopSignals& signals,
           const std::function<void(const EndedWorker&)>& when_ended);
  bool is_empty() const { return members_.empty(); }
  int running() const { return static_cast<int>(members_.size()); }
  std::vector<std::string> names() const;

 private:
  struct Member {
    int process = 0;
    std::string name;
    std::filesystem::path log;
  };
  void start();

  WorkerCommand command_;
  int size_;
  std::filesystem::path log_folder_;
  std::vector<Member> members_;
  std::string prefix_;
  int started_ = 0;
  std::chrono::steady_clock::time_point last_end_;
};

/// Returns the folder of the running binary.
std::filesystem::path binary_folder();
/// Finds `atto-trainer` beside the binary or in ../libexec; throws EnvironmentError when it is
/// nowhere.
std::filesystem::path find_trainer();

/// Throws EnvironmentError, with its words, where atto-trainer cannot train on the device that is
/// insisted on, SpecError where ATTO_TRAIN_ISA is not here; asks only about that and "cuda".
void expect_device(const std::string& device);

/// Runs a program that trains with this process's terminal and signals and returns its exit code
/// (128 + signal when killed).
int run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments);

}  // namespace atto::search
