#pragma once
// A quantised network as an ONNX graph in QDQ form: every tensor passes QuantizeLinear and
// DequantizeLinear, weights and biases are stored as int8 and int32 behind DequantizeLinear. A
// runtime with integer kernels fuses the pairs; any other computes the same in floats.

#include "export/lowering/quantisation.hpp"
#include "export/onnx/graph.hpp"

namespace atto::deploy::onnx {

/// Input and outputs as of network_graph(); nodes have the names of the fused nodes. Throws
/// InternalError when the quantisation does not belong to the network.
Graph quantised_graph(const FusedNetwork& network, const Quantisation& quantisation,
                      std::map<std::string, std::string> metadata);

}  // namespace atto::deploy::onnx
