// The bf16 kernels of every level against the rules of export/lowering/bf16.hpp, written down as
// plain sums. Kernels of an AVX-512 CPU run emulated where this CPU is none.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "export/lowering/bf16.hpp"
#include "export/runtime/kernels/f32/kernels.hpp"
#include "export/runtime/level.hpp"

namespace atto::edge {

#ifdef ATTO_HAS_EMULATED_AVX512
const Kernels& emulated_avx512_bf16_kernels();
#endif

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

using deploy::bf16_of;
using deploy::bf16_rounded;

struct Variant {
  std::string name;
  const Kernels& kernels;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const Level level : available_levels())
    all.push_back({std::string(level_name(level)), kernels_of(level)});
#ifdef ATTO_HAS_EMULATED_AVX512
  all.push_back({"avx512_bf16, emulated", emulated_avx512_bf16_kernels()});
#endif
  return all;
}

/// Numbers of every kind: both sides of ties, carries, both infinities; 16 at a time.
std::vector<float> many_values() {
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 0x10000; high += 61)
    for (const std::uint32_t low : {0U, 1U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
      const float value = std::bit_cast<float>(high << 16 | low);
      // A CPU may take what is smaller than any normal number for zero.
      if (value == 0 || std::fabs(value) >= std::numeric_limits<float>::min() || std::isnan(value))
        values.push_back(value);
    }
  values.resize(values.size() / 16 * 16);
  return values;
}

/// What bf16_round made, as floats.
std::vector<float> rounded_by(const Kernels& kernels, const std::vector<float>& values,
                              int interleave = 1) {
  std::vector<float> made(values.size());
  kernels.bf16_round(made.data(), values.data(), values.size(), interleave);
  if (kernels.bf16_conv == nullptr) return made;
  const auto* halves = reinterpret_cast<const std::uint16_t*>(made.data());
  std::vector<float> wide;
  for (std::size_t i = 0; i < values.size(); ++i)
    wide.push_back(std::bit_cast<float>(std::uint32_t{halves[i]} << 16));
  return wide;
}

/// Rows of a map, [block][width][16] without a halo, and a window over them.
struct Case {
  int width = 5, height = 3;  ///< of the output
  int full_blocks = 1, last_depth = 0, blocks = 1;
  int kernel = 1, stride = 1;
  bool has_residual = false;
  Clamp clamp{-kInfinity, kInfinity}, joined{-kInfinity, kInfinity};
};

/// Small whole numbers, whose sums are exact in any order.
std::vector<float> whole_numbers(std::size_t count, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.below(17)) - 8;
  return values;
}

std::vector<std::uint16_t> halves(const std::vector<float>& values) {
  std::vector<std::uint16_t> made;
  for (const float value : values) made.push_back(bf16_of(value));
  return made;
}

/// The memory of a case, and what is to become of it.
struct Maps {
  explicit Maps(const Case& of)
      : c(of),
        in_width((c.width - 1) * c.stride + c.kernel),
        in_blocks(c.full_blocks + (c.last_depth > 0 ? 1 : 0)),
        depth(c.full_blocks * 16 + c.last_depth),
        block_step(in_width * 16),
        row_step(block_step * in_blocks),
        out_row(c.width * 16 * c.blocks),
        src(whole_numbers(size(row_step * ((c.height - 1) * c.stride + c.kernel)), 1)),
        weights(whole_numbers(size(c.blocks * c.kernel * c.kernel * depth * 16), 2)),
        bias(whole_numbers(size(c.blocks * 16), 3)),
        residual(whole_numbers(size(out_row * c.height), 4)) {
    for (int y = 0; y < c.height; ++y)
      for (int x = 0; x < c.width; ++x)
        offsets.push_back(static_cast<std::uint32_t>(y * out_row + x * 16));
  }
  static std::size_t size(int values) { return static_cast<std::size_t>(values); }

