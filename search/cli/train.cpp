// atto train, atto eval, atto compare and atto reference: handed to atto-trainer with the same
// arguments, because `atto` does not link LibTorch.
#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "search/cli/command_line.hpp"
#include "search/cli/failure.hpp"
#include "search/running/crew.hpp"

namespace atto::cli {
namespace {

/// Runs atto-trainer, and says what ended it where it could not say so itself: of its commands only
/// `train` hears an interrupt.
int run_trainer(const std::vector<std::string>& arguments) {
  const int code = search::run_program(search::find_trainer(), arguments);
  const bool is_json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  if (code < 128 || (code == 130 && arguments.front() == "train")) return code;
  if (code == 130) return tell(interrupted("interrupted"), is_json);
  return tell({code, "environment",
               fmt::format("atto-trainer was killed by signal {} ({})", code - 128,
                           ::strsignal(code - 128))},
              is_json);
}

void add_passed_on(CLI::App& app, Action& action, const char* name, const char* summary,
                   const char* example) {
  Command command(app, name, summary);
  command.pass_all_on();  // --help goes to atto-trainer, which knows the options
  command.footer(example);
  command.makes(action, [command, name]() -> Action {
    std::vector<std::string> arguments = {name};
    for (std::string& argument : command.remaining()) arguments.push_back(std::move(argument));
    return [arguments] { return run_trainer(arguments); };
  });
}

}  // namespace

void add_reference(CLI::App& app, Action& action) {
  add_passed_on(app, action, "reference", "Write LibTorch's logits on held-out images",
                "Example:  atto reference runs/quickstart-s1/winner");
}

void add_train(CLI::App& app, Action& action) {
  add_passed_on(app, action, "train", "Train one design in full, or a list of them",
                "Example:  atto train design.json --data fashion_mnist --epochs 30");
}

void add_compare(CLI::App& app, Action& action) {
  add_passed_on(app, action, "compare", "Say whether trained designs differ in accuracy",
                "Example:  atto compare runs/mine-s1 runs/mine-s2");
}

void add_eval(CLI::App& app, Action& action) {
  add_passed_on(app, action, "eval", "Evaluate trained weights",
                "Example:  atto eval runs/quickstart-s1/winner --data fashion_mnist");
}

}  // namespace atto::cli
