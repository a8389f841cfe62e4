#pragma once
// How a spec's campaign searches and trains.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "design_specs/requirements/recipe.hpp"
#include "design_specs/requirements/strategy_settings.hpp"

namespace atto::spec {

/// How much of the ceilings a design has to use: a share of any one of them, or of each that is
/// named. 0 asks for nothing.
struct Band {
  Band(double share = 0) : any(share) {}  // implicit: a spec may write a single number

  double any;
  double params = 0, macs = 0, peak_activation_kib = 0, model_kib = 0;

  bool is_on() const { return *this != Band(0); }
  friend bool operator==(const Band&, const Band&) = default;
};

struct SearchSettings : StrategySettings {
  std::string strategy = "random_asha";
  int candidates = 32;
  std::vector<int> rungs = {1, 3};  ///< cumulative epochs, rising
  double promote = 1.0 / 3;         ///< share of a rung that goes on to the next
  int finalists = 1;
  std::optional<int> images;             ///< training images used in rungs; absent = all
  std::optional<int> validation_images;  ///< that rungs are judged on; absent = the whole split
  Location images_location, validation_images_location;
  int window = 4;   ///< proposal k sees results up to k - window
  Band band = 0.9;  ///< of the ceilings
  std::optional<double> budget_cpu_seconds;
  std::uint64_t seed = 1;
};

struct TrainingSettings {
  TrainingRecipe recipe;
  int final_threads = 1;  ///< CPU threads of a finalist; the recipe's where the spec is silent
  int final_epochs = 30;
  std::optional<int> final_images;  ///< training images of a finalist; absent = all
  Location final_images_location;
  int final_seeds = 3;

  /// The recipe of a finalist: the same, with its own number of threads.
  TrainingRecipe final_recipe() const {
    TrainingRecipe own = recipe;
    own.threads = final_threads;
    return own;
  }
};

}  // namespace atto::spec
