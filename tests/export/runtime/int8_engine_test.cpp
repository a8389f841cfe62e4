// The int8 engine against the int8 interpreter: the same bytes at every level.
#include <catch2/catch.hpp>
#include <iostream>

#include "design_specs/errors.hpp"
#include "export/format/program_rules.hpp"
#include "export/lowering/memory_plan.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "export/runtime/engine.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::edge {
namespace {

using net::Activation;
using test::Sketch;

struct Quantised {
  deploy::FusedNetwork network;
  deploy::Quantisation quantisation;
};
/// Throws SpecError where int8 cannot express the network.
Quantised quantised(const net::Network& network) {
  Quantised made{deploy::fuse(network, test::random_weights(network, 3), deploy::Attach::Clamps),
                 {}};
  std::vector<float> images = test::random_image(network.input, 5);
  const std::vector<float> other = test::random_image(network.input, 6);
  images.insert(images.end(), other.begin(), other.end());
  made.quantisation = deploy::quantise(made.network, images);
  return made;
}

test::LoadedModel load(const Quantised& model) {
  return test::load(model.network, {deploy::Precision::I8, &model.quantisation});
}

/// Quantises, runs at every level with one part and three; returns false where int8 cannot express
/// the network.
bool require_same(const net::Network& network) {
  Quantised made_of;
  try {
    made_of = quantised(network);
  } catch (const SpecError&) {
    return false;
  }
  const auto& [fused, quantisation] = made_of;
  const std::vector<float> image = test::random_image(network.input, 7);
  const auto wanted = deploy::Int8Interpreter(fused, quantisation).run(image);
  const test::LoadedModel loaded = load(made_of);
  const format::Program& program = loaded.model.program();
  CHECK(static_cast<double>(program.arena_bytes) <=
        1.1 * static_cast<double>(deploy::smallest_arena(program)));
  for (const Level level : available_levels())
    for (const int threads : {1, 3}) {
      INFO(level_name(level) << ", " << threads << " threads");
      Engine engine(loaded.model, test::backwards(level, threads));
      engine.run(image);
      for (std::size_t o = 0; o < wanted.size(); ++o) {
        INFO(network.outputs[o].name);
        const auto& node = fused.nodes[static_cast<std::size_t>(fused.outputs[o].layer)];
        const std::vector<float> made(engine.output(o).begin(), engine.output(o).end());
        if (std::holds_alternative<net::Softmax>(node.op))
          REQUIRE(test::relative_error(made, wanted[o]) < 1e-5);
        else
          REQUIRE((made == wanted[o]));  // a bool: to print a map takes minutes
      }
    }
  return true;
}

}  // namespace

TEST_CASE("int8: random networks of every operation give the interpreter's bytes") {
  int count = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO(seed);
    count += require_same(net::random_network(seed));
  }
  CHECK(count >= 40);
}

TEST_CASE("int8: every shipped prototype gives the interpreter's bytes", "[.shipped]") {
  for (const test::NamedNetwork& named : test::shipped_networks(33)) {
    INFO(named.name);
    CHECK(require_same(named.network));
  }
}

TEST_CASE("int8: AttoNets at 224 pixels give the interpreter's bytes", "[.shipped]") {
  for (const test::NamedNetwork& named : test::generated_networks("attonet_d", 2)) {
    INFO(named.name);
    CHECK(require_same(named.network));
  }
}

TEST_CASE("int8: generated designs give the interpreter's bytes") {
  for (const test::NamedNetwork& named : test::generated_networks("quickstart", 2)) {
    INFO(named.name);
    CHECK(require_same(named.network));
  }
}

