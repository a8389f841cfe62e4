// atto-trainer worker DIR: trains a campaign's jobs.
#include "search/running/worker.hpp"

#include <memory>

#include "trainer/cli/commands.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {
namespace {

int worker_command(const WorkerCommandLine& line) {
  search::die_with_parent(line.worker.parent);
  search::StopSignals signals;
  train::TrainingEvaluator evaluator(
      {device_of(line.device), 1});  // each trial says how many threads
  const auto end = search::run_worker(evaluator, line.folder, line.worker, signals);
  return worker_exit(end, line.worker);
}

}  // namespace

void add_trainer_worker(CLI::App& app, Action& action) {
  auto line = std::make_shared<WorkerCommandLine>();
  Command command = add_worker_subcommand(app, "Train the jobs of a running campaign", *line);
  command.footer("Example:  atto worker runs/attonet_b-s1");
  command.runs(action, [line] { return worker_command(*line); });
}

}  // namespace atto::cli
