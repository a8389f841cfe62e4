#pragma once
// The worker processes that a coordinator starts, watches and ends.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "search/running/workforce.hpp"

namespace atto::search {

/// How a worker is started: program and arguments; "--name NAME --parent PID" is added.
struct WorkerCommand {
  std::filesystem::path program;
  std::vector<std::string> arguments;
};

/// Names of workers that a coordinator started begin so; they do not outlive it.
inline constexpr const char* kOwnPrefix = "own-";

class Crew final : public Workforce {
 public:
  /// Starts nothing yet. Workers write to log_folder/NAME.log; the logs of those that end in peace
  /// go.
  Crew(WorkerCommand command, int size, std::filesystem::path log_folder);
  ~Crew() override;  ///< kills what still runs

  void fill(std::chrono::milliseconds delay, const std::function<int()>& open_jobs = {}) override;
  std::vector<EndedWorker> reap() override;
  void signal_all(int number) override;
  /// Stops all where they are.
  void freeze() override;
  void thaw() override;
  /// Kills them after a minute, or when an interrupt arrives.
  void end(int number, StopSignals& signals,
           const std::function<void(const EndedWorker&)>& when_ended) override;
  int running() const override { return static_cast<int>(members_.size()); }
  std::vector<std::string> names() const override;

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

/// The thread settings of a program that trains, "NAME=VALUE". They must stand before exec, because
/// OpenBLAS and OpenMP read them when they are loaded. A trial sets its own number of OpenMP
/// threads.
std::vector<std::string> training_settings();
/// What a worker said last: the last line of its log that is not empty.
std::string last_line(const std::filesystem::path& log);

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
