#include "trainer/backend/loss.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "design_specs/errors.hpp"

namespace atto::train {

double cross_entropy(const float* logits, const std::int32_t* labels, int count, int classes,
                     double smoothing, float* gradient) {
  const double off = smoothing / classes, on = 1.0 - smoothing + off;
  double total = 0;
  for (int i = 0; i < count; ++i, logits += classes) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw InternalError("a label must be in [0, " + std::to_string(classes) + "); got " +
                          std::to_string(labels[i]));
    const float top = *std::max_element(logits, logits + classes);
    double sum = 0, plain = 0;
    for (int c = 0; c < classes; ++c) {
      sum += std::exp(static_cast<double>(logits[c] - top));
      plain += logits[c] - top;
    }
    const double log_sum = std::log(sum);
    total += log_sum - off * plain - (on - off) * (logits[labels[i]] - top);
    if (!gradient) continue;
    for (int c = 0; c < classes; ++c) {
      const double probability = std::exp(static_cast<double>(logits[c] - top)) / sum;
      *gradient++ = static_cast<float>((probability - (c == labels[i] ? on : off)) / count);
    }
  }
  return total;
}

PointLoss binary_cross_entropy(float logit, float share) {
  const double x = logit, tail = std::exp(-std::abs(x));
  const double probability = (x >= 0 ? 1 : tail) / (1 + tail);
  return {std::max(x, 0.0) - x * share + std::log1p(tail), probability - share};
}

PointLoss smooth_l1(float got, float wanted, double beta) {
  const double difference = double(got) - wanted, size = std::abs(difference);
  if (size < beta) return {difference * difference / (2 * beta), difference / beta};
  return {size - beta / 2, difference > 0 ? 1.0 : -1.0};
}

}  // namespace atto::train