  float wanted(int y, int x, int block, int lane) const {
    const std::size_t at = size(y * out_row + (block * c.width + x) * 16 + lane);
    float sum = bias[size(block * 16 + lane)];
    for (int ky = 0; ky < c.kernel; ++ky)
      for (int kx = 0; kx < c.kernel; ++kx)
        for (int d = 0; d < depth; ++d) {
          const int tap = (block * c.kernel + ky) * c.kernel + kx;
          const int row = (y * c.stride + ky) * row_step;
          sum += src[size(row + d / 16 * block_step + (x * c.stride + kx) * 16 + d % 16)] *
                 weights[size(((tap * depth / 2 + d / 2) * 16 + lane) * 2 + d % 2)];
        }
    sum = std::min(std::max(sum, c.clamp.low), c.clamp.high);
    if (!c.has_residual) return sum;
    return std::min(std::max(sum + residual[at], c.joined.low), c.joined.high);
  }

  /// Runs tiles of `pixels`, the last of a row of what is left.
  std::vector<float> run(const Kernels& kernels, int pixels) const {
    const std::vector<std::uint16_t> half_src = halves(src), half_weights = halves(weights);
    std::vector<float> dst(size(out_row * c.height));
    std::vector<Tile> tiles;
    for (int y = 0; y < c.height; ++y)
      for (int x = 0; x < c.width; x += pixels)
        tiles.push_back({std::int64_t{y} * c.stride * row_step + x * c.stride * 16,
                         static_cast<std::uint32_t>(y * c.width + x),
                         static_cast<std::uint32_t>(std::min(pixels, c.width - x)), 0, c.kernel});
    ConvPanel panel{};
    panel.src = half_src.data();
    panel.tiles = tiles.data();
    panel.tile_count = tiles.size();
    panel.pixel_step = std::ptrdiff_t{c.stride} * 16;
    panel.row_step = row_step;
    panel.column_step = 16;
    panel.block_step = block_step;
    panel.kernel_width = c.kernel;
    panel.full_blocks = c.full_blocks;
    panel.last_depth = c.last_depth;
    panel.blocks = c.blocks;
    panel.lanes = 16;
    panel.weights = half_weights.data();
    panel.weight_step = std::ptrdiff_t{c.kernel} * c.kernel * depth * 16;
    panel.bias = bias.data();
    panel.dst = dst.data();
    panel.dst_step = std::ptrdiff_t{c.width} * 16;
    panel.dst_offset = offsets.data();
    if (c.has_residual) {
      panel.residual = residual.data();
      panel.residual_step = panel.dst_step;
      panel.residual_offset = offsets.data();
    }
    panel.clamp = c.clamp;
    panel.joined = c.joined;
    kernels.bf16_conv(panel);
    return dst;
  }

  Case c;
  int in_width, in_blocks, depth, block_step, row_step, out_row;
  std::vector<float> src, weights, bias, residual;
  std::vector<std::uint32_t> offsets;
};

/// At every level that has a kernel, in tiles of every size.
void require_sums(const Case& c) {
  const Maps maps(c);
  for (const Variant& variant : variants()) {
    if (variant.kernels.bf16_conv == nullptr) continue;  // floats, which engine tests run
    REQUIRE(c.blocks <= variant.kernels.panel_blocks);
    for (int pixels = 1; pixels <= variant.kernels.max_pixels; ++pixels) {
      INFO(variant.name << ", tiles of " << pixels);
      const std::vector<float> made = maps.run(variant.kernels, pixels);
      std::size_t wrong = 0, at = 0;
      for (int y = 0; y < c.height; ++y)
        for (int block = 0; block < c.blocks; ++block)
          for (int x = 0; x < c.width; ++x)
            for (int lane = 0; lane < 16; ++lane)
              wrong += made[at++] != maps.wanted(y, x, block, lane);
      REQUIRE(wrong == 0);
    }
  }
}

