// The `atto-trainer` command: the only executable that links LibTorch. `atto` starts it.
#include <CLI/CLI.hpp>

#include "trainer/cli/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Trains and evaluates networks for AttoForge; `atto` starts it for you."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "atto-trainer " ATTO_VERSION);
  atto::cli::Action action;
  using Add = void (*)(CLI::App&, atto::cli::Action&);
  constexpr Add kCommands[] = {atto::cli::add_trainer_train, atto::cli::add_trainer_eval,
                               atto::cli::add_trainer_reference, atto::cli::add_trainer_worker};
  for (Add add : kCommands) add(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return atto::cli::run_guarded(action);
}
