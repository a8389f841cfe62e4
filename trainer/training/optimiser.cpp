#include "trainer/training/optimiser.hpp"

#include <algorithm>
#include <cmath>

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

void clip(std::span<float> gradients, double most) {
  if (most <= 0) return;
  double squares = 0;
  for (const float g : gradients) squares += double(g) * g;
  const double norm = std::sqrt(squares);
  if (!(norm > most)) return;
  const auto share = static_cast<float>(most / norm);
  for (float& g : gradients) g *= share;
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
