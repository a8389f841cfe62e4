// The `atto-trainer` command: the only executable that links LibTorch. `atto` starts it.
#include "search/cli/command_line.hpp"
#include "trainer/cli/commands.hpp"

int main(int argc, char** argv) {
  atto::cli::CommandLine line(
      "Trains and evaluates networks for AttoForge; `atto` starts it for you.",
      "atto-trainer " ATTO_VERSION, "");
  atto::cli::Action action;
  using Add = void (*)(CLI::App&, atto::cli::Action&);
  constexpr Add kCommands[] = {atto::cli::add_trainer_train, atto::cli::add_trainer_eval,
                               atto::cli::add_trainer_reference, atto::cli::add_trainer_worker};
  for (Add add : kCommands) add(line.app(), action);
  return line.run(argc, argv, action);
}
