// The int8 kernels of every level against sums written down from the rules of
// export/lowering/quantisation.hpp. Kernels of an AVX-512 CPU and of WebAssembly run emulated too.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "export/runtime/level.hpp"
#include "export/runtime/steps/i8_words.hpp"

namespace atto::edge {

#ifdef ATTO_HAS_EMULATED_AVX512
const I8Kernels& i8_emulated_vnni_kernels();
#endif
#ifdef ATTO_HAS_EMULATED_WASM128
const I8Kernels& i8_emulated_wasm128_kernels();
#endif

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int kZeroPoint = 7, kResidualZero = 131;

struct Variant {
  std::string name;
  const I8Kernels& kernels;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const Level level : available_levels())
    all.push_back({std::string(level_name(level)), i8_kernels_of(level)});
#ifdef ATTO_HAS_EMULATED_AVX512
  all.push_back({"avx512_vnni, emulated", i8_emulated_vnni_kernels()});
#endif
#ifdef ATTO_HAS_EMULATED_WASM128
  all.push_back({"wasm128, emulated", i8_emulated_wasm128_kernels()});
#endif
  return all;
}

template <class Value>
std::vector<Value> random_values(std::size_t count, int low, int high, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<Value> values(count);
  for (Value& value : values)
    value = static_cast<Value>(
        low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))));
  return values;
}

/// A convolution from a map of `blocks` blocks to another, all in one group or, with an interleave,
/// in groups of 16 / interleave channels that lie in turn.
struct Case {
  int width = 9, height = 5;  ///< of the output
  int in_blocks = 1, out_blocks = 1, last_depth = 16;
  int kernel = 1, stride = 1, dilation = 1;
  int interleave = 1;
  int pixel_bytes = 16;
  int lanes = 16;  ///< of the last output block that hold a channel
  bool has_residual = false, is_depthwise = false;
  bool is_wide = false;  ///< interleaved groups in all blocks of the input, for each of the output
  int outside = 0;       ///< rows above and below the map that the first and the last window meet
  Clamp clamp{-kInfinity, kInfinity}, joined{-kInfinity, kInfinity};
};

/// The memory of a case: rows [block][width][16] without a halo, and what the kernels read.
struct Maps {
  explicit Maps(const Case& of)
      : c(of),
        in_width((c.width - 1) * c.stride + (c.kernel - 1) * c.dilation + 1),
        in_height((c.height - 1) * c.stride + (c.kernel - 1) * c.dilation + 1),
        block_step(in_width * c.pixel_bytes),
        row_step(block_step * c.in_blocks),
        out_block_step(c.width * 16),
        out_row_step(out_block_step * c.out_blocks),
        quads((depth() + 3) / 4),
        lanes(static_cast<std::size_t>(c.out_blocks) * 16),
        src(random_values<std::uint8_t>(static_cast<std::size_t>(row_step * in_height) + 128, 0,
                                        255, 1)),
        weights(random_values<std::int8_t>(
            static_cast<std::size_t>(c.out_blocks * c.kernel * c.kernel * quads * 64), -127, 127,
            2)),
        bias(random_values<std::int32_t>(lanes, -90000, 90000, 3)),
        residual(random_values<std::uint8_t>(static_cast<std::size_t>(out_row_step * c.height), 0,
                                             255, 4)),
        dst(residual.size() + 64, 0xab) {
    const float spread = 300.0F * std::sqrt(static_cast<float>(depth() * c.kernel * c.kernel));
    for (std::size_t lane = 0; lane < lanes; ++lane)
      multipliers.push_back((1 + static_cast<float>(lane % 7) / 3) / spread);
    requantisation.multipliers = multipliers.data();
    requantisation.clamp = c.clamp;
    requantisation.joined = c.joined;
    requantisation.zero_point = kZeroPoint;
    const Clamp last = c.has_residual ? c.joined : c.clamp;
    requantisation.low = byte(last.low);
    requantisation.high = byte(last.high);
    requantisation.residual_factor = 0.37F;
    requantisation.residual_zero = kResidualZero;
  }

