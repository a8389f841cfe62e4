#include "search/cli/task_input.hpp"

#include "trainer/data/datasets.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::cli {

namespace {

/// Pictures with objects come in any size: the prototype's is meant, or the task's.
FoundInput find_instances(const spec::Task& task, net::TaskInput input) {
  input.detector = task.detector;
  if (task.resolution) input.input.height = input.input.width = *task.resolution;
  try {
    const std::unique_ptr<train::InstanceSet> set =
        train::open_instance_set(task.dataset, task.base);
    const train::InstanceInfo& info = set->info();
    input.classes = static_cast<int>(info.categories.size());
    return {input, true, info.notes};
  } catch (const EnvironmentError&) {
    return {input, false, {}};
  }
}

}  // namespace

FoundInput find_task_input(const spec::DesignSpec& spec, const net::Prototype& prototype) {
  const spec::Task& task = spec.task;
  net::expect_subject(prototype, spec);
  if (task.kind.finds_objects()) return find_instances(task, prototype.written_input());
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
