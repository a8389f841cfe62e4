// The table of tasks.
#include "design_specs/errors.hpp"
#include "trainer/training/classification.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {
namespace {

void expect_classification(const TrialRequest& request, const Dataset& data) {
  expect_classifier(request.network, data);
}

constexpr TaskRow kTasks[] = {{"classification", expect_classification, make_classification}};

}  // namespace

std::span<const TaskRow> task_rows() {
  return kTasks;
}

const TaskRow& find_task(std::string_view name) {
  for (const TaskRow& row : kTasks)
    if (row.name == name) return row;
  std::string known;
  for (const TaskRow& row : kTasks) known += (known.empty() ? "" : ", ") + std::string(row.name);
  throw EnvironmentError("task " + std::string(name) + ": this trainer knows " + known);
}

}  // namespace atto::train