  int depth() const {
    if (c.is_depthwise) return 1;
    return c.interleave > 1 && !c.is_wide ? c.last_depth
                                          : (c.in_blocks - 1) * 16 / c.interleave + c.last_depth;
  }
  static std::uint8_t byte(float x) {
    const float place = std::nearbyint(x) + static_cast<float>(kZeroPoint);
    return static_cast<std::uint8_t>(std::min(std::max(place, 0.0F), 255.0F));
  }
  int value(int y, int x, int block, int byte_of_pixel) const {
    if (y < c.outside || y >= in_height - c.outside) return 0;
    return src[static_cast<std::size_t>(y * row_step + block * block_step + x * c.pixel_bytes +
                                        byte_of_pixel)];
  }
  int weight(int block, int ky, int kx, int channel, int lane) const {
    const int tap = (block * c.kernel + ky) * c.kernel + kx;
    if (c.is_depthwise) return weights[static_cast<std::size_t>(tap * 16 + lane)];
    return weights[static_cast<std::size_t>(((tap * quads + channel / 4) * 16 + lane) * 4 +
                                            channel % 4)];
  }
  std::int32_t sum(int y, int x, int block, int lane) const {
    std::int32_t of = bias[static_cast<std::size_t>(block * 16 + lane)];
    for (int ky = 0; ky < c.kernel; ++ky)
      for (int kx = 0; kx < c.kernel; ++kx) {
        const int sy = y * c.stride + ky * c.dilation, sx = x * c.stride + kx * c.dilation;
        if (c.is_depthwise) {
          of += value(sy, sx, block, lane) * weight(block, ky, kx, 0, lane);
          continue;
        }
        for (int d = 0; d < quads * 4; ++d) {
          const int from = c.interleave > 1 && !c.is_wide ? block : d * c.interleave / 16;
          const int at = c.interleave > 1 ? (d * c.interleave + lane % c.interleave) % 16 : d % 16;
          of += value(sy, sx, from, at) * weight(block, ky, kx, d, lane);
        }
      }
    return of;
  }
  std::uint8_t wanted(int y, int x, int block, int lane) const {
    const auto clamped = [](float v, Clamp by) { return std::min(std::max(v, by.low), by.high); };
    float v = static_cast<float>(sum(y, x, block, lane)) *
              multipliers[static_cast<std::size_t>(block * 16 + lane)];
    v = clamped(v, c.clamp);
    if (c.has_residual) {
      const int r = residual[static_cast<std::size_t>(at(y, x, block, lane))];
      v = clamped(v + static_cast<float>(r - kResidualZero) * requantisation.residual_factor,
                  c.joined);
    }
    return byte(v);
  }
  int at(int y, int x, int block, int lane) const {
    return y * out_row_step + block * out_block_step + x * 16 + lane;
  }

  void require_wanted() const {
    std::size_t differing = 0;
    for (int y = 0; y < c.height; ++y)
      for (int b = 0; b < c.out_blocks; ++b)
        for (int x = 0; x < c.width; ++x)
          for (int l = 0; l < (b + 1 == c.out_blocks ? c.lanes : 16); ++l)
            differing +=
                dst[static_cast<std::size_t>(at(y, x, b, l))] != wanted(y, x, b, l) ? 1 : 0;
    REQUIRE(differing == 0);
    REQUIRE(std::all_of(dst.end() - 64, dst.end(), [](std::uint8_t v) { return v == 0xab; }));
  }

  /// Gives back what the kernels take from every activation.
  std::vector<std::int32_t> bias_for(int shift) const {
    std::vector<std::int32_t> given = bias;
    for (std::size_t lane = 0; lane < lanes; ++lane)
      for (int ky = 0; ky < c.kernel; ++ky)
        for (int kx = 0; kx < c.kernel; ++kx)
          for (int d = 0; d < quads * 4; ++d)
            given[lane] +=
                shift * weight(static_cast<int>(lane / 16), ky, kx, d, static_cast<int>(lane % 16));
    return given;
  }

