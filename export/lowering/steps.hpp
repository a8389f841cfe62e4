#pragma once
// The fused network as a list of steps, before anything has a place in memory.

#include "export/format/model_file.hpp"
#include "export/lowering/fused_network.hpp"
#include "export/lowering/lower.hpp"

namespace atto::deploy {

/// Returns steps, tensors without storages, outputs, and the packed weights; in int8 where there is
/// a quantisation, which must be the network's.
format::ModelFile steps_of(const FusedNetwork& network, const LoweringOptions& options);

}  // namespace atto::deploy
