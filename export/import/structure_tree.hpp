#pragma once
// A network as the language writes it: chains of operators, and bodies whose branches part and
// join. Made of the graph by where it parts and comes together.

#include <string>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::deploy::import {

struct Chain;

/// Layers that the language has one operator for, in their order; or a body.
struct Item {
  std::vector<int> layers;  ///< of a body: its join, then its activation, where there is one
  std::vector<Chain> branches;
  std::vector<int> slices;  ///< of a body that splits: by branch, the layer that takes its share
  bool is_body() const { return !branches.empty(); }
};
struct Chain {
  std::vector<Item> items;
};

/// Returns the whole network behind its input. Throws SpecError, in `file`, naming the layer where
/// branches do not nest.
Chain structure_tree(const net::Network& network, const std::string& file);

/// Returns the layers in the order in which the language makes them.
std::vector<int> layer_order(const Chain& chain);

}  // namespace atto::deploy::import
