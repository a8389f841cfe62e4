#pragma once
// How good weights are on a split.

#include <cstdint>
#include <span>
#include <vector>

#include "design_specs/requirements/task_kind.hpp"
#include "trainer/backend/backend.hpp"
#include "trainer/data/batches.hpp"

namespace atto::train {

struct Quality {
  double loss = 0, top1 = 0, top5 = 0;
  bool is_finite = true;                ///< false where a logit is NaN or infinite
  std::vector<std::int32_t> predicted;  ///< class of every image; ties go to the lower

  spec::ScoreValues scores() const { return {{"top1", top1}, {"top5", top5}}; }
};

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

/// Ties in a logit count for the lower class, in both ranks.
Quality judge(Backend& backend, const TrainedWeights& trained, const Dataset& data,
              std::span<const std::int32_t> images, int batch, int threads);

}  // namespace atto::train