/// A row of a convolution of interleaved groups, its sides chosen at random.
struct GroupCase {
  explicit GroupCase(spec::Random& random) {
    const auto up_to = [&](int most) {
      return 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(most)));
    };
    row.interleave = 1 << up_to(3);
    row.depth = up_to(32 / row.interleave);  // two blocks
    row.kernel_width = random.below(2) == 0 ? 3 : up_to(5);
    row.stride = random.below(2) == 0 ? 1 : up_to(3);
    const int dilation = random.below(3) == 0 ? 2 : 1;
    row.ky_begin = up_to(2) - 1;
    row.ky_end = row.ky_begin + up_to(3);
    row.width = up_to(30);
    row.readers = up_to(3);
    row.blocks = row.readers * up_to(3);
    row.column_step = std::ptrdiff_t{dilation} * 16;
    row.block_step = ((row.width - 1) * row.stride + (row.kernel_width - 1) * dilation + 1) * 16;
    row.reader_step = 2 * row.block_step;
    row.row_step = row.reader_step * (row.blocks / row.readers);
    tap = (row.depth + 1) / 2 * 32;
    row.weight_step = row.ky_end * row.kernel_width * tap;
    row.dst_step = row.residual_step = row.width * 16;
    const auto out = static_cast<std::size_t>(row.blocks * row.dst_step);
    src = whole_numbers(static_cast<std::size_t>(row.row_step * 3), random.below(1000));
    weights = whole_numbers(static_cast<std::size_t>(row.blocks * row.weight_step), 2);
    bias = whole_numbers(static_cast<std::size_t>(row.blocks * 16), 3);
    residual = whole_numbers(out, 4);
    row.clamp = {random.below(2) == 0 ? 0 : -kInfinity, kInfinity};
    row.joined = {-kInfinity, random.below(2) == 0 ? 6 : kInfinity};
    row.bias = bias.data();
    if (random.below(2) == 0) row.residual = residual.data();
  }

  float wanted(int block, int x, int lane) const {
    float sum = bias[static_cast<std::size_t>(block * 16 + lane)];
    const int each = 16 / row.interleave;
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky)
      for (int kx = 0; kx < row.kernel_width; ++kx)
        for (int c = 0; c < row.depth; ++c) {
          const std::ptrdiff_t from = block / row.readers * row.reader_step +
                                      (ky - row.ky_begin) * row.row_step + kx * row.column_step +
                                      x * row.stride * 16 + c / each * row.block_step +
                                      c % each * row.interleave + lane % row.interleave;
          const std::ptrdiff_t weight = block * row.weight_step +
                                        (ky * row.kernel_width + kx) * tap + c / 2 * 32 + lane * 2 +
                                        c % 2;
          sum += src[static_cast<std::size_t>(from)] * weights[static_cast<std::size_t>(weight)];
        }
    sum = std::min(std::max(sum, row.clamp.low), row.clamp.high);
    if (row.residual == nullptr) return sum;
    sum += residual[static_cast<std::size_t>(block * row.dst_step + x * 16 + lane)];
    return std::min(std::max(sum, row.joined.low), row.joined.high);
  }

  std::size_t wrong_by(const Kernels& kernels) const {
    std::vector<float> zeroed = weights;  // the second of a pair that is beyond the depth
    for (std::size_t i = 0; row.depth % 2 == 1 && i < zeroed.size(); ++i)
      if (static_cast<std::ptrdiff_t>(i) % tap >= tap - 32 && i % 2 == 1) zeroed[i] = 0;
    const std::vector<std::uint16_t> half_weights = halves(zeroed);
    // As bf16_round makes it, and no numbers behind it, as far as a tile may read.
    std::vector<std::uint16_t> half_src = halves(rounded_by(kernels, src, row.interleave));
    half_src.resize(half_src.size() + static_cast<std::size_t>(kGroupedTile * row.stride * 16),
                    0xffff);
    std::vector<float> dst(residual.size() + 1, -99);
    GroupedRow made = row;
    made.src = half_src.data();
    made.weights = half_weights.data() + row.ky_begin * row.kernel_width * tap;
    made.dst = dst.data();
    kernels.bf16_grouped_row(made);
    std::size_t wrong = dst.back() != -99;
    for (int block = 0; block < row.blocks; ++block)
      for (int x = 0; x < row.width; ++x)
        for (int lane = 0; lane < 16; ++lane)
          wrong += dst[static_cast<std::size_t>(block * row.dst_step + x * 16 + lane)] !=
                   wanted(block, x, lane);
    return wrong;
  }

  GroupedRow row{};
  std::ptrdiff_t tap = 0;
  std::vector<float> src, weights, bias, residual;
};

}  // namespace

