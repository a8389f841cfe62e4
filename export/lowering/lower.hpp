#pragma once
// From the fused network to a runtime program with packed weights and a memory plan, and from there
// to a .atto file.

#include <filesystem>
#include <string>
#include <vector>

#include "export/format/model_file.hpp"
#include "export/lowering/fused_network.hpp"
#include "export/lowering/quantisation.hpp"

namespace atto::deploy {

/// What a model's numbers mean to people; goes into the file as it is.
struct Meaning {
  std::vector<std::string> classes;  ///< names, or empty
  /// The network sees (pixel / 255 - mean[c]) / deviation[c]; empty = pixel / 255.
  std::vector<float> mean, deviation;
  std::string producer;
};

struct LoweringOptions {
  Precision precision = Precision::F32;
  /// Needed for Precision::I8, else null. Belongs to this network.
  const Quantisation* quantisation = nullptr;
};

/// Lowers a network. Throws InternalError when the quantisation does not fit the network,
/// SpecError for a network that this precision cannot express (the rule says which layer).
format::ModelFile lower(const FusedNetwork& network, const Meaning& meaning,
                        const LoweringOptions& options = {});

/// lower(), encode() and an atomic write. Throws EnvironmentError too.
void write_model(const std::filesystem::path& file, const FusedNetwork& network,
                 const Meaning& meaning, const LoweringOptions& options = {});

}  // namespace atto::deploy
