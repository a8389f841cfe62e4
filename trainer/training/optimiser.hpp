#pragma once
// The arithmetic around a training step: schedule, and the update of all weights in one pass.

#include <cstdint>
#include <span>
#include <vector>

#include "design_specs/requirements/recipe.hpp"

namespace atto::train {

/// The learning rate of optimiser step `step` (from 0): linear warm-up, then a cosine down to the
/// end of the horizon, then constant.
double learning_rate_at(const spec::TrainingRecipe& recipe, std::int64_t step,
                        std::int64_t steps_per_epoch, int horizon_epochs);

/// Everything that moves while training.
struct OptimiserState {
  std::vector<float> weights, momentum, averaged;  ///< averaged: empty where recipe.ema = 0
};

/// Shortens gradients whose norm is over `most` to that; 0 = leaves all as they are.
void clip(std::span<float> gradients, double most);

/// One step of SGD with Nesterov momentum as torch.optim.SGD defines it (momentum buffer starts at
/// 0, no dampening), weight decay on [0, decayed), and the moving average. The average's decay is
/// at most (1 + step) / (10 + step), so that it forgets the initial weights.
void update(OptimiserState& state, std::span<const float> gradients, std::size_t decayed,
            const spec::TrainingRecipe& recipe, double learning_rate, std::int64_t step);

}  // namespace atto::train