TEST_CASE("bf16 kernels sum the products of pairs of channels of interleaved groups") {
  spec::Random random(11);
  for (int i = 0; i < 300; ++i) {
    const GroupCase c(random);
    for (const Variant& variant : variants()) {
      if (variant.kernels.bf16_grouped_row == nullptr) continue;
      INFO(variant.name << ", " << i << ": " << c.row.interleave << " groups, depth " << c.row.depth
                        << ", kernel " << c.row.kernel_width << ", stride " << c.row.stride
                        << ", width " << c.row.width);
      REQUIRE(c.wrong_by(variant.kernels) == 0);
    }
  }
}

TEST_CASE("bf16 kernels sum the products of pairs of channels") {
  std::cout << "bf16 kernels of:";
  for (const Variant& variant : variants())
    std::cout << " [" << variant.name
              << (variant.kernels.bf16_conv == nullptr ? ", as floats]" : "]");
  std::cout << '\n';
  SECTION("over channels around the blocks") {
    for (const int full_blocks : {0, 1, 3})
      for (const int last_depth : {0, 2, 14})
        for (const int blocks : {1, 2}) {
          INFO(full_blocks << " " << last_depth << " " << blocks);
          if (full_blocks + last_depth > 0)
            require_sums({.width = 17,
                          .full_blocks = full_blocks,
                          .last_depth = last_depth,
                          .blocks = blocks});
        }
  }
  SECTION("over windows and strides") {
    for (const int kernel : {2, 3, 5})
      for (const int stride : {1, 2, 3})
        for (const int blocks : {1, 2})
          require_sums(
              {.width = 8, .last_depth = 6, .blocks = blocks, .kernel = kernel, .stride = stride});
  }
  SECTION("clamped, joined") {
    for (const int blocks : {1, 2})
      for (const bool has_residual : {false, true}) {
        require_sums({.blocks = blocks, .has_residual = has_residual, .clamp = {0, 6}});
        require_sums({.blocks = blocks, .has_residual = has_residual, .joined = {0, kInfinity}});
      }
  }
}

TEST_CASE("bf16 kernels round as the rules say") {
  const std::vector<float> values = many_values();
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const std::vector<float> made = rounded_by(variant.kernels, values);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float wanted = bf16_rounded(values[i]);
      wrong += !(made[i] == wanted || (std::isnan(made[i]) && std::isnan(wanted)));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("bf16 kernels put pairs of channels of interleaved groups side by side") {
  const std::vector<float> values = whole_numbers(48, 5);
  for (const Variant& variant : variants())
    for (const int interleave : {2, 4, 8}) {
      INFO(variant.name << " " << interleave);
      const std::vector<float> made = rounded_by(variant.kernels, values, interleave);
      for (int i = 0; i < 48; ++i) {
        const int lane = i % 16, channel = lane / interleave, group = lane % interleave;
        const int at = (channel / 2 * interleave + group) * 2 + channel % 2;
        const bool in_pairs = variant.kernels.bf16_conv != nullptr;
        CHECK(made[static_cast<std::size_t>(i / 16 * 16 + (in_pairs ? at : lane))] ==
              values[static_cast<std::size_t>(i)]);
      }
    }
}

TEST_CASE("bf16 kernels widen pairs of channels to channels") {
  std::vector<std::uint16_t> pairs(3 * 32);
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = bf16_of(static_cast<float>(i));
  for (const Variant& variant : variants()) {
    if (variant.kernels.bf16_conv != nullptr) continue;  // reads them as they are
    INFO(variant.name);
    std::vector<float> made(pairs.size() + 1, -1);
    variant.kernels.bf16_widen(made.data(), pairs.data(), pairs.size());
    for (std::size_t channel = 0; channel < 6; ++channel)
      for (std::size_t lane = 0; lane < 16; ++lane)
        REQUIRE(made[channel * 16 + lane] ==
                static_cast<float>(channel / 2 * 32 + lane * 2 + channel % 2));
    CHECK(made.back() == -1);
  }
}

}  // namespace atto::edge
