#pragma once
// atto eval of a trained detector: COCO's table.

#include <filesystem>
#include <string>

#include "trainer/cli/trained_network.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {

struct DetectorEval {
  TrainedSource source;
  std::string split;                     ///< "test" or "validation"
  std::filesystem::path results, truth;  ///< files of COCO that are written; empty = not
  train::DeviceChoice device = train::DeviceChoice::Auto;
  int threads = 1;
  bool is_json = false;
};

/// Prints what tell_judged() does; returns the exit code. Throws SpecError, EnvironmentError.
int eval_detector(const DetectorEval& what);

}  // namespace atto::cli
