#include "search/cli/task_input.hpp"

#include "trainer/data/datasets.hpp"

namespace atto::cli {

FoundInput find_task_input(const spec::DesignSpec& spec, const net::Prototype& prototype) {
  const spec::Task& task = spec.task;
  try {
    const train::DatasetInfo info = train::describe_dataset(task);
    train::check_image_counts(spec, info);
    return {{info.input(), info.classes}, true, info.notes};
  } catch (const EnvironmentError&) {
    net::TaskInput input = prototype.written_input();
    if (task.resolution) input.input.height = input.input.width = *task.resolution;
    return {input, false, {}};
  }
}

}  // namespace atto::cli
