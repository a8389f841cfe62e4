#pragma once
// A command of Slurm's that runs beside this process, which goes on meanwhile: a controller that is
// slow or away must not make a campaign deaf.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "search/running/child_process.hpp"

namespace atto::search {

/// What a command said.
struct CommandEnd {
  int exit_code = 0;  ///< 128 + signal where it was killed
  bool is_too_late = false;
  std::string out, err;
  bool is_good() const { return exit_code == 0 && !is_too_late; }
  /// Why it failed, in its own words: the last line that it wrote on stderr.
  std::string why() const;
};

class SlurmCommand {
 public:
  /// Starts it with Slurm's settings of this process's environment, but not what would change the
  /// form of its answers. Throws EnvironmentError where there is no such program.
  SlurmCommand(const std::vector<std::string>& words, std::chrono::milliseconds limit);
  ~SlurmCommand();  ///< kills it
  SlurmCommand(const SlurmCommand&) = delete;
  SlurmCommand& operator=(const SlurmCommand&) = delete;

  /// Returns how it ended once it has; kills it when its time is over. Does not wait.
  std::optional<CommandEnd> poll();
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Descriptor out_, err_;
  int process_ = 0;
  std::chrono::steady_clock::time_point end_;
  bool is_too_late_ = false;
};

/// Runs a command to its end.
CommandEnd run_slurm(const std::vector<std::string>& words, std::chrono::milliseconds limit);

}  // namespace atto::search
