#pragma once
// The IR and its weights as an ONNX graph, layer by layer and nothing folded, so that whoever runs
// it checks the lowering of the engine independently.

#include <cstdint>

#include "export/onnx/graph_builder.hpp"
#include "prototypes/network/costs.hpp"
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

std::map<std::string, std::string> describe(const std::string& name, const net::Costs& costs,
                                            std::uint64_t structure_hash,
                                            const net::TensorFile& weights);

/// Where a network stands that is a part of a model.
struct PartSite {
  std::string from;                  ///< the tensor that it reads, [n, channels, height, width]
  std::vector<std::string> outputs;  ///< those that are read
  std::string suffix = {};           ///< of its nodes' names, where it stands more than once
};
/// Writes what the outputs need, with the weights that nodes of the same layer share; returns their
/// tensors, which are [n, features] after dense layers. Precondition: the file has the weights.
std::vector<std::string> write_part(GraphBuilder& graph, const net::Network& network,
                                    const net::TensorFile& weights, const PartSite& site);

}  // namespace atto::deploy::onnx
