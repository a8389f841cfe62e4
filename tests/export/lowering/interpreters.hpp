#pragma once
// Runs a network by its definition, before and after folding. Slow and obvious.

#include <cstdint>
#include <vector>

#include "export/lowering/fused_network.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"
#include "tests/export/lowering/naive_ops.hpp"

namespace atto::test {

/// Returns the tensor of every layer.
std::vector<Map> interpret(const net::Network& network, const net::TensorFile& weights,
                           const Map& image);
/// Returns the tensor of every node.
std::vector<Map> interpret(const deploy::FusedNetwork& network, const Map& image);

/// Weights that keep activations near one, with batch norms that do something.
net::TensorFile random_weights(const net::Network& network, std::uint64_t seed);
Map random_image(const net::Shape& shape, std::uint64_t seed);

/// Returns the largest difference relative to the largest value of `expected` (at least 1e-3).
double relative_error(const std::vector<float>& got, const std::vector<float>& expected);

}  // namespace atto::test
