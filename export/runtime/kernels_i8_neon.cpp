// Int8 convolutions with sdot: four channels of a lane at once. It multiplies signed bytes, so 128
// is taken from every activation, which the biases give back (I8Kernels::conv_shift).
#if defined(__aarch64__)
#  include <arm_neon.h>

#  include "export/runtime/i8_plain.hpp"

namespace atto::edge {
namespace {

#  define ATTO_DOT __attribute__((target("arch=armv8.2-a+dotprod")))
#  define ATTO_DOT_INLINE ATTO_DOT inline __attribute__((always_inline))

constexpr int kPixels = 5;  // 20 registers of sums, 5 of activations, 4 of weights
constexpr int kVectors = 4;

/// The sums of P pixels, 16 lanes each.
template <int P>
using Sums = int32x4_t[P][kVectors];

ATTO_DOT_INLINE int8x16_t shifted(const std::uint8_t* pixel) {
  return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(pixel), vdupq_n_u8(0x80)));
}

ATTO_DOT_INLINE float32x4_t clamped(float32x4_t x, Clamp clamp) {
  return vminq_f32(vmaxq_f32(x, vdupq_n_f32(clamp.low)), vdupq_n_f32(clamp.high));
}

/// The bytes of one pixel; `residual` null for none.
ATTO_DOT_INLINE uint8x16_t to_bytes(const int32x4_t (&sums)[kVectors], const I8Finish& how,
                                    const float* multipliers, const std::uint8_t* residual) {
  int32x4_t whole[kVectors];
  for (int j = 0; j < kVectors; ++j) {
    float32x4_t x = vmulq_f32(vcvtq_f32_s32(sums[j]), vld1q_f32(multipliers + 4 * j));
    if (residual != nullptr) {
      std::int32_t other[4];
      for (int l = 0; l < 4; ++l) other[l] = residual[4 * j + l] - how.residual_zero;
      x = vaddq_f32(clamped(x, how.clamp),
                    vmulq_f32(vcvtq_f32_s32(vld1q_s32(other)), vdupq_n_f32(how.residual_factor)));
    }
    whole[j] = vcvtnq_s32_f32(x);
  }
  const int16x8_t zero_point = vdupq_n_s16(static_cast<std::int16_t>(how.zero_point));
  const int16x8_t first = vcombine_s16(vqmovn_s32(whole[0]), vqmovn_s32(whole[1])),
                  second = vcombine_s16(vqmovn_s32(whole[2]), vqmovn_s32(whole[3]));
  const uint8x16_t bytes = vcombine_u8(vqmovun_s16(vqaddq_s16(first, zero_point)),
                                       vqmovun_s16(vqaddq_s16(second, zero_point)));
  return vminq_u8(vmaxq_u8(bytes, vdupq_n_u8(how.low)), vdupq_n_u8(how.high));
}

template <int P>
ATTO_DOT_INLINE void finish_tile(const Sums<P>& sums, const I8Panel& panel, std::size_t pixel,
                                 int block) {
  const float* multipliers = panel.finish.multipliers + block * format::kLanes;
  for (int i = 0; i < P; ++i) {
    const std::size_t at = pixel + static_cast<std::size_t>(i);
    const std::uint8_t* residual =
        panel.residual == nullptr
            ? nullptr
            : panel.residual + block * panel.residual_step + panel.residual_offset[at];
    vst1q_u8(panel.dst + block * panel.dst_step + panel.dst_offset[at],
             to_bytes(sums[i], panel.finish, multipliers, residual));
  }
}

/// Adds quad Q of every pixel's block.
template <int P, int Q>
ATTO_DOT_INLINE void add_quad(Sums<P>& sums, const int8x16_t (&x)[P], const std::int8_t* w) {
  int8x16_t weights[kVectors];
  for (int j = 0; j < kVectors; ++j) weights[j] = vld1q_s8(w + 16 * j);
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i)
#  pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      sums[i][j] = vdotq_laneq_s32(sums[i][j], weights[j], x[i], Q);
}

template <int P>
ATTO_DOT_INLINE void load_pixels(int8x16_t (&x)[P], const std::uint8_t* p, std::ptrdiff_t pitch) {
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i) x[i] = shifted(p + i * pitch);
}

/// Which of a pixel's 16 bytes meet the weights of a quad: [quad][16 lanes][4].
struct QuadBytes {
  std::uint8_t at[2][64];
};
QuadBytes quad_bytes(int interleave) {
  QuadBytes bytes;
  for (int q = 0; q < 2; ++q)
    for (int l = 0; l < format::kLanes; ++l)
      for (int k = 0; k < 4; ++k)
        bytes.at[q][l * 4 + k] = static_cast<std::uint8_t>(i8::quad_byte(q, k, l, interleave));
  return bytes;
}

/// One tap of whole and part blocks in one group.
template <int P>
ATTO_DOT_INLINE void add_tap(Sums<P>& sums, const I8Panel& panel, const std::uint8_t* p,
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

/// One tap of interleaved groups: every lane picks the channels of its group.
template <int P>
ATTO_DOT_INLINE void add_picked(Sums<P>& sums, const I8Panel& panel, const std::uint8_t* p,
                                const std::int8_t*& w, const QuadBytes& bytes) {
  for (int q = 0; q < panel.last_quads; ++q, w += 64)
    for (int j = 0; j < kVectors; ++j) {
      const int8x16_t weights = vld1q_s8(w + 16 * j);
      const uint8x16_t pick = vld1q_u8(bytes.at[q] + 16 * j);
#  pragma GCC unroll 8
      for (int i = 0; i < P; ++i)
        sums[i][j] =
            vdotq_s32(sums[i][j], weights, vqtbl1q_s8(shifted(p + i * panel.pixel_step), pick));
    }
}

template <int P>
ATTO_DOT void conv_tile(const I8Panel& panel, std::size_t t, int block, const QuadBytes& bytes) {
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset + block * format::kLanes;
  Sums<P> sums;
  for (int i = 0; i < P; ++i)
    for (int j = 0; j < kVectors; ++j) sums[i][j] = vld1q_s32(bias + 4 * j);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w = panel.weights + block * panel.weight_step +
                         std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * 64;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      if (panel.interleave > 1)
        add_picked<P>(sums, panel, tap, w, bytes);
      else
        add_tap<P>(sums, panel, tap, w);
    }
  }
  finish_tile<P>(sums, panel, tile.pixel, block);
}

using TileKernel8 = void (*)(const I8Panel&, std::size_t, int, const QuadBytes&);
constexpr TileKernel8 kTiles[kPixels] = {conv_tile<1>, conv_tile<2>, conv_tile<3>, conv_tile<4>,
                                         conv_tile<5>};

void conv(const I8Panel& panel) {
  const QuadBytes bytes = quad_bytes(panel.interleave);
  for (int b = 0; b < panel.blocks; ++b)
    for (std::size_t t = 0; t < panel.tile_count; ++t)
      kTiles[panel.tiles[t].pixels - 1](panel, t, b, bytes);
}

}  // namespace

const I8Kernels& i8_dotprod_kernels() {
  static const I8Kernels kKernels = [] {
    I8Kernels kernels = i8_plain_kernels();
    kernels.max_pixels = kPixels;
    kernels.conv = conv;
    kernels.conv_shift = 128;
    return kernels;
  }();
  return kKernels;
}

}  // namespace atto::edge
#endif
