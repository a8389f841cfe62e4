// Which tensors are in strips.
#include "export/lowering/strips.hpp"

#include <catch2/catch.hpp>

#include "export/format/program_rules.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::deploy {
namespace {

using net::Conv;
using test::Sketch;

format::Program lowered(const net::Network& network) {
  return lower(fuse(network, test::random_weights(network, 1)), {}).program;
}

/// The lengths of the chains, in order.
std::vector<std::size_t> chains(const net::Network& network) {
  std::vector<std::size_t> lengths;
  for (const format::Chain& chain : format::chains_of(lowered(network)))
    lengths.push_back(chain.last - chain.first + 1);
  return lengths;
}

using Lengths = std::vector<std::size_t>;

}  // namespace

TEST_CASE("depthwise and 1x1 run together, unless somebody else reads what lies between") {
  Sketch sketch({32, 8, 8});
  const int first = sketch.add(net::Activate{net::Activation::Tanh}, {0});
  const int depthwise = sketch.add(Conv{32, 3, 1, 32, 1, true}, {first});
  const int pointwise = sketch.add(Conv{32, 1}, {depthwise});
  SECTION("together") {
    CHECK(chains(sketch.ending(pointwise)) == Lengths{1, 1, 2});
  }
  SECTION("read twice") {
    CHECK(chains(sketch.ending(sketch.add(net::Add{}, {pointwise, depthwise}))) ==
          Lengths{1, 1, 1, 1});
  }
  SECTION("an output of the network") {
    sketch.network.outputs = {{"a", depthwise}, {"b", pointwise}};
    CHECK(chains(sketch.network) == Lengths{1, 1, 1, 1});
  }
  SECTION("a stride behind it") {
    CHECK(chains(sketch.ending(sketch.add(Conv{32, 1, 2}, {depthwise}))).back() == 1);
  }
}

TEST_CASE("Winograd's convolutions take many rows at a time, so they join averages alone") {
  Sketch sketch({3, 128, 128});
  const int stem = sketch.add(Conv{32, 3}, {0});
  const int conv = sketch.add(Conv{32, 3}, {stem});
  SECTION("a depthwise one behind it, which a 1x1 would join") {
    CHECK(chains(sketch.ending(sketch.add(Conv{32, 3, 1, 32}, {conv}))) == Lengths{1, 1, 1});
  }
  SECTION("an average") {
    CHECK(chains(sketch.ending(sketch.add(net::GlobalAveragePool{}, {conv}))) == Lengths{1, 2});
  }
}

TEST_CASE("a convolution joins what follows where the map is large and the weights are few") {
  const auto lengths = [](int side, int channels) {
    Sketch sketch({3, side, side});
    const int stem = sketch.add(Conv{16, 3}, {0});
    const int wide = sketch.add(Conv{channels, 1}, {stem});
    const int depthwise = sketch.add(Conv{channels, 3, 1, channels}, {wide});
    return chains(sketch.ending(sketch.add(Conv{channels, 1}, {depthwise})));
  };
  CHECK(lengths(32, 96) == Lengths{1, 3});      // 384 KB of map, 42 KB of weights
  CHECK(lengths(16, 96) == Lengths{1, 1, 2});   // 96 KB of map
  CHECK(lengths(32, 192) == Lengths{1, 1, 2});  // 156 KB of weights
}

TEST_CASE("what is not made row by row joins no chain, however large its map") {
  Sketch sketch({3, 256, 256});
  const int stem = sketch.add(Conv{32, 3, 2}, {0});
  const auto lengths = [&](int last) {
    const int depthwise = sketch.add(Conv{32, 3, 1, 32}, {last});
    return chains(sketch.ending(sketch.add(Conv{32, 1}, {depthwise})));
  };
  SECTION("maximum") {
    CHECK(lengths(sketch.add(net::Pool{net::Pool::Kind::Max, 3, 2}, {stem})) == Lengths{1, 1, 2});
  }
  SECTION("upsampling") {
    CHECK(lengths(sketch.add(net::Upsample{2}, {stem})) == Lengths{1, 1, 2});
  }
  SECTION("a sum of its own") {
    CHECK(lengths(sketch.add(net::Add{}, {stem, stem})) == Lengths{1, 1, 2});
  }
}

TEST_CASE("programs of random networks with large maps are legal") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO(seed);
    CHECK_NOTHROW(lowered(net::random_network(seed, 25, 16)));
  }
}

TEST_CASE("the average of a whole map is taken from strips, of a part of it not") {
  Sketch sketch({16, 8, 8});
  const int first = sketch.add(net::Activate{net::Activation::Tanh}, {0});
  const int conv = sketch.add(Conv{32, 1}, {first});
  CHECK(chains(sketch.ending(sketch.add(net::GlobalAveragePool{}, {conv}))) == Lengths{1, 1, 2});
  const int small = sketch.add(net::Pool{net::Pool::Kind::Max, 4, 4}, {first});
  CHECK(chains(sketch.ending(sketch.add(net::PoolTo{}, {conv, small}))).back() == 1);
}

TEST_CASE("tensors in strips take nothing of the arena, and the pass changes nothing else") {
  for (const auto& [name, network] : test::generated_networks("cifar10_tiny", 20)) {
    INFO(name);
    format::Program program = lowered(network);
    for (const format::Tensor& tensor : program.tensors)
      CHECK((tensor.is_in_strips() || tensor.storage < program.storages.size()));
    const format::Program again = with_strips(program);
    for (std::size_t t = 0; t < program.tensors.size(); ++t)
      CHECK(again.tensors[t].storage == program.tensors[t].storage);
  }
}

}  // namespace atto::deploy