  void run_conv(const I8Kernels& kernels) {
    const bool in_words = kernels.words.conv != nullptr && c.interleave == 1;
    const bool is_arranged = kernels.arrange_groups != nullptr && c.interleave > 1;
    const int arranged_quads = i8_arranged_quads(c.interleave, quads);
    const std::ptrdiff_t bytes = is_arranged ? i8_arranged_bytes(arranged_quads)
                                 : in_words  ? kI8WordBytes
                                             : 1;
    std::vector<std::byte> converted(src.size() * static_cast<std::size_t>(bytes)), room;
    const std::size_t count = src.size() / 16 * 16;
    if (is_arranged)
      kernels.arrange_groups(converted.data(), src.data(), count, c.interleave, arranged_quads);
    if (in_words) {
      kernels.words.widen_pixels(converted.data(), src.data(), count);
      room.resize(weights.size() * kI8WordBytes);
    }
    std::vector<Tile> tiles;
    std::vector<std::uint32_t> offsets;
    for (int y = 0; y < c.height; ++y)
      for (int x = 0; x < c.width; ++x) {
        offsets.push_back(static_cast<std::uint32_t>(y * out_row_step + x * 16));
        if (x % kernels.max_pixels != 0) continue;
        const auto pixels = static_cast<std::uint32_t>(std::min(kernels.max_pixels, c.width - x));
        tiles.push_back({std::int64_t{y} * c.stride * row_step + x * c.stride * c.pixel_bytes,
                         static_cast<std::uint32_t>(y * c.width + x), pixels, 0, c.kernel});
      }
    for (Tile& tile : tiles) tile.src *= bytes;
    const std::vector<std::int32_t> given = bias_for(kernels.conv_shift);
    const std::vector<const std::int32_t*> biases(tiles.size(), given.data());
    const int together = c.interleave > 1 ? 1 : kI8PanelBlocks;
    for (int b = 0; b < c.out_blocks; b += together) {
      I8Panel panel{};
      panel.src = src.data() + (c.interleave > 1 && !c.is_wide ? b * block_step : 0);
      panel.tiles = tiles.data();
      panel.tile_bias = biases.data();
      panel.tile_count = tiles.size();
      panel.bias_offset = b * 16;
      panel.pixel_step = c.stride * c.pixel_bytes;
      panel.row_step = c.dilation * row_step;
      panel.column_step = c.dilation * c.pixel_bytes;
      panel.block_step = block_step;
      panel.kernel_width = c.kernel;
      panel.full_blocks = c.interleave > 1 ? 0 : quads / 4;
      panel.last_quads = quads - 4 * panel.full_blocks;
      panel.interleave = c.interleave;
      panel.blocks = std::min(together, c.out_blocks - b);
      panel.lanes = b + panel.blocks == c.out_blocks ? c.lanes : 16;
      panel.weight_step = c.kernel * c.kernel * quads * 64;
      panel.weights = weights.data() + b * panel.weight_step;
      panel.dst = dst.data() + b * out_block_step;
      panel.dst_step = out_block_step;
      panel.dst_offset = offsets.data();
      if (c.has_residual) {
        panel.residual = residual.data() + b * out_block_step;
        panel.residual_step = out_block_step;
        panel.residual_offset = offsets.data();
      }
      panel.requantisation = requantisation;
      panel.requantisation.multipliers += b * 16;
      if (is_arranged || in_words)
        read_converted(panel, converted.data() + (panel.src - src.data()) * bytes, bytes);
      if (in_words)
        conv_in_words(kernels.words, panel, room.data());
      else
        kernels.conv(panel);
    }
  }

