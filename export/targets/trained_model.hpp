#pragma once
// A trained network as it lies on disk: weights, and the design beside them.

#include <filesystem>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy {

inline constexpr const char* kWeightsName = "weights.safetensors";
inline constexpr const char* kReferenceName = "reference.safetensors";
inline constexpr const char* kCalibrationName = "calibration.safetensors";

struct TrainedModel {
  net::Network network;     ///< at the input size and classes that it was trained for
  net::TensorFile weights;  ///< exactly the network's
  std::filesystem::path weights_file, design_file;

  std::filesystem::path folder() const { return weights_file.parent_path(); }
};

/// Reads what a person names: a folder with weights.safetensors and design.json, a campaign's run
/// folder (its winner is meant), or a weights file. `design`: empty = design.json beside the
/// weights. Throws SpecError, EnvironmentError.
TrainedModel read_trained_model(const std::filesystem::path& source,
                                const std::filesystem::path& design = {});

}  // namespace atto::deploy
