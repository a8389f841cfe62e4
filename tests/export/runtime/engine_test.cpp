// The engine against the interpreter of the IR, at every level that this CPU has.
#include "export/runtime/engine.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <thread>

#include "export/reference/interpreter.hpp"
#include "export/runtime/plan/chain_plan.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::edge {
namespace {

using net::Activation;
using test::Sketch;

constexpr double kMaxError = 5e-5;

std::vector<float> copy(std::span<const float> values) {
  return {values.begin(), values.end()};
}

/// Runs the network at every level, with one thread and with three, and compares its outputs with
/// the interpreter's.
void require_same(const net::Network& network) {
  const net::TensorFile weights = test::random_weights(network, 3);
  const std::vector<float> image = test::random_image(network.input, 5);
  const auto wanted = deploy::Interpreter(network, weights).run(image);
  const test::LoadedModel loaded = test::load(network, weights);
  for (const Level level : available_levels()) {
    // Their float kernels are those of avx512.
    if (level == Level::Avx512Vnni || level == Level::Avx512Bf16) continue;
    for (const int threads : {1, 3}) {
      INFO(level_name(level) << ", " << threads << " threads");
      Engine engine(loaded.model, test::backwards(level, threads));
      engine.run(image);
      for (std::size_t o = 0; o < wanted.size(); ++o) {
        INFO(network.outputs[o].name);
        REQUIRE(test::relative_error(copy(engine.output(o)), wanted[o]) < kMaxError);
      }
    }
  }
}

}  // namespace

// Hidden from the unit run: the weights of ResNet-50 alone take seconds.
TEST_CASE("every shipped prototype computes what its IR says", "[.shipped]") {
  std::string levels;
  for (const Level level : available_levels()) levels += " " + std::string(level_name(level));
  std::cout << "levels:" << levels << '\n';
  for (const test::NamedNetwork& named : test::shipped_networks(33)) {
    INFO(named.name);
    require_same(named.network);
  }
}

// Large maps, whose steps run in chains of other lengths.
TEST_CASE("AttoNets at 224 pixels compute what their IR says", "[.shipped]") {
  for (const char* spec : {"attonet_a", "attonet_b", "attonet_c", "attonet_d"})
    for (const test::NamedNetwork& named : test::generated_networks(spec, 2)) {
      INFO(named.name);
      require_same(named.network);
    }
}

TEST_CASE("generated designs compute what their IR says") {
  for (const char* spec : {"quickstart", "cifar10_tiny"})
    for (const test::NamedNetwork& named : test::generated_networks(spec, 5)) {
      INFO(named.name);
      require_same(named.network);
    }
}

TEST_CASE("random networks of every operation compute what their IR says") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO(seed);
    require_same(net::random_network(seed));
  }
}

TEST_CASE("convolutions of every shape that has a kernel of its own") {
  SECTION("1x1 over widths around the tiles and channels around the blocks") {
    for (const int width : {1, 5, 7, 8, 9, 13, 16})
      for (const int channels : {1, 15, 16, 17, 33, 48}) {
        Sketch sketch({channels, 3, width});
        const int first = sketch.add(net::Activate{Activation::Relu}, {0});
        INFO(width << " " << channels);
        require_same(
            sketch.ending(sketch.add(net::Conv{channels + 16, 1, 1, 1, 1, true}, {first})));
      }
  }
  SECTION("1x1 over so many channels that they are taken in slices") {
    for (const int channels : {128, 129, 256, 257, 400, 530})
      for (const bool is_pair : {false, true}) {
        Sketch sketch({channels, 5, 7});
        const int first = is_pair ? sketch.add(net::Conv{channels, 3, 1, channels, 1, true}, {0})
                                  : sketch.add(net::Activate{Activation::Tanh}, {0});
        const int conv = sketch.add(net::Conv{40, 1, 1, 1, 1, true}, {first});
        INFO(channels << (is_pair ? ", depthwise" : ""));
        require_same(sketch.ending(sketch.add(net::Activate{Activation::Relu}, {conv})));
      }
  }
  SECTION("windows and strides over rows of every number of tiles") {
    for (const int stride : {1, 2, 3})
      for (int width = stride; width <= 24; ++width) {
        Sketch sketch({20, 4, width});
        const int first = sketch.add(net::Activate{Activation::Relu}, {0});
        INFO(width << " " << stride);
        require_same(sketch.ending(sketch.add(net::Conv{40, 3, stride, 1, 1, true}, {first})));
      }
  }
  SECTION("depthwise kernels, strides and dilations") {
    for (const int kernel : {1, 3, 5, 7, 9})
      for (const int stride : {1, 2, 3})
        for (const int dilation : {1, 2}) {
          Sketch sketch({24, 13, 17});
          INFO(kernel << " " << stride << " " << dilation);
          require_same(
              sketch.ending(sketch.add(net::Conv{24, kernel, stride, 24, dilation, true}, {0})));
        }
  }
  SECTION("groups of every width") {
    for (const auto& [groups, in, out] : {std::array{2, 8, 8},
                                          {4, 8, 8},
                                          {3, 4, 4},
                                          {8, 2, 2},
                                          {5, 3, 3},
                                          {2, 16, 16},
                                          {3, 12, 20},
                                          {2, 40, 24},
                                          {16, 1, 2},
                                          {4, 4, 8},
                                          {6, 5, 7},
                                          {7, 1, 3},
                                          {2, 8, 1},
                                          {8, 8, 10},
                                          {2, 44, 20},
                                          {4, 6, 4},
                                          {3, 20, 5},
                                          {9, 3, 2},
                                          {2, 13, 4}})
      for (const auto& [kernel, stride, width] :
           {std::array{3, 1, 10}, {3, 2, 10}, {5, 1, 15}, {5, 1, 14}, {7, 2, 30}}) {
        Sketch sketch({groups * in, 9, width});
        const int conv = sketch.add(net::Conv{groups * out, kernel, stride, groups, 1, true}, {0});
        INFO(groups << " groups of " << in << " to " << out << ", kernel " << kernel << ", stride "
                    << stride);
        require_same(sketch.ending(sketch.add(net::Conv{20, 1}, {conv})));
      }
  }
  SECTION("first layers") {
    for (const int channels : {1, 3, 8, 9})
      for (const int stride : {1, 2, 4})
        for (const int dilation : {1, 2}) {
          Sketch sketch({channels, 11, 23});
          INFO(channels << " " << stride << " " << dilation);
          require_same(sketch.ending(sketch.add(net::Conv{40, 7, stride, 1, dilation, true}, {0})));
        }
  }
}

