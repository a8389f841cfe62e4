#pragma once
// What a step makes smaller, and its slopes.

#include <cstdint>

namespace atto::train {

/// Returns the summed cross-entropy of logits [count, classes] against labels with smoothing
/// (1 - s) one-hot + s / classes. Where `gradient` is given, writes that of the *mean* loss;
/// it may be the logits' own memory.
double cross_entropy(const float* logits, const std::int32_t* labels, int count, int classes,
                     double smoothing, float* gradient);

}  // namespace atto::train