  void run_depthwise_blocks(const I8Kernels& kernels) {
    const std::vector<const std::int32_t*> bias_of_row(static_cast<std::size_t>(c.height),
                                                       bias.data());
    for (int b = 0; b < c.out_blocks; ++b)
      for (const int cut : {0, c.height / 2}) {
        I8DepthwiseBlock block{};
        block.src = src.data() + b * block_step;
        block.row_step = row_step;
        block.in_height = in_height - 2 * c.outside;
        block.kernel = c.kernel;
        block.stride = c.stride;
        block.pad = c.outside;
        block.first = cut;
        block.end = cut == 0 ? c.height / 2 : c.height;
        block.width = c.width;
        block.weights = weights.data() + b * c.kernel * c.kernel * 16;
        block.bias = bias_of_row.data();
        block.bias_offset = b * 16;
        block.dst = dst.data() + b * out_block_step;
        block.dst_step = out_row_step;
        if (c.has_residual) {
          block.residual = residual.data() + b * out_block_step;
          block.residual_step = out_row_step;
        }
        block.requantisation = requantisation;
        block.requantisation.multipliers += b * 16;
        kernels.depthwise_block(block);
      }
  }

  void run_depthwise(const I8Kernels& kernels) {
    if (kernels.depthwise_block != nullptr && c.dilation == 1 && c.stride <= 2 && c.kernel <= 7 &&
        (c.width % 4 == 0 || (c.width > 4 && !c.has_residual)))
      return run_depthwise_blocks(kernels);
    for (int y = 0; y < c.height; ++y) {
      I8DepthwiseRow row{};
      row.ky_begin = std::max(0, c.outside - y * c.stride);
      row.ky_end = std::min(c.kernel, in_height - c.outside - y * c.stride);
      if (c.dilation > 1) row.ky_end = c.kernel;
      row.src = src.data() + (y * c.stride + row.ky_begin) * row_step;
      row.row_step = c.dilation * row_step;
      row.column_step = c.dilation * 16;
      row.block_step = block_step;
      row.stride = c.stride;
      row.kernel_width = c.kernel;
      row.blocks = c.out_blocks;
      row.width = c.width;
      row.weights = weights.data() + row.ky_begin * c.kernel * 16;
      row.weight_step = c.kernel * c.kernel * 16;
      row.bias = bias.data();
      row.dst = dst.data() + y * out_row_step;
      row.dst_step = out_block_step;
      if (c.has_residual) {
        row.residual = residual.data() + y * out_row_step;
        row.residual_step = out_block_step;
      }
      row.requantisation = requantisation;
      kernels.depthwise_row(row);
    }
  }

  Case c;
  int in_width, in_height, block_step, row_step, out_block_step, out_row_step, quads;
  std::size_t lanes;
  std::vector<std::uint8_t> src;
  std::vector<std::int8_t> weights;
  std::vector<std::int32_t> bias;
  std::vector<std::uint8_t> residual, dst;
  std::vector<float> multipliers;
  I8Requantisation requantisation{};
};

void require_same(const Case& c) {
  for (const Variant& variant : variants()) {
    INFO(variant.name << ", width " << c.width << ", kernel " << c.kernel << ", stride "
                      << c.stride);
    Maps maps(c);
    if (c.is_depthwise)
      maps.run_depthwise(variant.kernels);
    else
      maps.run_conv(variant.kernels);
    maps.require_wanted();
  }
}

}  // namespace

TEST_CASE("int8 kernels: which levels these tests run") {
  std::cout << "int8 kernels of:";
  for (const Variant& variant : variants()) std::cout << " [" << variant.name << "]";
  std::cout << "\n";
  CHECK(!variants().empty());
}

