#pragma once
// The task of naming each image's class: cross-entropy, top-1 and top-5.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "trainer/training/task.hpp"

namespace atto::train {

std::unique_ptr<Task> make_classification(const TaskSetting& setting);

/// Throws SpecError unless the first output is [classes, 1, 1].
void expect_logits(const net::Network& network);
/// Also EnvironmentError for a data set of other images or classes, and SpecError for a softmax at
/// the end: the loss takes logits.
void expect_classifier(const net::Network& network, const Dataset& data);

struct Quality {
  double loss = 0, top1 = 0, top5 = 0;
  bool is_finite = true;                ///< false where a logit is NaN or infinite
  std::vector<std::int32_t> predicted;  ///< class of every image; ties go to the lower

  spec::ScoreValues scores() const { return {{"top1", top1}, {"top5", top5}}; }
};

/// Returns image by image whether it was given its class.
std::vector<std::uint8_t> right_of(const Dataset& data, std::span<const std::int32_t> images,
                                   const Quality& quality);

/// Ties in a logit count for the lower class, in both ranks.
Quality judge(Backend& backend, const TrainedWeights& trained, const Dataset& data,
              std::span<const std::int32_t> images, int batch, int threads);

/// Returns images as normalised float [N, C, H, W] under "inputs", LibTorch's logits [N, classes]
/// under "logits" and, where the data set has the network's classes, "labels" [N].
net::TensorFile classification_reference(const net::Network& network, const Dataset& data,
                                         std::span<const std::int32_t> images,
                                         const ParameterLayout& layout,
                                         const TrainedWeights& trained);

}  // namespace atto::train
