#pragma once
// The fused network as a list of steps, before anything has a place in memory.

#include "export/format/model_file.hpp"
#include "export/lowering/fused_network.hpp"

namespace atto::deploy {

/// Returns steps, tensors without storages, outputs, and the packed weights.
format::ModelFile steps_of(const FusedNetwork& network);

}  // namespace atto::deploy
