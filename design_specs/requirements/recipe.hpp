#pragma once
// How a candidate is trained. Every field has a key in a spec's "training" object; the defaults
// here are the recipe named "default".

#include <cstdint>
#include <string>
#include <string_view>

namespace atto::spec {

/// SGD with Nesterov momentum, cosine schedule with warm-up, per optimiser step.
struct TrainingRecipe {
  std::string name = "default";
  int batch = 128;
  double learning_rate = 0.2;        ///< peak, for `batch` images a step
  double warmup_epochs = 1.0;        ///< linear from 0; at most a third of the horizon is used
  double final_learning_rate = 0.0;  ///< where the cosine ends
  double momentum = 0.9;
  double weight_decay = 5e-4;    ///< on conv and dense weights only
  double label_smoothing = 0.1;  ///< in [0, 1)
  int crop_padding = 4;          ///< zero padding in pixels, then a random crop back; 0 = off
  bool flip = true;              ///< horizontal, probability 1/2
  int cutout = 0;                ///< side of a zeroed square in pixels; 0 = off
  double scale_jitter = 0;       ///< pictures with objects: scaled by 1 / (1 + j) to 1 + j
  double clip_norm = 0;          ///< gradients are shortened to this norm; 0 = off
  double ema = 0.995;            ///< decay a step of the averaged weights; 0 = off
  int threads = 1;               ///< CPU threads of one trial; part of its identity
  /// Epochs from one look at the validation images to the next, beside the last; a search looks
  /// after its rungs. Changes no weight.
  int judge_every = 1;
};

/// Of detectors: small batches, small steps, pictures in many sizes. Its name is "detection".
inline TrainingRecipe detection_recipe() {
  TrainingRecipe recipe;
  recipe.name = "detection";
  recipe.batch = 8;
  recipe.learning_rate = 0.02;
  recipe.weight_decay = 1e-4;
  recipe.label_smoothing = 0;
  recipe.crop_padding = 0;
  recipe.scale_jitter = 0.25;
  recipe.clip_norm = 5;
  recipe.ema = 0.99;
  return recipe;
}

/// One of kRecipes (keys.hpp).
inline TrainingRecipe recipe_named(std::string_view name) {
  return name == "detection" ? detection_recipe() : TrainingRecipe{};
}

}  // namespace atto::spec
