#pragma once
// A list of trainings: one after the other, those that are finished passed over, those that were
// begun continued.

#include <filesystem>
#include <optional>
#include <string>

#include "design_specs/reading/json.hpp"
#include "search/running/stop_signals.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {

struct ListOptions {
  std::filesystem::path out;  ///< folder for the trainings' folders; empty: runs/NAME of the list
  std::string data;           ///< in place of the list's data set; empty = that one
  train::DeviceChoice device = train::DeviceChoice::Auto;
  std::optional<int> threads;
  bool dry_run = false, json = false;
};

/// Returns the exit code: 0 all trained (or told), 1 some diverged or failed, 130 interrupted.
/// Throws SpecError with the list's problems.
int train_list(const spec::Document& list, const ListOptions& options,
               search::StopSignals& signals);

}  // namespace atto::cli
