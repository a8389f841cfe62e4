#pragma once
// The subcommands of `atto-trainer`, in the manner of search/cli/commands.hpp.

#include "search/cli/commands.hpp"

namespace atto::cli {

void add_trainer_compare(CLI::App& app, Action& action);
void add_trainer_train(CLI::App& app, Action& action);
void add_trainer_eval(CLI::App& app, Action& action);
void add_trainer_probe(CLI::App& app, Action& action);
void add_trainer_reference(CLI::App& app, Action& action);
void add_trainer_worker(CLI::App& app, Action& action);

}  // namespace atto::cli