TEST_CASE("dense 3x3 convolutions by Winograd's tiles") {
  const auto count = [](const net::Network& network) {
    int tiles = 0;
    const auto loaded = test::load(network, test::random_weights(network, 1));
    for (const format::Step& step : loaded.model.program().steps) tiles += step.is_winograd;
    return tiles;
  };
  SECTION("sides and channels around the tiles and blocks") {
    for (const auto& [height, width] :
         {std::array{7, 7}, {8, 7}, {7, 8}, {2, 25}, {49, 1}, {1, 50}, {10, 19}, {24, 17}})
      for (const auto& [in, out] : {std::array{24, 24}, {32, 40}, {33, 64}, {50, 25}, {41, 72}}) {
        Sketch sketch({in, height, width});
        const int first = sketch.add(net::Activate{Activation::Tanh}, {0});
        const net::Network network =
            sketch.ending(sketch.add(net::Conv{out, 3, 1, 1, 1, true}, {first}));
        INFO(height << "x" << width << ", " << in << " to " << out);
        CHECK(count(network) == 1);
        require_same(network);
      }
  }
  SECTION("in several turns, with a residual and every kind of activation") {
    for (const Activation activation :
         {Activation::None, Activation::Relu, Activation::Relu6, Activation::HardSwish}) {
      Sketch sketch({3, 41, 45});
      const int stem = sketch.add(net::Conv{150, 3}, {0});
      const int a = sketch.add(net::Conv{150, 3, 1, 1, 1, true}, {stem});
      const int b = sketch.add(net::Activate{activation}, {a});
      const int c = sketch.add(net::Add{}, {b, stem});
      const int d = sketch.add(net::Activate{activation}, {c});
      const net::Network network = sketch.ending(sketch.add(net::Conv{150, 3, 1, 1, 1, true}, {d}));
      CHECK(count(network) == 2);
      require_same(network);
    }
  }
  SECTION("with an average, block by block") {
    Sketch sketch({3, 9, 11});
    const int stem = sketch.add(net::Conv{40, 3}, {0});
    const int conv = sketch.add(net::Conv{72, 3, 1, 1, 1, true}, {stem});
    const net::Network network = sketch.ending(sketch.add(net::GlobalAveragePool{}, {conv}));
    CHECK(count(network) == 1);
    require_same(network);
  }
  SECTION("not where it does not pay") {
    const auto of = [&](net::Shape input, const net::Conv& conv) {
      Sketch sketch(input);
      const int first = sketch.add(net::Activate{Activation::Tanh}, {0});
      return count(sketch.ending(sketch.add(conv, {first})));
    };
    CHECK(of({32, 7, 7}, {32, 3}) == 1);
    CHECK(of({32, 6, 8}, {32, 3}) == 0);
    CHECK(of({20, 7, 7}, {32, 3}) == 0);
    CHECK(of({32, 7, 7}, {20, 3}) == 0);
    CHECK(of({32, 7, 7}, {32, 3, 2}) == 0);
    CHECK(of({32, 7, 7}, {32, 3, 1, 2}) == 0);
    CHECK(of({32, 7, 7}, {32, 3, 1, 1, 2}) == 0);
    CHECK(of({32, 7, 7}, {32, 5}) == 0);
  }
}

