#pragma once
// Networks that the tests of lowering and runtime share, and models made of them.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "export/lowering/lower.hpp"
#include "export/runtime/engine.hpp"
#include "export/runtime/model.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::test {

struct NamedNetwork {
  std::string name;
  net::Network network;
};

/// Every prototype that ships (a random design of it where it has holes), at most `side` pixels
/// wide and high.
std::vector<NamedNetwork> shipped_networks(int side);

/// `count` designs of a requirements file in design_specs/, at their own resolution.
std::vector<NamedNetwork> generated_networks(const std::string& spec, std::size_t count);

/// A network that is written down layer by layer.
struct Sketch {
  net::Network network;
  explicit Sketch(net::Shape input);
  int add(net::Op op, std::vector<int> inputs);
  net::Network ending(int layer);
};

/// Concat, shuffle and slice of tensors that fill no whole blocks, read by all kinds of layers.
net::Network moved_channels();

/// A model in memory of its own.
struct LoadedModel {
  std::shared_ptr<std::byte> bytes;
  std::size_t size = 0;
  edge::Model model;
};
LoadedModel load(const net::Network& network, const net::TensorFile& weights);
LoadedModel load(const deploy::FusedNetwork& network, const deploy::LoweringOptions& options);

/// Options of an engine whose parts run one after the other, backwards, as a caller's threads
/// might.
edge::EngineOptions backwards(edge::Level level, int threads);

}  // namespace atto::test