TEST_CASE("int8 kernels: convolutions of every tile, depth, stride and ending") {
  for (int width = 1; width <= 17; ++width) {
    Case c;
    c.width = width;
    c.out_blocks = 3;
    c.in_blocks = 2;
    SECTION("1x1, width " + std::to_string(width)) {
      for (const int last : {3, 8, 16}) {
        c.last_depth = last;
        require_same(c);
      }
      c.clamp = {0, kInfinity};
      require_same(c);
      c.clamp = {0, 42.5F};
      require_same(c);
      c.has_residual = true;
      c.joined = {0, 60.5F};
      require_same(c);
      c.clamp = {-kInfinity, kInfinity};
      c.joined = c.clamp;
      require_same(c);
    }
    SECTION("half a block, width " + std::to_string(width)) {
      for (const int lanes : {3, 8, 9})
        for (const int kernel : {1, 3}) {
          c.lanes = lanes;
          c.kernel = kernel;
          require_same(c);
        }
      c.out_blocks = 1;
      c.lanes = 8;
      c.has_residual = true;
      c.joined = {0, 60.5F};
      require_same(c);
    }
    SECTION("3x3, width " + std::to_string(width)) {
      c.kernel = 3;
      for (const int stride : {1, 2, 3})
        for (const int dilation : {1, 2}) {
          c.stride = stride;
          c.dilation = dilation;
          require_same(c);
        }
    }
    SECTION("pixels of fewer bytes, width " + std::to_string(width)) {
      c.kernel = 3;
      c.stride = 2;
      c.in_blocks = 1;
      for (const int bytes : {4, 8}) {
        c.pixel_bytes = c.last_depth = bytes;
        require_same(c);
      }
    }
    SECTION("interleaved groups, width " + std::to_string(width)) {
      c.kernel = 3;
      c.in_blocks = 1;
      for (const int interleave : {2, 4, 8})
        for (const int stride : {1, 2}) {
          c.interleave = interleave;
          c.stride = stride;
          c.has_residual = stride == 1;
          c.out_blocks = c.in_blocks = 2;
          for (const int depth : {16 / interleave, 8 / interleave + 1}) {
            c.last_depth = depth;
            require_same(c);
          }
        }
    }
    SECTION("interleaved groups over several blocks, width " + std::to_string(width)) {
      c.is_wide = true;
      c.kernel = 3;
      for (const int interleave : {2, 4})
        for (const int in_blocks : {2, 3, 5}) {
          c.interleave = interleave;
          c.in_blocks = in_blocks;
          for (const int depth : {1, 8 / interleave + 1, 16 / interleave}) {
            c.last_depth = depth;
            require_same(c);
          }
        }
    }
  }
}

TEST_CASE("int8 kernels: lanes of several blocks, each with a scale and zero point of its own") {
  constexpr int kMaxWidth = 9, kSources = 5;
  constexpr std::size_t kBytes = kMaxWidth * 16 + 16;
  for (const Variant& variant : variants())
    for (int width = 1; width <= kMaxWidth; ++width)
      for (std::size_t count = 0; count <= kSources; ++count) {
        INFO(variant.name << ", width " << width << ", " << count << " sources");
        const auto maps = random_values<std::uint8_t>(kSources * kBytes, 0, 255, 1);
        const auto from = random_values<int>(16, -1, static_cast<int>(count) - 1, 2 + count);
        const auto lane = random_values<std::uint8_t>(16, 0, 15, 3);
        std::vector<std::int32_t> zeros(16);
        std::vector<float> factors(16);
        std::vector<std::vector<std::uint8_t>> lanes(count,
                                                     std::vector<std::uint8_t>(16, kI8NoLane));
        std::vector<I8LaneSource> sources;
        for (std::size_t s = 0; s < count; ++s)
          sources.push_back({maps.data() + s * kBytes, lanes[s].data()});
        for (std::size_t l = 0; l < 16; ++l) {
          if (from[l] < 0) continue;
          lanes[static_cast<std::size_t>(from[l])][l] = lane[l];
          zeros[l] = static_cast<std::int32_t>(40 * from[l] % 256);
          factors[l] = from[l] == 2 ? 1.0F : 0.5F * static_cast<float>(1 + from[l]);  // ties too
        }
        std::vector<std::uint8_t> dst(kBytes, 99);
        variant.kernels.gather_row(
            {sources.data(), count, zeros.data(), factors.data(), kZeroPoint, dst.data(), width});
        for (std::size_t i = 0; i < kBytes; ++i) {
          const std::size_t l = i % 16;
          double wanted = 99;
          if (i < static_cast<std::size_t>(width) * 16) {
            const int q = from[l] < 0
                              ? 0
                              : maps[static_cast<std::size_t>(from[l]) * kBytes + i - l + lane[l]];
            wanted = std::clamp(std::nearbyint((q - zeros[l]) * double{factors[l]}) + kZeroPoint,
                                0.0, 255.0);
          }
          REQUIRE(int{dst[i]} == static_cast<int>(wanted));
        }
      }
}

