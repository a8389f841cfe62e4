#pragma once
// The identity of a resolved structure, without building its network: equal to
// net::structure_hash(net::realise(...)); a test holds them so.

#include "prototypes/language/layer_walk.hpp"

namespace atto::gen {

/// `layers` is the number of layers that the walk tells of (CostTally::layers()).
std::uint64_t fast_hash(const net::Structure& structure, std::span<const net::Shape> shapes,
                        std::size_t layers, net::WalkStorage& storage);

}  // namespace atto::gen
