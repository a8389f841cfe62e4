#pragma once
// The IR and its weights as an ONNX graph, layer by layer and nothing folded, so that whoever runs
// it checks the lowering of the engine independently.

#include "export/onnx/graph.hpp"
#include "prototypes/network/network.hpp"

namespace atto::deploy::onnx {

/// Input [batch, channels, height, width] float32 as the network was trained on; outputs are named
/// as the network's, [batch, features] after dense layers, else [batch, channels, height, width].
/// Nodes and tensors have the names of layers, weights those of the safetensors file; metadata
/// holds that of `weights` (class names, normalisation), and params, macs and structure_hash.
/// Throws SpecError when the weights are not the network's.
Graph network_graph(const net::Network& network, const net::TensorFile& weights);

/// Returns what network_graph() puts into the metadata.
std::map<std::string, std::string> describe(const net::Network& network,
                                            const net::TensorFile& weights);

}  // namespace atto::deploy::onnx
