// The engine in bf16 against the interpreter of the fused network in bf16, at every level that this
// CPU has, and its steps with the kernels of an AVX-512 CPU emulated.
#include <algorithm>
#include <catch2/catch.hpp>

#include "export/lowering/passes.hpp"
#include "export/reference/fused_interpreter.hpp"
#include "export/runtime/engine.hpp"
#include "export/runtime/plan/chain_plan.hpp"
#include "export/runtime/plan/step_run.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/prototypes/network/random_network.hpp"

namespace atto::edge {

#ifdef ATTO_HAS_EMULATED_AVX512
const Kernels& emulated_avx512_bf16_kernels();
#endif

namespace {

using deploy::Precision;
using net::Activation;
using test::Sketch;

// Where a layer sees the same inputs, only the order of its sums differs.
constexpr double kOneLayer = 5e-5;
// Behind other layers, inputs differ in their last bits, and the few that lie in the middle between
// two bf16 numbers are rounded to different ones: half a percent of one term of a sum.
constexpr double kManyLayers = 2e-2;

#ifdef ATTO_HAS_EMULATED_AVX512
/// Kernels::conv for tiles and panels of any size.
void plain_conv(const ConvPanel& panel) {
  const int depth = panel.full_blocks * 16 + panel.last_depth;
  for (std::size_t t = 0; t < panel.tile_count; ++t)
    for (std::uint32_t i = 0; i < panel.tiles[t].pixels; ++i)
      for (int lane = 0; lane < panel.blocks * 16; ++lane) {
        const Tile& tile = panel.tiles[t];
        const float* src = static_cast<const float*>(panel.src) + tile.src + i * panel.pixel_step;
        const float* weights =
            static_cast<const float*>(panel.weights) + lane / 16 * panel.weight_step + lane % 16;
        float* dst =
            panel.dst + panel.dst_offset[tile.pixel + i] + lane / 16 * panel.dst_step + lane % 16;
        float sum = panel.bias[lane];
        for (int y = tile.ky_begin; y < tile.ky_end; ++y)
          for (int x = 0; x < panel.kernel_width; ++x)
            for (int c = 0; c < depth; ++c)
              sum += src[(y - tile.ky_begin) * panel.row_step + x * panel.column_step +
                         c / 16 * panel.block_step + c % 16] *
                     weights[((y * panel.kernel_width + x) * depth + c) * 16];
        sum = std::min(std::max(sum, panel.clamp.low), panel.clamp.high);
        if (panel.residual != nullptr) {
          sum += panel.residual[panel.residual_offset[tile.pixel + i] +
                                lane / 16 * panel.residual_step + lane % 16];
          sum = std::min(std::max(sum, panel.joined.low), panel.joined.high);
        }
        *dst = sum;
      }
}

/// Runs the steps of a model with the emulated bf16 kernels, and plain ones otherwise.
std::vector<std::vector<float>> run_emulated(const Model& model, const std::vector<float>& image,
                                             int parts) {
  const Kernels& emulated = emulated_avx512_bf16_kernels();
  Kernels kernels = kernels_of(Level::Scalar);
  kernels.max_pixels = emulated.max_pixels;
  kernels.panel_blocks = emulated.panel_blocks;
  kernels.conv = plain_conv;
  kernels.bf16_round = emulated.bf16_round;
  kernels.bf16_conv = emulated.bf16_conv;
  kernels.bf16_grouped_row = emulated.bf16_grouped_row;
  kernels.bf16_widen = nullptr;
  const format::Program& program = model.program();
  const Layout layout = lay_out(program, parts);
  std::vector<std::byte> arena(layout.arena_bytes + 64);
  const StepContext context{program, model.weights(), arena.data(), layout.places,
                            kernels, Level::Scalar,   parts};
  for (const format::Chain& chain : layout.chains) {
    const StepPointer run = make_step(context, chain);
    for (int part = parts - 1; part >= 0; --part) {
      std::vector<std::byte> scratch(run->scratch_bytes(), std::byte{0xff});  // no numbers
      RunArguments arguments;
      arguments.image = image.data();
      arguments.part = part;
      arguments.scratch = scratch.data();
      run->run(arguments);
    }
  }
  std::vector<std::vector<float>> outputs;
  for (const format::ProgramOutput& output : program.outputs) {
    const format::Tensor& tensor = program.tensors[output.tensor];
    const View view = view_of(program, output.tensor, arena.data());
    const auto plane = static_cast<std::size_t>(view.height * view.width);
    std::vector<float>& made =
        outputs.emplace_back(static_cast<std::size_t>(tensor.channels) * plane);
    for (int lane = 0; lane < view.blocks * 16; ++lane) {
      const int channel =
          tensor.lanes.empty() ? lane : tensor.lanes[static_cast<std::size_t>(lane)];
      for (std::size_t p = 0; channel >= 0 && channel < tensor.channels && p < plane; ++p)
        made[static_cast<std::size_t>(channel) * plane + p] =
            view.row(static_cast<int>(p) / view.width,
                     lane / 16)[static_cast<int>(p) % view.width * 16 + lane % 16];
    }
  }
  return outputs;
}
#endif

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
#ifdef ATTO_HAS_EMULATED_AVX512
  for (const int parts : {1, 3}) {
    const auto made = run_emulated(loaded.model, image, parts);
    for (std::size_t o = 0; o < wanted.size(); ++o)
      error = std::max(error, test::relative_error(made[o], wanted[o]));
  }
#endif
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
  SECTION("1x1 over many channels") {
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
    for (const auto& [groups, in, out] : {std::array{2, 16, 16},
                                          {3, 12, 20},
                                          {2, 40, 24},
                                          {2, 17, 9},
                                          {4, 4, 8},
                                          {8, 8, 10},
                                          {4, 8, 8},
                                          {6, 5, 7},
                                          {8, 2, 2},
                                          {5, 3, 3},
                                          {16, 1, 2},
                                          {4, 6, 4},
                                          {3, 8, 24}})
      for (const int width : {5, 10, 14, 16})
        for (const int stride : {1, 2}) {
          INFO(groups << " groups of " << in << " to " << out << ", width " << width << ", stride "
                      << stride);
          CHECK(error_of({groups * in, 9, width}, {groups * out, 3, stride, groups, 1, true}) <
                kOneLayer);
        }
  }
  SECTION("first layers") {
    for (const int channels : {1, 3, 8, 9})
      for (const int kernel : {1, 3, 5, 7})
        for (const int stride : {1, 2, 4}) {
          Sketch sketch({channels, 11, 23});
          INFO(channels << " " << kernel << " " << stride);
          CHECK(largest_error(sketch.ending(
                    sketch.add(net::Conv{40, kernel, stride, 1, 1, true}, {0}))) < kOneLayer);
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

TEST_CASE("bf16: depthwise convolutions and some of interleaved groups stay float") {
  const auto is_bf16 = [](int groups, int channels, int kernel = 3, int stride = 1) {
    Sketch sketch({channels, 6, 6});
    const int first = sketch.add(net::Activate{Activation::Relu}, {0});
    const net::Network network =
        sketch.ending(sketch.add(net::Conv{channels, kernel, stride, groups, 1, true}, {first}));
    const auto loaded = test::load(deploy::fuse(network, test::random_weights(network, 1)),
                                   {Precision::Bf16, nullptr});
    CHECK(loaded.model.program().precision == "bf16");
    return loaded.model.program().steps.back().is_bf16;
  };
  CHECK(is_bf16(1, 16));
  CHECK(is_bf16(2, 32));
  CHECK(is_bf16(2, 16));
  CHECK(is_bf16(2, 16, 3, 2));
  CHECK(is_bf16(2, 16, 5));
  CHECK_FALSE(is_bf16(2, 16, 5, 2));
  CHECK_FALSE(is_bf16(2, 16, 7));
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
