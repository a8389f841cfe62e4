#pragma once
// Pictures of a data set of instances as batches that a detector is shown.

#include <cstdint>
#include <span>
#include <vector>

#include "design_specs/requirements/recipe.hpp"
#include "trainer/training/detector.hpp"

namespace atto::train {

/// Images of a pass, with what is in them.
struct Scenes {
  std::vector<float> pixels;
  std::vector<Scene> scenes;
  std::vector<std::uint64_t> seeds;  ///< of each image in this epoch
  /// Refers to what is here.
  StepImages step() const;
};

/// Reads pictures, `threads` at a time, and augments them; epoch 0 = whole pictures. A function of
/// its arguments. Throws EnvironmentError where a picture cannot be read.
Scenes read_scenes(const Dataset& data, std::span<const std::int32_t> images,
                   const spec::TrainingRecipe& recipe, std::uint64_t seed, int epoch, int threads);

}  // namespace atto::train
