// The `atto` command: one subcommand a file.
#include "search/cli/command_line.hpp"

int main(int argc, char** argv) {
  atto::cli::CommandLine line("AttoForge designs compact neural networks together with you.",
                              "atto " ATTO_VERSION,
                              "Start with:  atto check design_specs/quickstart.json\n"
                              "Help on one subcommand:  atto search --help");
  atto::cli::Action action;
  using Add = void (*)(CLI::App&, atto::cli::Action&);
  constexpr Add kCommands[] = {
      atto::cli::add_check,     atto::cli::add_inspect, atto::cli::add_reopen,
      atto::cli::add_search,    atto::cli::add_resume,  atto::cli::add_status,
      atto::cli::add_worker,    atto::cli::add_train,   atto::cli::add_eval,
      atto::cli::add_data,      atto::cli::add_report,  atto::cli::add_generate,
      atto::cli::add_steer,     atto::cli::add_explain, atto::cli::add_tabulate,
      atto::cli::add_calibrate, atto::cli::add_export,  atto::cli::add_bench,
      atto::cli::add_run};
  for (Add add : kCommands) add(line.app(), action);
  return line.run(argc, argv, action);
}