TEST_CASE("int8 kernels: depthwise windows of every width, stride and ending") {
  for (int width = 1; width <= 18; ++width)
    for (const int kernel : {3, 5, 7, 9})
      for (const int stride : {1, 2, 3}) {
        Case c;
        c.is_depthwise = true;
        c.width = width;
        c.height = 5;
        c.kernel = kernel;
        c.stride = stride;
        c.in_blocks = c.out_blocks = 2;
        require_same(c);
        c.outside = kernel / 2;
        require_same(c);
        c.outside = 0;
        c.dilation = 2;
        c.clamp = {0, 80};
        require_same(c);
        c.dilation = 1;
        c.has_residual = true;
        c.joined = {0, kInfinity};
        require_same(c);
      }
}

TEST_CASE("int8 kernels: image rows divide, round and saturate") {
  std::vector<float> planes[3];
  for (std::uint64_t k = 0; k < 3; ++k)
    for (const int value : random_values<int>(40, -9000, 9000, k))
      planes[k].push_back(static_cast<float>(value) / 512);
  planes[0][0] = 1e30F;
  planes[0][1] = -kInfinity;
  planes[0][2] = std::numeric_limits<float>::quiet_NaN();
  planes[0][3] = 0.125F;  // half a step: to even
  planes[0][4] = 0.375F;
  for (const Variant& variant : variants())
    for (const int count : {1, 7, 8, 9, 40})
      for (const int step : {4, 8}) {
        INFO(variant.name << ", " << count << " pixels of " << step << " bytes");
        std::vector<std::uint8_t> made(static_cast<std::size_t>(count * step + 8), 0xab);
        variant.kernels.image_row({{planes[0].data(), planes[1].data(), planes[2].data(), nullptr},
                                   made.data(),
                                   step,
                                   count,
                                   0.25F,
                                   11});
        for (int x = 0; x < count; ++x)
          for (int k = 0; k < step; ++k) {
            const float value = k < 3 ? planes[k][static_cast<std::size_t>(x)] : 0;
            float q = std::nearbyint(value / 0.25F) + 11;
            q = std::isnan(q) ? 0 : std::min(std::max(q, 0.0F), 255.0F);
            REQUIRE(made[static_cast<std::size_t>(x * step + k)] == (k < 4 ? q : 0xab));
          }
        REQUIRE(made.back() == 0xab);
      }
}

TEST_CASE("int8 kernels: products with maps and gates") {
  for (const Variant& variant : variants())
    for (const int width : {1, 2, 3, 16, 256}) {
      INFO(variant.name << ", " << width);
      const auto count = static_cast<std::size_t>(width) * 16;
      const auto a = random_values<std::uint8_t>(count, 0, 255, 1);
      const auto b = random_values<std::uint8_t>(count, 0, 255, 2);
      for (const bool is_gate : {false, true}) {
        std::vector<std::uint8_t> made(count + 16, 0xab);
        variant.kernels.product_row(
            {a.data(), b.data(), is_gate, made.data(), width, 3, 130, 0.0123F, {9, 240, 9}});
        for (std::size_t i = 0; i < count; ++i) {
          const int product = (a[i] - 3) * (b[is_gate ? i % 16 : i] - 130);
          const float q = std::nearbyint(static_cast<float>(product) * 0.0123F) + 9;
          REQUIRE(made[i] == std::min(std::max(q, 9.0F), 240.0F));
        }
        REQUIRE(made.back() == 0xab);
      }
    }
}

