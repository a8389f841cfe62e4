// The `atto-trainer` command: the only executable that links LibTorch. `atto` starts it.
#include "search/cli/command_line.hpp"
#include "trainer/cli/commands.hpp"

int main(int argc, char** argv) {
  namespace cli = atto::cli;
  cli::CommandLine line("Trains and evaluates networks for AttoForge; `atto` starts it for you.",
                        "atto-trainer " ATTO_VERSION, "Help on one command:  atto help train");
  cli::Action action;
  line.add("Commands",
           {cli::add_trainer_train, cli::add_trainer_eval, cli::add_trainer_compare,
            cli::add_trainer_reference, cli::add_trainer_worker, cli::add_trainer_probe},
           action);
  return line.run(argc, argv, action);
}
