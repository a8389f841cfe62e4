#pragma once
// Trained weights in use: their statistics, and what they say of images.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "trainer/backend/backend.hpp"
#include "trainer/data/batches.hpp"

namespace atto::train {

/// Weights that can be used for inference.
struct TrainedWeights {
  std::vector<float> weights, statistics;
};

/// Recomputes the running statistics of batch norm for given weights: the mean over whole batches
/// of un-augmented training images, at most 2,048 of them.
std::vector<float> recalibrated_statistics(Backend& backend, const ParameterLayout& layout,
                                           const std::vector<float>& weights, const Dataset& data,
                                           std::span<const std::int32_t> images, int batch,
                                           int threads);

/// Is given the outputs for some images, and which they are.
using OutputVisitor = std::function<void(const Maps&, std::span<const std::int32_t> images)>;
/// Shows what the trained network says of whole images, a batch at a time.
void infer_images(Backend& backend, const TrainedWeights& trained, const Dataset& data,
                  std::span<const std::int32_t> images, int batch, int threads,
                  const OutputVisitor& visit);

}  // namespace atto::train
