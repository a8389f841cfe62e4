// Int8 kernels for NEON, included by the file of a level. Convolutions multiply signed bytes, so
// 128 is taken from every activation, which the biases give back (I8Kernels::conv_shift). With
// ATTO_I8_DOTPROD an sdot adds the four channels of a lane; without, a product of bytes is widened
// in pairs, and every lane has two sums.
#include <iterator>

#include "export/runtime/kernels/i8/neon.hpp"
#include "export/runtime/kernels/i8/plain.hpp"

namespace atto::edge {
namespace {

#ifdef ATTO_I8_DOTPROD
#  define ATTO_NEON __attribute__((target("arch=armv8.2-a+dotprod")))
constexpr int kPixels = 5;  // 20 registers of sums, 5 of activations, 4 of weights
constexpr int kParts = 1;
#else
#  define ATTO_NEON
constexpr int kPixels = 2;  // 16 registers of sums; GCC finds no room for 24
constexpr int kParts = 2;
#endif
#define ATTO_NEON_INLINE ATTO_NEON inline __attribute__((always_inline))

using neon::kVectors;
using neon::Lanes;

/// A pixel's sums. With two parts a lane is the sum of two neighbours.
struct PixelSums {
  int32x4_t v[kVectors][kParts];
};

ATTO_NEON_INLINE PixelSums begin(const std::int32_t* bias) {
  PixelSums sums;
  for (int j = 0; j < kVectors; ++j) {
    const int32x4_t lanes = vld1q_s32(bias + 4 * j);
#ifdef ATTO_I8_DOTPROD
    sums.v[j][0] = lanes;
#else
    sums.v[j][0] = vzip1q_s32(lanes, vdupq_n_s32(0));
    sums.v[j][1] = vzip2q_s32(lanes, vdupq_n_s32(0));
#endif
  }
  return sums;
}

ATTO_NEON_INLINE void lanes_of(const PixelSums& sums, Lanes& lanes) {
  for (int j = 0; j < kVectors; ++j)
#ifdef ATTO_I8_DOTPROD
    lanes[j] = sums.v[j][0];
#else
    lanes[j] = vpaddq_s32(sums.v[j][0], sums.v[j][1]);
#endif
}

/// Adds the products of four lanes' quads of channels.
ATTO_NEON_INLINE void add(int32x4_t (&sums)[kParts], int8x16_t weights, int8x16_t x) {
#ifdef ATTO_I8_DOTPROD
  sums[0] = vdotq_s32(sums[0], weights, x);
#else
  sums[0] = vpadalq_s16(sums[0], vmull_s8(vget_low_s8(weights), vget_low_s8(x)));
  sums[1] = vpadalq_s16(sums[1], vmull_high_s8(weights, x));
#endif
}

/// As add(), of quad Q for all lanes.
template <int Q>
ATTO_NEON_INLINE void add_lane(int32x4_t (&sums)[kParts], int8x16_t weights, int8x16_t x) {
#ifdef ATTO_I8_DOTPROD
  sums[0] = vdotq_laneq_s32(sums[0], weights, x, Q);
#else
  add(sums, weights, vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(x), Q)));
#endif
}

ATTO_NEON_INLINE int8x16_t shifted(const std::uint8_t* pixel) {
  return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(pixel), vdupq_n_u8(0x80)));
}

template <int P>
ATTO_NEON_INLINE void finish_tile(const PixelSums (&sums)[P], const I8Panel& panel,
                                  std::size_t pixel, int block) {
  const float* multipliers = panel.requantisation.multipliers + block * format::kLanes;
  for (int i = 0; i < P; ++i) {
    const std::size_t at = pixel + static_cast<std::size_t>(i);
    const std::uint8_t* residual =
        panel.residual == nullptr
            ? nullptr
            : panel.residual + block * panel.residual_step + panel.residual_offset[at];
    Lanes lanes;
    lanes_of(sums[i], lanes);
    vst1q_u8(panel.dst + block * panel.dst_step + panel.dst_offset[at],
             neon::to_bytes(lanes, panel.requantisation, multipliers, residual));
  }
}

/// Adds quad Q of every pixel's block.
template <int P, int Q>
ATTO_NEON_INLINE void add_quad(PixelSums (&sums)[P], const int8x16_t (&x)[P],
                               const std::int8_t* w) {
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) {
    const int8x16_t weights = vld1q_s8(w + 16 * j);
#pragma GCC unroll 8
    for (int i = 0; i < P; ++i) add_lane<Q>(sums[i].v[j], weights, x[i]);
  }
}

template <int P>
ATTO_NEON_INLINE void load_pixels(int8x16_t (&x)[P], const std::uint8_t* p, std::ptrdiff_t pitch) {
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) x[i] = shifted(p + i * pitch);
}

