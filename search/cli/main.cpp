// The `atto` command: one subcommand a file.
#include <CLI/CLI.hpp>

#include "search/cli/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app{"AttoForge designs compact neural networks together with you."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "atto " ATTO_VERSION);
  app.footer(
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
  for (Add add : kCommands) add(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return atto::cli::run_guarded(action);
}
