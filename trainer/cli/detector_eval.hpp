#pragma once
// atto eval of a trained detector: COCO's table; and atto reference of one.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

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

struct DetectorReference {
  TrainedSource source;
  std::string split;          ///< of "train", pictures without what LibTorch finds in them
  std::filesystem::path out;  ///< empty: reference.safetensors beside the weights
  int threads = 1;
};

/// Writes the file, of the images that `images` chooses; returns its name. Throws as above.
std::filesystem::path refer_detector(
    const DetectorReference& what,
    const std::function<std::vector<std::int32_t>(const train::Dataset&)>& images);

}  // namespace atto::cli
