#include "export/lowering/passes.hpp"

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "tests/export/lowering/interpreters.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::deploy {
namespace {

using net::Activation;

/// A network that is written down layer by layer.
struct Sketch {
  net::Network network{"sketch", {4, 6, 5}, 3, {{"input", net::InputLayer{}, {}}}, {}};
  int add(net::Op op, std::vector<int> inputs) {
    const auto index = static_cast<int>(network.layers.size());
    network.layers.push_back({"l" + std::to_string(index), op, std::move(inputs)});
    return index;
  }
  net::Network ending(int layer) {
    network.outputs = {{"out", layer}};
    return network;
  }
};

FusedNetwork translated(const net::Network& network) {
  return remove_dead(translate(network, test::random_weights(network, 1)));
}

template <class Op>
int count(const FusedNetwork& network) {
  int found = 0;
  for (const FusedNode& node : network.nodes) found += std::holds_alternative<Op>(node.op);
  return found;
}

/// Compares every output of the fused form with the IR's.
void require_same(const net::Network& network, const net::TensorFile& weights,
                  const FusedNetwork& fused) {
  const test::Map image = test::random_image(network.input, 5);
  const auto expected = test::interpret(network, weights, image);
  const auto got = test::interpret(fused, image);
  REQUIRE(fused.outputs.size() == network.outputs.size());
  for (std::size_t i = 0; i < fused.outputs.size(); ++i) {
    INFO(network.outputs[i].name);
    CHECK(fused.outputs[i].name == network.outputs[i].name);
    CHECK(test::relative_error(
              got[static_cast<std::size_t>(fused.outputs[i].layer)].values,
              expected[static_cast<std::size_t>(network.outputs[i].layer)].values) < 2e-5);
  }
}

}  // namespace

TEST_CASE("a batch norm folds into the convolution before it") {
  Sketch sketch;
  const int conv = sketch.add(net::Conv{6, 3, 2}, {0});
  const int norm = sketch.add(net::BatchNorm{}, {conv});
  SECTION("that it alone reads") {
    const FusedNetwork fused = fold_scales(translated(sketch.ending(norm)));
    REQUIRE(fused.nodes.size() == 2);
    CHECK(fused.nodes[1].name == "l2");
    CHECK(fused.nodes[1].layers == std::vector<int>{1, 2});
  }
  SECTION("but not when somebody else reads the convolution") {
    const int sum = sketch.add(net::Add{}, {conv, norm});
    CHECK(fold_scales(translated(sketch.ending(sum))).nodes.size() == 4);
  }
}

TEST_CASE("a layer norm's scale and shift fold into what adds up its pixels") {
  Sketch sketch;
  const int norm = sketch.add(net::LayerNorm{}, {0});
  const auto nodes_of = [&](int layer) {
    const net::Network network = sketch.ending(layer);
    const net::TensorFile weights = test::random_weights(network, 1);
    const FusedNetwork fused = fold_scales_ahead(translated(network));
    require_same(network, weights, fused);
    return fused.nodes.size();
  };
  SECTION("a pointwise convolution") {
    CHECK(nodes_of(sketch.add(net::Conv{6}, {norm})) == 3);
  }
  SECTION("a dense layer") {
    CHECK(nodes_of(sketch.add(net::Dense{4}, {norm})) == 3);
  }
  SECTION("windows that lie side by side") {
    sketch.network.input.width = 8;
    CHECK(nodes_of(sketch.add(net::Conv{6, 2, 2, 1, 1, true}, {norm})) == 3);
  }
  SECTION("but not where the last of them reads padding") {
    sketch.network.input.width = 7;
    CHECK(nodes_of(sketch.add(net::Conv{6, 2, 2, 1, 1, true}, {norm})) == 4);
  }
  SECTION("nor one with a border of padding") {
    CHECK(nodes_of(sketch.add(net::Conv{6, 3}, {norm})) == 4);
  }
  SECTION("nor a grouped one") {
    CHECK(nodes_of(sketch.add(
              net::Conv{sketch.network.input.channels, 1, 1, sketch.network.input.channels},
              {norm})) == 4);
  }
  SECTION("nor where somebody else reads it") {
    const int conv = sketch.add(net::Conv{sketch.network.input.channels}, {norm});
    CHECK(nodes_of(sketch.add(net::Add{}, {conv, norm})) == 5);
  }
}

TEST_CASE("activations are attached to the node that makes the tensor") {
  Sketch sketch;
  const int conv = sketch.add(net::Conv{4}, {0});
  const int act = sketch.add(net::Activate{Activation::Swish}, {conv});
  const FusedNetwork plain = translated(sketch.ending(act));
  CHECK(attach_activations(plain, Attach::All).nodes.at(1).activation == Activation::Swish);
  CHECK(attach_activations(plain, Attach::Clamps).nodes.size() == 3);
}