TEST_CASE("chains that take turns compute what their IR says") {
  const auto expanded = [](Sketch& sketch, int from, int channels, const net::Conv& depthwise) {
    const int wide = sketch.add(net::Conv{channels, 1, 1, 1, 1, true}, {from});
    const int a = sketch.add(net::Activate{Activation::Relu}, {wide});
    return sketch.add(depthwise, {a});
  };
  const auto steps_in_strips = [](const net::Network& network) {
    int count = 0;
    const auto loaded = test::load(network, test::random_weights(network, 1));
    for (const format::Tensor& tensor : loaded.model.program().tensors)
      count += tensor.is_in_strips();
    return count;
  };
  SECTION("a wide map between thin ones, its window in every way") {
    for (const int kernel : {3, 5, 7})
      for (const int stride : {1, 2, 3})
        for (const int dilation : {1, 2}) {
          Sketch sketch({3, 37, 31});
          const int stem = sketch.add(net::Conv{20, 3}, {0});
          const int middle = expanded(sketch, stem, 72, {72, kernel, stride, 72, dilation, true});
          const net::Network network =
              sketch.ending(sketch.add(net::Conv{24, 1, 1, 1, 1, true}, {middle}));
          INFO(kernel << " " << stride << " " << dilation);
          CHECK(steps_in_strips(network) == 2);
          require_same(network);
        }
  }
  SECTION("with a residual, and activations that take the finished rows") {
    for (const Activation activation : {Activation::None, Activation::HardSwish}) {
      Sketch sketch({3, 40, 33});
      const int stem = sketch.add(net::Conv{24, 3}, {0});
      const int wide = sketch.add(net::Conv{64, 1, 1, 1, 1, true}, {stem});
      const int a = sketch.add(net::Activate{activation}, {wide});
      const int middle = sketch.add(net::Conv{64, 3, 1, 64, 1, true}, {a});
      const int b = sketch.add(net::Activate{activation}, {middle});
      const int thin = sketch.add(net::Conv{24, 1, 1, 1, 1, true}, {b});
      const int c = sketch.add(net::Activate{activation}, {thin});
      const net::Network network = sketch.ending(sketch.add(net::Add{}, {c, stem}));
      CHECK(steps_in_strips(network) == 2);
      require_same(network);
    }
  }
  SECTION("from the image on, and through interleaved groups") {
    Sketch sketch({3, 41, 43});
    const int stem = sketch.add(net::Conv{40, 5, 1, 1, 1, true}, {0});
    const int groups = sketch.add(net::Conv{40, 3, 1, 5, 1, true}, {stem});
    const net::Network network =
        sketch.ending(sketch.add(net::Conv{17, 1, 1, 1, 1, true}, {groups}));
    CHECK(steps_in_strips(network) == 2);
    require_same(network);
  }
  SECTION("taken by other parts, which have none of the rows that were kept") {
    Sketch sketch({3, 96, 160});
    const int stem = sketch.add(net::Conv{16, 3, 1, 1, 1, true}, {0});
    const int middle = sketch.add(net::Conv{16, 3, 1, 16, 1, true}, {stem});
    const net::Network network =
        sketch.ending(sketch.add(net::Conv{64, 1, 1, 1, 1, true}, {middle}));
    const auto loaded = test::load(network, test::random_weights(network, 1));
    const format::Program& program = loaded.model.program();
    const ChainPlan plan = plan_chain(program, lay_out(program, 3).chains.front(), 3);
    CHECK(plan.turns.size() == 3);
    const int last = plan.turns_of_part.back().end - 1;
    CHECK(plan.afresh[static_cast<std::size_t>(last)] != last);
    require_same(network);
  }
  SECTION("to the average of the map, piece by piece") {
    for (const bool has_depthwise : {false, true})
      for (const int channels : {16, 33, 70}) {
        Sketch sketch({channels, 9, 7});
        const int first = has_depthwise
                              ? sketch.add(net::Conv{channels, 3, 1, channels, 1, true}, {0})
                              : sketch.add(net::Activate{Activation::Tanh}, {0});
        const int conv = sketch.add(net::Conv{channels + 5, 1, 1, 1, 1, true}, {first});
        const int a = sketch.add(net::Activate{Activation::Relu}, {conv});
        const int mean = sketch.add(net::GlobalAveragePool{}, {a});
        const net::Network network = sketch.ending(sketch.add(net::Dense{4}, {mean}));
        INFO(channels << (has_depthwise ? ", depthwise" : ""));
        CHECK(steps_in_strips(network) == (has_depthwise ? 2 : 1));
        require_same(network);
      }
  }
}