TEST_CASE("int8 kernels: bytes looked up in a table, in place too") {
  const auto table = random_values<std::uint8_t>(256, 0, 255, 7);
  for (const Variant& variant : variants())
    for (const std::size_t pixels : {1, 2, 3, 16, 17}) {
      INFO(variant.name << ", " << pixels << " pixels");
      std::vector<std::uint8_t> bytes = random_values<std::uint8_t>(pixels * 16 + 16, 0, 255, 8);
      for (std::size_t i = 0; i + 16 < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(bytes[i] + i);
      std::vector<std::uint8_t> made(bytes.size(), 0xab), wanted = made;
      for (std::size_t i = 0; i < pixels * 16; ++i) wanted[i] = table[bytes[i]];
      variant.kernels.table_row({bytes.data(), table.data(), made.data(), pixels * 16});
      REQUIRE(made == wanted);
      std::copy(bytes.end() - 16, bytes.end(), wanted.end() - 16);
      variant.kernels.table_row({bytes.data(), table.data(), bytes.data(), pixels * 16});
      REQUIRE(bytes == wanted);
    }
}

TEST_CASE("int8 kernels: sums of maps, each with a scale and zero point of its own") {
  constexpr std::ptrdiff_t kRow = 20 * 16, kBlock = 2 * kRow;
  for (const Variant& variant : variants())
    for (const int width : {1, 2, 3, 19})
      for (const std::size_t count : {1, 2, 5}) {
        INFO(variant.name << ", " << width << " pixels of " << count << " maps");
        std::vector<std::vector<std::uint8_t>> maps;
        std::vector<I8Term> terms;
        for (std::size_t t = 0; t < count; ++t) {
          maps.push_back(random_values<std::uint8_t>(2 * kBlock, 0, 255, t));
          terms.push_back({maps[t].data(), kRow, kBlock, static_cast<std::int32_t>(60 * t),
                           t == 1 ? 0.37F : 0.5F});  // ties too
        }
        const auto bytes = static_cast<std::size_t>(width) * 16;
        std::vector<std::uint8_t> made(bytes + 16, 0xab);
        const std::ptrdiff_t place = kBlock + kRow;  // row 1 of block 1
        const auto require_sums = [&](const std::uint8_t* sums) {
          for (std::size_t i = 0; i < bytes; ++i) {
            float sum = 0;
            for (std::size_t t = 0; t < count; ++t) {
              const int q = maps[t][static_cast<std::size_t>(place) + i];
              sum += static_cast<float>(q - terms[t].zero) * terms[t].factor;
            }
            const float q = std::nearbyint(sum) + 9;
            REQUIRE(sums[i] == std::min(std::max(q, 9.0F), 240.0F));
          }
        };
        variant.kernels.sum_row({terms.data(), count, 1, 1, made.data(), width, {9, 240, 9}});
        require_sums(made.data());
        REQUIRE(made[bytes] == 0xab);
        // In place of the last map.
        std::vector<std::uint8_t> in_place = maps.back();
        terms.back().src = in_place.data();
        variant.kernels.sum_row(
            {terms.data(), count, 1, 1, in_place.data() + place, width, {9, 240, 9}});
        require_sums(in_place.data() + place);
      }
}

TEST_CASE("int8 kernels: means of rectangles") {
  constexpr std::ptrdiff_t kRow = 600 * 16;
  const auto random = random_values<std::uint8_t>(12 * kRow, 0, 255, 1);
  const std::vector<std::uint8_t> bright(random.size(), 255);
  for (const Variant& variant : variants())
    for (const auto& map : {random, bright})
      for (const int rows : {1, 2, 3, 11})
        for (const int columns : {1, 2, 3, 85, 256, 257, 600}) {
          INFO(variant.name << ", " << rows << " x " << columns);
          const float factor = 1.7F / static_cast<float>(rows * columns);
          std::uint8_t made[32];
          std::fill_n(made, 32, std::uint8_t{0xab});
          variant.kernels.mean({map.data(), kRow, rows, columns, 30, factor, made, {9, 240, 9}});
          for (std::size_t l = 0; l < 16; ++l) {
            std::int64_t sum = 0;
            for (int y = 0; y < rows; ++y)
              for (int x = 0; x < columns; ++x)
                sum += map[static_cast<std::size_t>(y * kRow + x * 16) + l] - 30;
            const float q = std::nearbyint(static_cast<float>(sum) * factor) + 9;
            REQUIRE(made[l] == std::min(std::max(q, 9.0F), 240.0F));
          }
          REQUIRE(made[16] == 0xab);
        }
}

}  // namespace atto::edge
