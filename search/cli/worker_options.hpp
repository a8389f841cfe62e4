#pragma once
// The command line that `atto worker` and `atto-trainer worker` share; the first hands it on to the
// second.

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "search/cli/command_line.hpp"
#include "search/cli/failure.hpp"
#include "search/running/worker.hpp"

namespace atto::cli {

inline void add_device_option(Command& command, std::string& device) {
  command.option("--device", device, "Where to train; auto: on a graphics card where there is one")
      .one_of({"auto", "cpu", "cuda"});
}

struct WorkerCommandLine {
  std::string folder, device = "auto";
  search::WorkerOptions worker;
};

/// Adds the subcommand "worker" with its options.
inline Command add_worker_subcommand(CLI::App& app, const char* summary, WorkerCommandLine& line) {
  Command command(app, "worker", summary);
  command.option("folder", line.folder, "Run folder").required();
  add_device_option(command, line.device);
  command.option("--name", line.worker.name, "Name in the ledger; default: host and process id");
  command.option("--parent", line.worker.parent, "Process id of the coordinator that it dies with");
  command
      .option("--patience", line.worker.patience_seconds, "Seconds without work before it leaves")
      .not_negative();
  command.flag("--own-cores", line.worker.has_own_cores,
               "Cores of a job of Slurm: any number of finalists may train");
  return command;
}

/// Returns the exit code; says to people, not to the log of a campaign's own worker, what became of
/// the work of one that was stopped.
inline int worker_exit(search::WorkerEnd end, const search::WorkerOptions& options) {
  if (end != search::WorkerEnd::Interrupted) return 0;
  if (options.parent != 0) return 130;
  return tell(interrupted("stopped; what it was training is taken up by other workers"), false);
}

/// The arguments that say the same to a child of this process. Where this process has a parent to
/// die with, it is the one that the child dies with.
inline std::vector<std::string> arguments_of(const WorkerCommandLine& line) {
  std::vector<std::string> arguments = {
      "worker",    line.folder,  "--device",
      line.device, "--patience", fmt::format("{}", line.worker.patience_seconds)};
  if (!line.worker.name.empty()) arguments.insert(arguments.end(), {"--name", line.worker.name});
  if (line.worker.has_own_cores) arguments.emplace_back("--own-cores");
  if (line.worker.parent != 0)
    arguments.insert(arguments.end(), {"--parent", std::to_string(::getpid())});
  return arguments;
}

}  // namespace atto::cli