TEST_CASE("what follows a convolution is fused with it") {
  for (const Activation first : {Activation::None, Activation::Relu6, Activation::HardSwish})
    for (const Activation second : {Activation::None, Activation::Relu, Activation::Swish}) {
      Sketch sketch({16, 6, 7});
      const int conv = sketch.add(net::Conv{16, 3, 1, 1, 1, true}, {0});
      const int a = sketch.add(net::Activate{first}, {conv});
      const int pointwise = sketch.add(net::Conv{16, 1, 1, 1, 1, true}, {a});
      const int b = sketch.add(net::Activate{first}, {pointwise});
      const int sum = sketch.add(net::Add{}, {a, b});
      const net::Network network = sketch.ending(sketch.add(net::Activate{second}, {sum}));
      // The image's import, and both convolutions with all that follows.
      CHECK(test::load(network, test::random_weights(network, 1)).model.program().steps.size() ==
            3);
      require_same(network);
    }
}

TEST_CASE("grouped convolutions whose neighbours want other orders") {
  Sketch sketch({32, 6, 6});
  const int a = sketch.add(net::Conv{32, 3, 1, 4, 1, true}, {0});
  const int b = sketch.add(net::Conv{32, 3, 1, 8, 1, true}, {a});
  const int shuffled = sketch.add(net::Shuffle{4}, {b});
  const int c = sketch.add(net::Conv{32, 3, 1, 2, 1, true}, {shuffled});
  const int sum = sketch.add(net::Add{}, {c, b});
  const int squashed = sketch.add(net::Activate{Activation::Tanh}, {sum});
  require_same(sketch.ending(sketch.add(net::Add{}, {squashed, a, b})));
}

TEST_CASE("channels that come from many tensors, blocks and lanes") {
  require_same(test::moved_channels());
}

TEST_CASE("pixels are normalised as the file says; profiles name every step") {
  Sketch sketch({3, 8, 9});
  const int conv = sketch.add(net::Conv{16, 3, 2, 1, 1, true}, {0});
  const int mixed = sketch.add(net::Activate{Activation::Gelu}, {0});
  sketch.network.outputs = {{"a", conv}, {"b", mixed}};
  const test::LoadedModel loaded =
      test::load(sketch.network, test::random_weights(sketch.network, 1));
  std::vector<std::uint8_t> pixels(3 * 8 * 9);
  std::vector<float> image(pixels.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(i * 37);
    image[i % 3 * 72 + i / 3] = static_cast<float>(pixels[i]) / 255;
  }
  Engine by_pixels(loaded.model), by_values(loaded.model);
  by_pixels.run_pixels(pixels);
  by_values.run(image);
  for (const std::size_t output : {0, 1})
    CHECK(test::relative_error(copy(by_pixels.output(output)), copy(by_values.output(output))) <
          1e-6);
  const auto profile = by_values.profile(image, 3);
  REQUIRE(profile.size() == loaded.model.program().steps.size());
  std::int64_t macs = 0;
  for (const StepProfile& step : profile) {
    CHECK_FALSE(step.kernels.empty());
    CHECK(step.median_us >= 0);
    macs += step.macs;
  }
  CHECK(macs == 16 * 27 * 4 * 5);
}

TEST_CASE("threads of our own give the same outputs, run after run, engine beside engine") {
  const net::Network network = test::shipped_networks(32).at(0).network;
  const test::LoadedModel loaded = test::load(network, test::random_weights(network, 1));
  const std::vector<float> image = test::random_image(network.input, 1);
  Engine one(loaded.model);
  one.run(image);
  const auto check = [&] {
    EngineOptions options;
    options.threads = 2;
    Engine two(loaded.model, options);
    double error = 0;
    for (int i = 0; i < 20; ++i) {
      two.run(image);
      error = std::max(error, test::relative_error(copy(two.output()), copy(one.output())));
    }
    return error;
  };
  double beside = 1;
  std::thread other([&] { beside = check(); });
  const double mine = check();
  other.join();
  CHECK(mine < kMaxError);
  CHECK(beside < kMaxError);
}

TEST_CASE("options that cannot be honoured are refused") {
  Sketch sketch({1, 2, 2});
  const net::Network network = sketch.ending(sketch.add(net::Softmax{}, {0}));
  const test::LoadedModel loaded = test::load(network, {});
  EngineOptions options;
  options.threads = 0;
  CHECK_THROWS_AS(Engine(loaded.model, options), std::invalid_argument);
  options.threads = 1;
#if defined(__x86_64__)
  options.level = Level::Neon;
#else
  options.level = Level::Avx2;
#endif
  CHECK_THROWS_AS(Engine(loaded.model, options), std::invalid_argument);
}

}  // namespace atto::edge
