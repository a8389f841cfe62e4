// The engine in bf16 against the interpreter of the fused network in bf16, at every level that this
// CPU has.
#include <catch2/catch.hpp>

#include "export/lowering/passes.hpp"
#include "export/reference/fused_interpreter.hpp"
#include "export/runtime/engine.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/net/random_network.hpp"
#include "tests/runtime/runtime_networks.hpp"

namespace atto::edge {
namespace {

using deploy::Precision;
using net::Activation;
using test::Sketch;

// Where a layer sees the same inputs, only the order of its sums differs.
constexpr double kOneLayer = 5e-5;
// Behind other layers, inputs differ in their last bits, and the few that lie in the middle between
// two bf16 numbers are rounded to different ones: half a percent of one term of a sum.
constexpr double kManyLayers = 1e-2;

/// Returns the largest error at any level, with one thread and with three.
double largest_error(const net::Network& network) {
  const deploy::FusedNetwork fused = deploy::fuse(network, test::random_weights(network, 3));
  const std::vector<float> image = test::random_image(network.input, 5);
  const auto wanted = deploy::FusedInterpreter(fused, Precision::Bf16).run(image);
  const test::LoadedModel loaded = test::load(fused, {Precision::Bf16, nullptr});
  double error = 0;
  for (const Level level : available_levels())
    for (const int threads : {1, 3}) {
      Engine engine(loaded.model, test::backwards(level, threads));
      engine.run(image);
      for (std::size_t o = 0; o < wanted.size(); ++o) {
        const std::vector<float> made(engine.output(o).begin(), engine.output(o).end());
        error = std::max(error, test::relative_error(made, wanted[o]));
      }
    }
  return error;
}

/// One layer that sees the image as it is: an activation stands between, so that it is bf16.
double error_of(const net::Shape& input, const net::Conv& conv, bool is_pair = false) {
  Sketch sketch(input);
  const int first = is_pair
                        ? sketch.add(net::Conv{input.channels, 3, 1, input.channels, 1, true}, {0})
                        : sketch.add(net::Activate{Activation::Relu}, {0});
  return largest_error(sketch.ending(sketch.add(conv, {first})));
}

}  // namespace

TEST_CASE("bf16: a convolution of every shape around tiles and blocks gives the rounded sums") {
  SECTION("1x1") {
    for (const int width : {1, 5, 6, 7, 8, 9, 16})
      for (const int channels : {1, 2, 15, 16, 17, 33, 48})
        for (const int out : {3, 16, 40}) {
          INFO(width << " " << channels << " " << out);
          CHECK(error_of({channels, 3, width}, {out, 1, 1, 1, 1, true}) < kOneLayer);
        }
  }
  SECTION("1x1 over so many channels that they are taken in slices") {
    for (const int channels : {257, 530, 1030}) {
      INFO(channels);
      CHECK(error_of({channels, 5, 7}, {40, 1, 1, 1, 1, true}) < kOneLayer);
    }
  }
  SECTION("behind a depthwise half") {
    for (const int channels : {16, 33, 257}) {
      INFO(channels);
      CHECK(error_of({channels, 5, 7}, {40, 1, 1, 1, 1, true}, true) < kManyLayers);
    }
  }
  SECTION("windows, strides and dilations") {
    for (const int kernel : {3, 5})
      for (const int stride : {1, 2, 3})
        for (const int dilation : {1, 2})
          for (const int height : {4, 21}) {
            INFO(kernel << " " << stride << " " << dilation << " " << height);
            CHECK(error_of({21, height, 19}, {40, kernel, stride, 1, dilation, true}) < kOneLayer);
          }
  }
  SECTION("groups") {
    for (const auto& [groups, in, out] :
         {std::array{2, 16, 16}, {3, 12, 20}, {2, 40, 24}, {2, 17, 9}, {4, 4, 8}}) {
      INFO(groups << " groups of " << in << " to " << out);
      CHECK(error_of({groups * in, 9, 10}, {groups * out, 3, 1, groups, 1, true}) < kOneLayer);
    }
  }
}

TEST_CASE("bf16: dense layers, residuals and activations") {
  for (const Activation activation : {Activation::None, Activation::Relu6, Activation::HardSwish}) {
    Sketch sketch({33, 6, 7});
    const int first = sketch.add(net::Activate{Activation::Relu}, {0});
    const int conv = sketch.add(net::Conv{33, 1, 1, 1, 1, true}, {first});
    const int a = sketch.add(net::Activate{activation}, {conv});
    CHECK(largest_error(sketch.ending(sketch.add(net::Add{}, {a, first}))) < kOneLayer);
  }
  Sketch sketch({19, 3, 3});
  CHECK(largest_error(sketch.ending(sketch.add(net::Dense{37}, {0}))) < kOneLayer);
}

TEST_CASE("bf16: the first, the depthwise and interleaved convolutions stay float") {
  const auto is_bf16 = [](int groups, int channels) {
    Sketch sketch({channels, 6, 6});
    const int first = sketch.add(net::Activate{Activation::Relu}, {0});
    const net::Network network =
        sketch.ending(sketch.add(net::Conv{channels, 3, 1, groups, 1, true}, {first}));
    const auto loaded = test::load(deploy::fuse(network, test::random_weights(network, 1)),
                                   {Precision::Bf16, nullptr});
    CHECK(loaded.model.program().precision == "bf16");
    return loaded.model.program().steps.back().is_bf16;
  };
  CHECK(is_bf16(1, 16));
  CHECK(is_bf16(2, 32));
  CHECK_FALSE(is_bf16(2, 16));
  CHECK_FALSE(is_bf16(16, 16));
}

TEST_CASE("bf16: random networks of every operation compute what the interpreter does") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO(seed);
    CHECK(largest_error(net::random_network(seed)) < kManyLayers);
  }
}

TEST_CASE("bf16: generated designs compute what the interpreter does") {
  for (const char* spec : {"quickstart", "cifar10_tiny"})
    for (const test::NamedNetwork& named : test::generated_networks(spec, 3)) {
      INFO(named.name);
      CHECK(largest_error(named.network) < kManyLayers);
    }
}

// Hidden from the unit run: the weights of ResNet-50 alone take seconds.
TEST_CASE("bf16: every shipped prototype computes what the interpreter does", "[.shipped]") {
  for (const test::NamedNetwork& named : test::shipped_networks(33)) {
    INFO(named.name);
    CHECK(largest_error(named.network) < kManyLayers);
  }
}

}  // namespace atto::edge
