#pragma once
// Weights that were trained on in PyTorch, back under the names of their design.

#include <filesystem>

#include "prototypes/language/trained_model.hpp"

namespace atto::deploy::pytorch {

/// Reads a safetensors file whose tensors are called as in model_py()'s state_dict, or as ours,
/// maybe behind "module." (DataParallel) or "_orig_mod." (torch.compile). Halves are widened,
/// num_batches_tracked is passed over. What it does not say of classes it says by its classifier;
/// of the rest, the weights beside the design say it, where there are any. Throws SpecError with
/// every tensor that is missing, strange or of a wrong shape; for a pickle, how to convert it;
/// EnvironmentError.
net::TrainedModel import_weights(const std::filesystem::path& file,
                                 const std::filesystem::path& design);

/// Writes design.json and weights.safetensors into a folder (made where it is missing). Throws
/// SpecError where weights lie there already, EnvironmentError.
void write_trained_model(const net::TrainedModel& model, const std::filesystem::path& folder);

}  // namespace atto::deploy::pytorch
