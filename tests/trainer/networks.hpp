#pragma once
// Networks built by hand for the trainer's tests and benchmark.

#include <cstdint>
#include <string>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::test {

/// Adds layers one by one; each call returns the new layer's index.
class NetworkBuilder {
 public:
  NetworkBuilder(net::Shape input, int classes);
  int add(net::Op op, std::vector<int> inputs);
  /// Convolution, batch norm and activation.
  int unit(int from, int channels, int kernel, int stride, int groups,
           net::Activation activation = net::Activation::Relu);
  /// Depthwise then pointwise unit.
  int separable(int from, int channels_in, int channels, int stride, int kernel = 3);
  /// Global average pool and dense; returns the finished network.
  net::Network finish(int from);
  net::Network network;
};

/// About 10 thousand parameters: stem, two separable units, head.
net::Network small_network(net::Shape input, int classes);

/// Two separable modules behind a stem.
net::Network network_of_modules(net::Shape input, int classes);

/// `width` channels throughout: 3x3 stem, then `blocks` separable units, the third of each three at
/// stride 2.
net::Network separable_network(net::Shape input, int classes, int width, int blocks);

/// Normal values of deviation 1, a function of the seed.
std::vector<float> random_floats(std::size_t count, std::uint64_t seed);

/// Uses every operation and activation over many seeds; shapes stay small.
net::Network random_network(std::uint64_t seed, net::Shape input, int classes);

}  // namespace atto::test
