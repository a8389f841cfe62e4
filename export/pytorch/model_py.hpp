#pragma once
// A network as a model.py that a person could have written, and its weights under the names of
// that file's state_dict.

#include <map>
#include <string>

#include "prototypes/language/trained_model.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy::pytorch {

/// Returns the text of the file. It imports torch and the standard library alone and reads its
/// weights from the .safetensors file beside it.
std::string model_py(const net::Network& network, const net::TrainingMetadata& metadata = {},
                     const std::map<std::string, std::string>& texts = {});

/// Returns, for each tensor of the network, what it is called in the state_dict of model_py().
/// They follow from the network alone.
std::map<std::string, std::string> state_names(const net::Network& network);

/// Returns the tensors under those names, and of the metadata what does not speak of the machine
/// that trained.
net::TensorFile state_dict(const net::Network& network, const net::TensorFile& weights);

}  // namespace atto::deploy::pytorch
