#pragma once
// atto eval of a trained detector: COCO's table; and atto reference of one.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"
#include "trainer/cli/trained_network.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {

/// On what a trained detector is judged.
struct DetectorJudging {
  std::string data;   ///< empty = the set that it was trained on
  std::string split;  ///< "test" or "validation"
  train::Device device = train::Device::Cpu;
  int threads = 1;
};
/// What is in the pictures of a split, and what the detector finds in them.
struct JudgedPictures {
  train::DatasetInfo data;
  det::Annotations truth;
  std::vector<det::Detection> found;
};
/// Says on stderr where the data set is not that of the training. Throws SpecError,
/// EnvironmentError.
JudgedPictures judged_pictures(const net::TrainedModel& model, const DetectorJudging& how);

struct DetectorEval {
  TrainedSource source;
  std::string split;                     ///< "test" or "validation"
  std::filesystem::path results, truth;  ///< files of COCO that are written; empty = not
  train::DeviceChoice device = train::DeviceChoice::Auto;
  int threads = 1;
  bool is_json = false;
};

/// Prints what tell_judged() does; returns the exit code. Throws as above.
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
