#pragma once
// The nodes that one operation of the IR becomes, for every operation but those with weights.

#include <string>
#include <vector>

#include "export/onnx/graph_builder.hpp"
#include "prototypes/network/network.hpp"

namespace atto::deploy::onnx {

/// One layer that is to be written.
struct LayerSite {
  std::string name;                 ///< of the layer
  std::vector<std::string> inputs;  ///< tensors
  std::vector<net::Shape> from;     ///< their shapes
  net::Shape out;
  std::string claimed;  ///< the output's name where it is a result of the model, else empty
};

std::string add_activation(GraphBuilder& graph, const LayerSite& site, net::Activation kind);
/// Add (two inputs) or Sum.
std::string add_sum(GraphBuilder& graph, const LayerSite& site);
std::string add_slice(GraphBuilder& graph, const LayerSite& site, const net::Slice& op);
/// Reshape to [groups, n], transpose, reshape back.
std::string add_shuffle(GraphBuilder& graph, const LayerSite& site, const net::Shuffle& op);
/// Pads the end of an even kernel's map explicitly: ceil_mode is read differently by runtimes.
std::string add_pool(GraphBuilder& graph, const LayerSite& site, const net::Pool& op);
/// AveragePool where the sides divide; else one product with a matrix of shares for each side.
std::string add_pool_to(GraphBuilder& graph, const LayerSite& site);
std::string add_upsample(GraphBuilder& graph, const LayerSite& site, const net::Upsample& op);

}  // namespace atto::deploy::onnx
