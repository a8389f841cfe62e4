// The table of tasks.
#include "design_specs/errors.hpp"
#include "trainer/training/classification.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {
namespace {

constexpr TaskRow kTasks[] = {{"classification", expect_classifier, make_classification}};

}  // namespace

std::span<const TaskRow> task_rows() {
  return kTasks;
}

const TaskRow& find_task(std::string_view name) {
  for (const TaskRow& row : kTasks)
    if (row.name == name) return row;
  throw InternalError("no task can be trained that is called " + std::string(name));
}

}  // namespace atto::train
