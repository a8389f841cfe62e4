#pragma once
// A trained network as it lies on disk: weights, and the design beside them.

#include <filesystem>
#include <optional>
#include <string>

#include "prototypes/language/trained_model.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/training/evaluation.hpp"

namespace atto::cli {

struct TrainedNetwork {
  net::Network network;
  train::TrainedWeights trained;
  std::filesystem::path weights_file;
  std::string note;  ///< for people: the data set is not that of the training; else empty
};

/// What a person names: a folder with weights.safetensors and design.json, a campaign's run folder
/// (its winner), or a weights file.
struct TrainedSource {
  std::filesystem::path path, design;  ///< design: empty = design.json beside the weights
  std::string data;                    ///< empty = the data set that the weights were trained on
  bool needs_labels = true;            ///< the data set must have the network's classes
};

/// Reads both files and the data set they are for. Throws SpecError or EnvironmentError.
TrainedNetwork read_trained(const TrainedSource& source, train::Dataset& data);

/// The input of weights that do not say theirs: that of the data set that people name, unless its
/// pictures, with objects, come in any size.
std::optional<net::TaskInput> unsaid_input(const TrainedSource& source);
/// As read_trained, of files that were read. Of the source: its data set alone.
TrainedNetwork with_data(const net::TrainedModel& model, const TrainedSource& source,
                         train::Dataset& data);

}  // namespace atto::cli
