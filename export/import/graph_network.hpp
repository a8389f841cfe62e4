#pragma once
// A network of other people's, from ONNX operators to the IR: what computes the same in fewer words
// is brought to one form first.

#include <string>
#include <vector>

#include "export/onnx/graph.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy::import {

/// A classifier's graph. Layers are called after the nodes that made them.
struct GraphNetwork {
  net::Network network;
  net::TensorFile weights;         ///< exactly the network's
  std::vector<std::string> notes;  ///< what was left out, for people
};

/// Throws SpecError naming the file, the node and the rule for what the IR cannot express.
GraphNetwork read_network(const onnx::Graph& graph, const std::string& file);

}  // namespace atto::deploy::import
