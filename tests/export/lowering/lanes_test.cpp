// The order of channels in a tensor's lanes.
#include "export/lowering/lanes.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <numeric>

#include "export/lowering/passes.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"

namespace atto::deploy {
namespace {

using test::Sketch;

/// The lanes of the last node.
Lanes last_lanes(const net::Network& network) {
  return choose_lanes(fuse(network, test::random_weights(network, 1)), Precision::F32).back();
}

/// `channels` and no others, up to a whole block.
Lanes padded(Lanes channels) {
  channels.resize(16, -1);
  return channels;
}

}  // namespace

TEST_CASE("moved channels keep the order of their sources, where no reader minds") {
  Sketch sketch({3, 4, 4});
  const int other = sketch.add(net::Conv{8, 1}, {0});
  const int a = sketch.add(net::Conv{4, 1}, {0}), b = sketch.add(net::Conv{4, 1}, {0});
  const int joined = sketch.add(net::Concat{}, {a, b});
  const int mixed = sketch.add(net::Shuffle{2}, {joined});  // a0 b0 a1 b1 ..
  SECTION("all of them") {
    CHECK(last_lanes(sketch.ending(mixed)) == padded({0, 2, 4, 6, 1, 3, 5, 7}));
  }
  SECTION("some of them, and what works lane by lane follows") {
    const int slice = sketch.add(net::Slice{3, 8}, {mixed});  // b1 a2 b2 a3 b3
    const int depthwise = sketch.add(net::Conv{5, 3, 1, 5, 1, true}, {slice});
    CHECK(last_lanes(sketch.ending(depthwise)) == padded({0, 2, 4, 1, 3}));
  }
  SECTION("not where the sum's other term came first") {
    const int sum = sketch.add(net::Add{}, {mixed, other});
    const int squashed = sketch.add(net::Activate{net::Activation::Tanh}, {sum});
    CHECK(last_lanes(sketch.ending(squashed)) == padded({0, 1, 2, 3, 4, 5, 6, 7}));
  }
}

TEST_CASE("groups are interleaved where that makes the fewest blocks of outputs") {
  const auto wiring = [](int groups, int in, int out, Precision precision) {
    const GroupLayout layout = group_layout(groups, in, out, precision);
    const format::Wiring& w = layout.wiring;
    const auto blocks = [](const Lanes& lanes) { return static_cast<int>(lanes.size()) / 16; };
    CHECK(blocks(layout.in) == w.groups * w.in_blocks);
    CHECK(blocks(layout.out) == w.groups * w.out_blocks);
    CHECK(w.depth() == in);
    return std::array{w.interleave, w.groups, w.in_blocks, w.out_blocks};
  };
  for (const Precision precision : {Precision::F32, Precision::Bf16, Precision::I8}) {
    CHECK(wiring(8, 2, 2, precision) == std::array{8, 1, 1, 1});
    CHECK(wiring(4, 8, 8, precision) == std::array{2, 2, 1, 1});
    CHECK(wiring(2, 16, 16, precision) == std::array{1, 2, 1, 1});
    CHECK(wiring(2, 40, 40, precision)[0] == (precision == Precision::F32 ? 2 : 1));
  }
  CHECK(wiring(8, 8, 10, Precision::I8) == std::array{2, 4, 1, 2});  // no more than apart
  CHECK(wiring(3, 8, 10, Precision::I8) == std::array{1, 3, 1, 1});  // two pairs would be more
  CHECK(wiring(2, 12, 8, Precision::I8) == std::array{2, 1, 2, 1});
  CHECK(wiring(4, 12, 4, Precision::I8) == std::array{4, 1, 3, 1});
  for (const Precision precision : {Precision::F32, Precision::Bf16})
    CHECK(wiring(8, 8, 10, precision) == std::array{8, 1, 4, 5});
  for (const Precision precision : {Precision::Bf16, Precision::I8})
    CHECK(wiring(2, 44, 20, precision) == std::array{1, 2, 3, 2});
  CHECK(wiring(2, 44, 20, Precision::F32) == std::array{2, 1, 6, 3});
  const Lanes out = group_layout(2, 44, 20, Precision::F32).out;
  CHECK(out[0] == 0);
  CHECK(out[1] == 20);
  CHECK(out[38] == 19);
  CHECK(out[39] == 39);
  CHECK(out[40] == -1);
}

TEST_CASE("channels that are only renamed stay where they are") {
  Sketch sketch({3, 4, 4});
  const int a = sketch.add(net::Conv{6, 1}, {0});
  const int mixed = sketch.add(net::Shuffle{2}, {a});  // 0 3 1 4 2 5
  CHECK(last_lanes(sketch.ending(mixed)) == padded({0, 2, 4, 1, 3, 5}));
}

}  // namespace atto::deploy
