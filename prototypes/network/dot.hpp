#pragma once
// A picture of a network.

#include <string>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// Returns Graphviz text: one node a layer (name, operation with its attributes, output shape), one
/// edge for every input; outputs drawn with a double border.
std::string dot_text(const Network& network);

/// Returns "2" or "2x1".
std::string sides_text(const Sides& sides);

/// Returns an operation with its attributes in a word or two: "conv 3x3 /2 g8", "pool max 3x3 /2".
std::string op_text(const Op& op);

}  // namespace atto::net