TEST_CASE("an add is attached to the convolution that makes its later input") {
  Sketch sketch;
  const int first = sketch.add(net::Conv{4, 3}, {0});
  const int second = sketch.add(net::Conv{4, 3}, {first});
  const int sum = sketch.add(net::Add{}, {second, first});
  const int act = sketch.add(net::Activate{Activation::Relu}, {sum});
  const net::Network network = sketch.ending(act);
  const FusedNetwork fused = fuse(network, test::random_weights(network, 1));
  REQUIRE(fused.nodes.size() == 3);
  CHECK(fused.nodes[2].residual == 1);
  CHECK(fused.nodes[2].activation == Activation::None);
  CHECK(fused.nodes[2].joined_activation == Activation::Relu);
}

TEST_CASE("slices, concats and shuffles merge into one move") {
  Sketch sketch;
  const int left = sketch.add(net::Slice{0, 2}, {0});
  const int right = sketch.add(net::Slice{2, 4}, {0});
  const int joined = sketch.add(net::Concat{}, {right, left});
  const int mixed = sketch.add(net::Shuffle{2}, {joined});
  const FusedNetwork fused = remove_dead(merge_channel_moves(translated(sketch.ending(mixed))));
  REQUIRE(fused.nodes.size() == 2);
  const auto& moves = std::get<FusedChannels>(fused.nodes[1].op);
  CHECK(moves.sources == std::vector<ChannelSource>{{0, 2}, {0, 0}, {0, 3}, {0, 1}});
}

TEST_CASE("a move that changes nothing disappears") {
  Sketch sketch;
  const int once = sketch.add(net::Shuffle{2}, {0});
  const int twice = sketch.add(net::Shuffle{2}, {once});
  const int conv = sketch.add(net::Conv{4}, {twice});
  CHECK(count<FusedChannels>(remove_identities(
            remove_dead(merge_channel_moves(translated(sketch.ending(conv)))))) == 0);
}

TEST_CASE("zeros in a sum cost nothing, nor what leads to them alone") {
  Sketch sketch;
  const int stem = sketch.add(net::Conv{4}, {0});
  const int zero = sketch.add(net::Zero{}, {sketch.add(net::Conv{4, 3}, {stem})});
  const int other = sketch.add(net::Zero{2}, {stem});
  const int same = sketch.add(net::Conv{4, 3, 2}, {stem});
  const int sum = sketch.add(net::Add{}, {zero, stem, stem});
  const auto nodes = [&](int layer) {
    return remove_dead(remove_identities(translated(sketch.ending(layer)))).nodes.size();
  };
  CHECK(nodes(sum) == 3);                                      // the input, stem, a sum of two
  CHECK(nodes(sketch.add(net::Add{}, {other, same})) == 3);    // one term: no sum is left
  CHECK(nodes(sketch.add(net::Add{}, {zero, zero})) == 4);     // zeros themselves
  CHECK(nodes(sketch.add(net::Concat{}, {zero, stem})) == 5);  // no sum
}

TEST_CASE("what no output needs is removed") {
  Sketch sketch;
  const int conv = sketch.add(net::Conv{4}, {0});
  sketch.add(net::Softmax{}, {conv});
  CHECK(translated(sketch.ending(conv)).nodes.size() == 2);
}

TEST_CASE("weights that are not the network's are refused") {
  Sketch sketch;
  const net::Network network = sketch.ending(sketch.add(net::Conv{4}, {0}));
  CHECK_THROWS_AS(translate(network, {}), SpecError);
}

TEST_CASE("every pass keeps what random networks compute") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const net::Network network = net::random_network(seed);
    const net::TensorFile weights = test::random_weights(network, seed);
    INFO("seed " << seed);
    FusedNetwork fused = translate(network, weights);
    require_same(network, weights, fused);
    fused = remove_dead(std::move(fused));
    for (const auto pass :
         {fold_scales, remove_identities, merge_channel_moves, attach_residuals}) {
      fused = pass(std::move(fused));
      require_same(network, weights, fused);
    }
    require_same(network, weights, fuse(network, weights));
    const FusedNetwork clamped = fuse(network, weights, Attach::Clamps);
    require_same(network, weights, clamped);
    for (const FusedNode& node : clamped.nodes)
      CHECK((is_clamp(node.activation) || std::holds_alternative<FusedActivate>(node.op)));
  }
}

}  // namespace atto::deploy