/// Puts the quads of a pixel's groups side by side (I8Kernels).
ATTO_NEON void arrange_groups(std::byte* dst, const std::uint8_t* src, std::size_t count,
                              int interleave, int together) {
  std::uint8_t from[32];
  i8::arranged_bytes_of(interleave, together, from);
  auto* to = reinterpret_cast<std::int8_t*>(dst);
  for (const std::uint8_t* const end = src + count; src != end; src += format::kLanes) {
    const int8x16_t pixel = shifted(src);
    for (int i = 0; i < 2 / together; ++i, to += 16)
      vst1q_s8(to, vqtbl1q_s8(pixel, vld1q_u8(from + 16 * i)));
  }
}

/// One tap of whole and part blocks in one group.
template <int P>
ATTO_NEON_INLINE void add_tap(PixelSums (&sums)[P], const I8Panel& panel, const std::uint8_t* p,
                              const std::int8_t*& w) {
  int8x16_t x[P];
  for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step, w += 4 * 64) {
    load_pixels<P>(x, p, panel.pixel_step);
    add_quad<P, 0>(sums, x, w);
    add_quad<P, 1>(sums, x, w + 64);
    add_quad<P, 2>(sums, x, w + 128);
    add_quad<P, 3>(sums, x, w + 192);
  }
  if (panel.last_quads == 0) return;
  load_pixels<P>(x, p, panel.pixel_step);
  add_quad<P, 0>(sums, x, w);
  if (panel.last_quads > 1) add_quad<P, 1>(sums, x, w + 64);
  if (panel.last_quads > 2) add_quad<P, 2>(sums, x, w + 128);
  w += std::ptrdiff_t{panel.last_quads} * 64;
}

/// What four lanes, the j-th of a pixel, read of its arranged block: its q-th quad.
template <int Together>
ATTO_NEON_INLINE int8x16_t quads_of(const std::uint8_t* pixel, int q, int j) {
  if constexpr (Together == 1)
    return vreinterpretq_s8_u8(vld1q_u8(pixel + j % 2 * 16));
  else
    return vreinterpretq_s8_s64(vld1q_dup_s64(reinterpret_cast<const std::int64_t*>(pixel) + q));
}

/// One tap of interleaved groups, whose quads lie side by side, some together in every block.
template <int P, int Together>
ATTO_NEON_INLINE void add_groups(PixelSums (&sums)[P], const I8Panel& panel, const std::uint8_t* p,
                                 const std::int8_t*& w) {
  for (int q = 0; q < panel.last_quads; ++q, w += 64) {
    const std::uint8_t* block = p + q / Together * panel.block_step;
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      const int8x16_t weights = vld1q_s8(w + 16 * j);
#pragma GCC unroll 8
      for (int i = 0; i < P; ++i)
        add(sums[i].v[j], weights,
            quads_of<Together>(block + i * panel.pixel_step, q % Together, j));
    }
  }
}

template <int P>
ATTO_NEON void conv_tile(const I8Panel& panel, std::size_t t, int block) {
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset + block * format::kLanes;
  PixelSums sums[P];
  for (PixelSums& of : sums) of = begin(bias);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w = panel.weights + block * panel.weight_step +
                         std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * 64;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      if (panel.interleave == 1)
        add_tap<P>(sums, panel, tap, w);
      else if (i8_arranged_quads(panel.interleave, panel.last_quads) == 1)
        add_groups<P, 1>(sums, panel, tap, w);
      else
        add_groups<P, 2>(sums, panel, tap, w);
    }
  }
  finish_tile<P>(sums, panel, tile.pixel, block);
}

using TileKernel8 = void (*)(const I8Panel&, std::size_t, int);
constexpr TileKernel8 kTiles[] = {conv_tile<1>, conv_tile<2>,
#ifdef ATTO_I8_DOTPROD
                                  conv_tile<3>, conv_tile<4>, conv_tile<5>
#endif
};
static_assert(std::size(kTiles) == kPixels);

void conv(const I8Panel& panel) {
  for (int b = 0; b < panel.blocks; ++b)
    for (std::size_t t = 0; t < panel.tile_count; ++t)
      kTiles[panel.tiles[t].pixels - 1](panel, t, b);
}

I8Kernels neon_kernels() {
  I8Kernels kernels = i8_plain_kernels();
  kernels.max_pixels = kPixels;
  kernels.conv = conv;
  kernels.conv_shift = 128;
  kernels.arrange_groups = arrange_groups;
  kernels.depthwise_row = neon::depthwise_row;
  kernels.image_row = neon::image_row;
  kernels.product_row = neon::product_row;
  kernels.gather_row = neon::gather_row;
  kernels.table_row = neon::table_row;
  kernels.sum_row = neon::sum_row;
  kernels.mean = neon::mean;
  return kernels;
}

}  // namespace
}  // namespace atto::edge
