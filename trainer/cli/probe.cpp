// atto-trainer probe: whether it can train on a device, before a campaign counts on that.
#include <memory>

#include "trainer/cli/commands.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {

void add_trainer_probe(CLI::App& app, Action& action) {
  auto device = std::make_shared<std::string>("auto");
  Command command(app, "probe", "Say whether this machine can train on a device");
  add_device_option(command, *device);
  command.footer("Example:  atto-trainer probe --device cuda");
  command.runs(action, [device] {
    const train::TrainingEvaluator evaluator({device_of(*device), 1});
    return 0;
  });
}

}  // namespace atto::cli
