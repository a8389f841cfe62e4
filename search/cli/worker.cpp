// atto worker DIR: works on a campaign's jobs; with LibTorch this is atto-trainer's part.
#include "search/running/worker.hpp"

#include <cstdlib>
#include <memory>

#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/worker_options.hpp"
#include "search/running/crew.hpp"
#include "trainer/fake_evaluator.hpp"

namespace atto::cli {
namespace {

struct WorkerCommandOptions {
  WorkerCommandLine line;
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

int worker_command(const WorkerCommandOptions& options) {
  search::die_with_parent(options.line.worker.parent);
  expect_kind(options.line.folder, "atto worker", {PathKind::Campaign});
  if (!options.is_fake)
    return search::run_program(search::find_trainer(), arguments_of(options.line));
  search::StopSignals signals;
  train::FakeEvaluator evaluator(fake_settings());
  const auto end = search::run_worker(evaluator, options.line.folder, options.line.worker, signals);
  return worker_exit(end, options.line.worker);
}

}  // namespace

void add_worker(CLI::App& app, Action& action) {
  auto options = std::make_shared<WorkerCommandOptions>();
  Command command = add_worker_subcommand(app, "Add a worker to a running campaign", options->line);
  command.flag("--fake", options->is_fake,
               "The fake evaluator, as in atto search --evaluator fake");
  command.footer("Example:  atto worker runs/attonet_b-s1");
  command.runs(action, [options] { return worker_command(*options); });
}

}  // namespace atto::cli