TEST_CASE("int8: convolutions around the sizes of tiles and blocks") {
  SECTION("1x1") {
    for (const int width : {1, 7, 8, 9, 16})
      for (const int channels : {3, 16, 17, 36, 48}) {
        Sketch sketch({channels, 3, width});
        INFO(width << " " << channels);
        CHECK(require_same(sketch.ending(sketch.add(net::Conv{33, 1, 1, 1, 1, true}, {0}))));
      }
  }
  SECTION("depthwise and whole windows") {
    for (const int kernel : {3, 5, 7})
      for (const int stride : {1, 2, 3})
        for (const int groups : {24, 1}) {
          Sketch sketch({24, 9, 11});
          INFO(kernel << " " << stride << " " << groups);
          CHECK(require_same(
              sketch.ending(sketch.add(net::Conv{24, kernel, stride, groups, 2, true}, {0}))));
        }
  }
  SECTION("groups") {
    for (const int each : {2, 4, 5, 8, 16, 24}) {
      Sketch sketch({4 * each, 9, 10});
      const int conv = sketch.add(net::Conv{4 * each, 3, 1, 4, 1, true}, {0});
      INFO(each);
      CHECK(require_same(sketch.ending(sketch.add(net::Add{}, {conv, 0}))));
    }
    for (const auto& [groups, in, out] : {std::array{8, 8, 10},
                                          {2, 7, 20},
                                          {4, 4, 9},
                                          {2, 44, 20},
                                          {4, 6, 4},
                                          {2, 12, 8},
                                          {4, 12, 4},
                                          {2, 40, 8}}) {
      Sketch sketch({groups * in, 9, 10});
      INFO(groups << " groups of " << in << " to " << out);
      CHECK(require_same(
          sketch.ending(sketch.add(net::Conv{groups * out, 3, 1, groups, 1, true}, {0}))));
    }
  }
}

TEST_CASE("int8: chains that take turns give the interpreter's bytes") {
  const auto activation = GENERATE(Activation::Relu, Activation::HardSwish);
  for (const int stride : {1, 2})
    for (const bool is_averaged : {false, true}) {
      Sketch sketch({3, 61, 57});
      const int stem = sketch.add(net::Conv{20, 3}, {0});
      const int wide = sketch.add(net::Conv{90, 1, 1, 1, 1, true}, {stem});
      const int a = sketch.add(net::Activate{activation}, {wide});
      const int middle = sketch.add(net::Conv{90, 5, stride, 90, 1, true}, {a});
      int last = sketch.add(net::Conv{20, 1, 1, 1, 1, true}, {middle});
      if (stride == 1) last = sketch.add(net::Add{}, {last, stem});
      if (is_averaged) last = sketch.add(net::GlobalAveragePool{}, {last});
      INFO(net::kActivationNames[static_cast<std::size_t>(activation)]
           << " " << stride << (is_averaged ? ", averaged" : ""));
      CHECK(require_same(sketch.ending(last)));
    }
}

TEST_CASE("int8: tables join the chain of their convolution") {
  Sketch sketch({3, 64, 64});
  int last = 0;
  const auto add = [&](const net::Conv& conv, Activation activation) {
    last = sketch.add(net::Activate{activation}, {sketch.add(conv, {last})});
  };
  using Lengths = std::vector<std::size_t>;
  const auto lengths = [&] {
    const net::Network network = sketch.ending(last);
    CHECK(require_same(network));
    const test::LoadedModel loaded = load(quantised(network));
    Lengths all;
    for (const format::Chain& chain : format::chains_of(loaded.model.program()))
      all.push_back(chain.last - chain.first + 1);
    return all;
  };
  add({80, 3, 1, 1, 1, true}, Activation::Swish);
  SECTION("a depthwise one behind a large map, and the 1x1 behind that") {
    add({80, 5, 1, 80, 1, true}, Activation::Gelu);
    add({20, 1, 1, 1, 1, true}, Activation::LeakyRelu);
    CHECK(lengths() == Lengths{6});
  }
  SECTION("behind a small map") {
    add({80, 5, 4, 80, 1, true}, Activation::Gelu);
    add({20, 1, 1, 1, 1, true}, Activation::None);
    add({20, 3, 1, 20, 1, true}, Activation::Tanh);
    CHECK(lengths() == Lengths{5, 2});
  }
  SECTION("a map too low for rows for all threads") {
    add({33, 3, 8, 1, 1, true}, Activation::HardSwish);
    add({100, 1, 1, 1, 1, true}, Activation::Swish);
    CHECK(lengths() == Lengths{2, 2, 2});
  }
}

TEST_CASE("int8: tables take pieces of a map that is made in turns") {
  Sketch sketch({20, 9, 500});
  const int conv = sketch.add(net::Conv{100, 1, 1, 1, 1, true}, {0});
  const int swish = sketch.add(net::Activate{Activation::Swish}, {conv});
  CHECK(require_same(sketch.ending(sketch.add(net::Conv{20, 3}, {swish}))));
}

TEST_CASE("int8: channels that come from many tensors, blocks and lanes") {
  CHECK(require_same(test::moved_channels()));
}

}  // namespace atto::edge
