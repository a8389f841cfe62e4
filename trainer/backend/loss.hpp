#pragma once
// What a step makes smaller, and its slopes.

#include <cstdint>

namespace atto::train {

/// Returns the summed cross-entropy of logits [count, classes] against labels with smoothing
/// (1 - s) one-hot + s / classes. Where `gradient` is given, writes that of the *mean* loss;
/// it may be the logits' own memory.
double cross_entropy(const float* logits, const std::int32_t* labels, int count, int classes,
                     double smoothing, float* gradient);

/// The loss of one number, and its slope.
struct PointLoss {
  double value = 0, slope = 0;
};

/// Of a logit against a share in [0, 1].
PointLoss binary_cross_entropy(float logit, float share);

/// Half the square of the difference / beta where that is below beta, else the difference less half
/// of beta. Source: Girshick, "Fast R-CNN" (ICCV 2015), equation 3, with detectron2's beta.
PointLoss smooth_l1(float got, float wanted, double beta);

}  // namespace atto::train
