#pragma once
// The file that lists trainings.

#include <filesystem>
#include <string>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "trainer/cli/training.hpp"

namespace atto::cli {

/// One training of a list: a design with a seed.
struct ListedTraining {
  std::filesystem::path design;
  std::string name;  ///< NAME-sSEED: of its folder, and of its file among the results
  TrainingOrder order;
};

struct TrainingList {
  std::string name;               ///< the file's, without its ending
  std::filesystem::path results;  ///< where a file for each finished training goes; empty = nowhere
  std::vector<ListedTraining> trainings;  ///< first seeds first
};

/// Reads a list; its paths are relative to the file that it is named after. Throws SpecError with
/// every problem.
TrainingList read_training_list(const spec::Document& document);

}  // namespace atto::cli
