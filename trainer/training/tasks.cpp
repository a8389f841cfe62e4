// The table of tasks.
#include "design_specs/errors.hpp"
#include "trainer/training/classification.hpp"
#include "trainer/training/detection.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {
namespace {

void expect_classification(const TrialRequest& request, const Dataset& data) {
  expect_classifier(request.network, data);
}

void expect_detection(const TrialRequest& request, const Dataset& data) {
  if (!request.detector)
    throw EnvironmentError("the network " + request.network.name + " is no detector");
  expect_detector(*request.detector, data);
}

constexpr TaskRow kTasks[] = {{"classification", expect_classification, make_classification},
                              {"detection", expect_detection, make_detection},
                              {"instance_segmentation", expect_detection, make_detection}};

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
