#pragma once
// The subcommands of `atto`. Each adds itself to the application and, when it was called, leaves
// its work in `action`; main runs that inside run_guarded, which turns exceptions into messages and
// exit codes.

#include <functional>

namespace CLI {
class App;
}

namespace atto::cli {

/// What the chosen subcommand does; returns the exit code.
using Action = std::function<int()>;

void add_init(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_reopen(CLI::App& app, Action& action);
void add_generate(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_search(CLI::App& app, Action& action);
void add_resume(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_steer(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_worker(CLI::App& app, Action& action);
void add_ledger(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_train(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_reference(CLI::App& app, Action& action);
void add_calibrate(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_tabulate(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);

/// Runs the action; tells what it threw (search/cli/failure.hpp) and returns its exit code: 2
/// SpecError, 3 ModelError, 4 EnvironmentError, 70 our own bug.
int run_guarded(const Action& action, bool is_json = false);

}  // namespace atto::cli
