#include "trainer/torch/optimiser.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "design_specs/errors.hpp"

namespace atto::train {
namespace {

struct StepSizes {
  float rate, momentum, decay, keep;
};

/// No aliasing: four buffers of their own.
__attribute__((target_clones("avx512f", "avx2", "default"))) void update_range(
    float* __restrict weights, float* __restrict momentum, float* __restrict averaged,
    const float* __restrict gradients, std::size_t count, StepSizes size) {
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = gradients[i] + size.decay * weights[i];
    const float moved = size.momentum * momentum[i] + gradient;
    const float weight = weights[i] - size.rate * (gradient + size.momentum * moved);
    momentum[i] = moved;
    weights[i] = weight;
    averaged[i] = size.keep * averaged[i] + (1.0F - size.keep) * weight;
  }
}

}  // namespace

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

double learning_rate_at(const spec::TrainingRecipe& recipe, std::int64_t step,
                        std::int64_t steps_per_epoch, int horizon_epochs) {
  const double horizon = horizon_epochs * static_cast<double>(steps_per_epoch);
  const double warmup =
      std::min(recipe.warmup_epochs * static_cast<double>(steps_per_epoch), horizon / 3);
  const auto at = static_cast<double>(step);
  if (at + 1 < warmup) return recipe.learning_rate * (at + 1) / warmup;
  const double done = std::clamp((at - warmup) / std::max(1.0, horizon - warmup), 0.0, 1.0);
  return recipe.final_learning_rate +
         (recipe.learning_rate - recipe.final_learning_rate) * 0.5 * (1 + std::cos(M_PI * done));
}

void update(OptimiserState& state, std::span<const float> gradients, std::size_t decayed,
            const spec::TrainingRecipe& recipe, double learning_rate, std::int64_t step) {
  const auto count = static_cast<double>(step);
  const double keep = std::min(recipe.ema, (1 + count) / (10 + count));
  StepSizes size{static_cast<float>(learning_rate), static_cast<float>(recipe.momentum),
                 static_cast<float>(recipe.weight_decay), static_cast<float>(keep)};
  // Without averaging the average is written over a scratch copy of the momentum's length.
  std::vector<float> unused;
  if (state.averaged.empty()) unused.resize(state.weights.size());
  float* const averaged = state.averaged.empty() ? unused.data() : state.averaged.data();
  update_range(state.weights.data(), state.momentum.data(), averaged, gradients.data(), decayed,
               size);
  size.decay = 0;
  update_range(state.weights.data() + decayed, state.momentum.data() + decayed, averaged + decayed,
               gradients.data() + decayed, state.weights.size() - decayed, size);
}

}  // namespace atto::train
