#pragma once
// Shape inference, and with it the check that a network is well-formed.

#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// Returns the output shape of every layer. Throws InternalError naming the layer and the rule when the
/// network is not well-formed (reader and generator make well-formed ones only): inputs out of order,
/// groups that do not divide, adds of different shapes, a stride below 1x1.
std::vector<Shape> infer_shapes(const Network& network);

/// Returns the first rule that the network breaks, as "LAYER: RULE", or "" when it is well-formed.
std::string malformed(const Network& network);

}  // namespace atto::net
