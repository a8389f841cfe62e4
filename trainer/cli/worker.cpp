// atto-trainer worker DIR: trains a campaign's jobs.
#include "search/worker.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "trainer/cli/commands.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/torch/torch_evaluator.hpp"

namespace atto::cli {
namespace {

struct Options {
  std::string folder, device = "auto";
  search::WorkerOptions worker;
  int threads = 1;
};

int worker_command(const Options& options) {
  search::die_with_parent(options.worker.parent);
  search::StopSignals signals;
  train::TorchEvaluator evaluator({device_of(options.device), options.threads});
  const auto end = search::run_worker(evaluator, options.folder, options.worker, signals);
  return end == search::WorkerEnd::Interrupted ? 130 : 0;
}

}  // namespace

void add_trainer_worker(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("worker", "Train the jobs of a running campaign");
  command->add_option("folder", options->folder, "Run folder")->required();
  add_device_option(*command, options->device);
  command->add_option("--threads", options->threads, "Threads until a trial says otherwise")
      ->check(CLI::Range(1, 256));
  command->add_option("--name", options->worker.name,
                      "Name in the ledger; default: host and process id");
  command->add_option("--parent", options->worker.parent,
                      "Process id of the coordinator that it dies with");
  command->add_option("--patience", options->worker.patience_seconds,
                      "Seconds without work before it leaves");
  command->footer("Example:  atto-trainer worker runs/attonet_b-s1");
  command->callback(
      [options, &action] { action = [options] { return worker_command(*options); }; });
}

}  // namespace atto::cli
