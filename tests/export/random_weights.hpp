#pragma once
// Weights and images for tests: random, but with the statistics of trained ones, so that signals
// neither vanish nor explode through the depth of a network.

#include <cstdint>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::test {

/// Returns all tensors of the network; the same seed gives the same weights.
net::TensorFile random_weights(const net::Network& network, std::uint64_t seed);

/// Returns one image [channels, height, width] of smooth random shapes, about mean 0 and deviation
/// 1.
std::vector<float> random_image(const net::Shape& shape, std::uint64_t seed);

/// Returns the largest |got - wanted| as a share of the largest |wanted|.
double relative_error(const std::vector<float>& got, const std::vector<float>& wanted);

}  // namespace atto::test
