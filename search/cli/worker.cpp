// atto worker DIR: works on a campaign's jobs; with LibTorch this is atto-trainer's part.
#include "search/worker.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "design_specs/errors.hpp"
#include "search/cli/commands.hpp"
#include "search/crew.hpp"
#include "trainer/fake_evaluator.hpp"

namespace atto::cli {
namespace {

struct Options {
  std::string folder, device = "auto";
  search::WorkerOptions worker;
  bool is_fake = false;
};

/// ATTO_FAKE_EPOCH_SECONDS makes fake epochs last, for tests that need time to pass.
train::FakeSettings fake_settings() {
  train::FakeSettings settings;
  if (const char* seconds = std::getenv("ATTO_FAKE_EPOCH_SECONDS"))
    settings.seconds_per_epoch = std::strtod(seconds, nullptr);
  if (std::getenv("ATTO_FAKE_NO_CHECKPOINTS")) settings.writes_checkpoints = false;
  return settings;
}

int worker_command(const Options& options) {
  if (!options.is_fake) {
    std::vector<std::string> arguments = {"worker", options.folder, "--device", options.device};
    if (!options.worker.name.empty())
      arguments.insert(arguments.end(), {"--name", options.worker.name});
    return search::run_program(search::find_trainer(), arguments);
  }
  search::die_with_parent(options.worker.parent);
  search::StopSignals signals;
  train::FakeEvaluator evaluator(fake_settings());
  return search::run_worker(evaluator, options.folder, options.worker, signals) ==
                 search::WorkerEnd::Interrupted
             ? 130
             : 0;
}

}  // namespace

void add_worker(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("worker", "Add a worker to a running campaign");
  command->add_option("folder", options->folder, "Run folder")->required();
  command->add_option("--device", options->device, "auto, cpu or cuda");
  command->add_option("--name", options->worker.name,
                      "Name in the ledger; default: host and process id");
  command->add_option("--parent", options->worker.parent,
                      "Process id of the coordinator that it dies with");
  command->add_option("--patience", options->worker.patience_seconds,
                      "Seconds without work before it leaves");
  command->add_flag("--fake", options->is_fake,
                    "The fake evaluator, as in atto search --evaluator fake");
  command->footer("Example:  atto worker runs/attonet_b-s1");
  command->callback(
      [options, &action] { action = [options] { return worker_command(*options); }; });
}

}  // namespace atto::cli
