// The `atto` command: one subcommand a file.
#include "search/cli/command_line.hpp"

int main(int argc, char** argv) {
  namespace cli = atto::cli;
  cli::CommandLine line("AttoForge designs compact neural networks together with you.",
                        "atto " ATTO_VERSION,
                        "Start with:  atto init first\n"
                        "Help on one command:  atto help search");
  cli::Action action;
  line.add("Designs and specs",
           {cli::add_init, cli::add_check, cli::add_inspect, cli::add_generate, cli::add_reopen},
           action);
  line.add("Campaigns",
           {cli::add_search, cli::add_resume, cli::add_status, cli::add_steer, cli::add_explain,
            cli::add_report, cli::add_worker, cli::add_ledger},
           action);
  line.add("Trained models",
           {cli::add_train, cli::add_eval, cli::add_compare, cli::add_export, cli::add_import,
            cli::add_reference, cli::add_run, cli::add_bench},
           action);
  line.add("Data and studies", {cli::add_data, cli::add_calibrate, cli::add_tabulate}, action);
  return line.run(argc, argv, action);
}
