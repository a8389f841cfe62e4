// Int8 convolutions with vpdpbusd: 4 channels of 16 outputs an instruction.
#if defined(__x86_64__)
#  include <immintrin.h>

#  include <cstring>

#  include "export/runtime/i8_plain.hpp"

namespace atto::edge {
namespace {

#  define ATTO_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#  define ATTO_VNNI_INLINE ATTO_VNNI inline __attribute__((always_inline))

ATTO_VNNI_INLINE __m512 clamped(__m512 x, Clamp clamp) {
  return _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(clamp.low)), _mm512_set1_ps(clamp.high));
}

/// One block of one pixel.
ATTO_VNNI_INLINE void finish(__m512i sums, const I8Finish& how, __m512 multipliers,
                             const std::uint8_t* residual, std::uint8_t* dst) {
  __m512 x = clamped(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), multipliers), how.clamp);
  if (residual != nullptr) {
    const __m512i r = _mm512_sub_epi32(
        _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(residual))),
        _mm512_set1_epi32(how.residual_zero));
    x = clamped(
        _mm512_add_ps(x, _mm512_mul_ps(_mm512_cvtepi32_ps(r), _mm512_set1_ps(how.residual_factor))),
        how.joined);
  }
  const __m512 place =
      _mm512_add_ps(_mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                    _mm512_set1_ps(how.zero_point));
  const __m512 inside =
      _mm512_min_ps(_mm512_max_ps(place, _mm512_setzero_ps()), _mm512_set1_ps(255));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(dst),
                   _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(inside)));
}

template <int P, int OB>
ATTO_VNNI_INLINE void add_quad(__m512i (&sums)[P][OB], const std::uint8_t* src,
                               std::ptrdiff_t pitch, const std::int8_t* w, std::ptrdiff_t step) {
  __m512i weights[OB];
  for (int j = 0; j < OB; ++j) weights[j] = _mm512_loadu_si512(w + j * step);
  for (int i = 0; i < P; ++i) {
    std::int32_t four;
    std::memcpy(&four, src + i * pitch, 4);
    __m512i x = _mm512_set1_epi32(four);
    asm("" : "+v"(x));  // one broadcast for both blocks
    for (int j = 0; j < OB; ++j) sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], x, weights[j]);
  }
}

template <int P, int OB>
ATTO_VNNI void conv_tile(const I8Panel& panel, std::size_t t) {
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset;
  __m512i sums[P][OB];
  for (int i = 0; i < P; ++i)
    for (int j = 0; j < OB; ++j) sums[i][j] = _mm512_loadu_si512(bias + j * format::kLanes);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w =
      panel.weights + std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * 64;
  const std::ptrdiff_t pitch = std::ptrdiff_t{panel.pixel_stride} * format::kLanes;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      const std::uint8_t* p = tap;
      for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step, w += 256)
        for (int q = 0; q < 4; ++q)
          add_quad<P, OB>(sums, p + q * 4, pitch, w + q * 64, panel.weight_step);
      for (int q = 0; q < panel.last_quads; ++q, w += 64)
        add_quad<P, OB>(sums, p + q * 4, pitch, w, panel.weight_step);
    }
  }
  const bool is_joined = panel.residual != nullptr;
  for (int j = 0; j < OB; ++j) {
    const __m512 multipliers = _mm512_loadu_ps(panel.finish.multipliers + j * format::kLanes);
    for (int i = 0; i < P; ++i) {
      const std::size_t at = tile.pixel + static_cast<std::size_t>(i);
      finish(sums[i][j], panel.finish, multipliers,
             is_joined ? panel.residual + j * panel.residual_step + panel.residual_offset[at]
                       : nullptr,
             panel.dst + j * panel.dst_step + panel.dst_offset[at]);
    }
  }
}

/// Which of a pixel's 16 bytes meet the weights of a quad: [16 lanes][4].
struct QuadBytes {
  alignas(64) std::uint8_t at[64];
};
constexpr QuadBytes quad_bytes(int quad, int interleave) {
  QuadBytes bytes{};
  for (int l = 0; l < format::kLanes; ++l)
    for (int k = 0; k < 4; ++k)
      bytes.at[l * 4 + k] = static_cast<std::uint8_t>(
          ((4 * quad + k) * interleave + l % interleave) % format::kLanes);
  return bytes;
}
constexpr QuadBytes kTwoGroups[2] = {quad_bytes(0, 2), quad_bytes(1, 2)};
constexpr QuadBytes kFourGroups[2] = {quad_bytes(0, 4), quad_bytes(1, 4)};
constexpr QuadBytes kEightGroups[2] = {quad_bytes(0, 8), quad_bytes(1, 8)};

/// Interleaved groups of at most 8 channels: a shuffle gives each lane the channels of its group.
template <int P, int Q>
ATTO_VNNI void grouped_tile(const I8Panel& panel, std::size_t t) {
  const Tile& tile = panel.tiles[t];
  const __m512i bias = _mm512_loadu_si512(panel.tile_bias[t] + panel.bias_offset);
  __m512i sums[P], at[Q];
  for (int i = 0; i < P; ++i) sums[i] = bias;
  const QuadBytes* bytes = panel.interleave == 2   ? kTwoGroups
                           : panel.interleave == 4 ? kFourGroups
                                                   : kEightGroups;
  for (int q = 0; q < Q; ++q) at[q] = _mm512_load_si512(bytes[q].at);
  const std::int8_t* w =
      panel.weights + std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * Q * 64;
  const std::ptrdiff_t pitch = std::ptrdiff_t{panel.pixel_stride} * format::kLanes;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step, w += Q * 64) {
      __m512i weights[Q];
      for (int q = 0; q < Q; ++q) weights[q] = _mm512_loadu_si512(w + q * 64);
      for (int i = 0; i < P; ++i) {
        const __m512i pixel = _mm512_broadcast_i32x4(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(tap + i * pitch)));
        for (int q = 0; q < Q; ++q)
          sums[i] = _mm512_dpbusd_epi32(sums[i], _mm512_shuffle_epi8(pixel, at[q]), weights[q]);
      }
    }
  }
  const __m512 multipliers = _mm512_loadu_ps(panel.finish.multipliers);
  for (int i = 0; i < P; ++i) {
    const std::size_t to = tile.pixel + static_cast<std::size_t>(i);
    finish(sums[i], panel.finish, multipliers,
           panel.residual == nullptr ? nullptr : panel.residual + panel.residual_offset[to],
           panel.dst + panel.dst_offset[to]);
  }
}

using ConvTile = void (*)(const I8Panel&, std::size_t);
constexpr ConvTile kTiles[kI8PanelBlocks][kI8MaxPixels] = {
    {conv_tile<1, 1>, conv_tile<2, 1>, conv_tile<3, 1>, conv_tile<4, 1>, conv_tile<5, 1>,
     conv_tile<6, 1>, conv_tile<7, 1>, conv_tile<8, 1>},
    {conv_tile<1, 2>, conv_tile<2, 2>, conv_tile<3, 2>, conv_tile<4, 2>, conv_tile<5, 2>,
     conv_tile<6, 2>, conv_tile<7, 2>, conv_tile<8, 2>}};

template <int Q>
constexpr ConvTile kGroupedTiles[kI8MaxPixels] = {
    grouped_tile<1, Q>, grouped_tile<2, Q>, grouped_tile<3, Q>, grouped_tile<4, Q>,
    grouped_tile<5, Q>, grouped_tile<6, Q>, grouped_tile<7, Q>, grouped_tile<8, Q>};

void conv(const I8Panel& panel) {
  const ConvTile* const tiles = panel.interleave == 1   ? kTiles[panel.blocks - 1]
                                : panel.last_quads == 1 ? kGroupedTiles<1>
                                                        : kGroupedTiles<2>;
  for (std::size_t t = 0; t < panel.tile_count; ++t) tiles[panel.tiles[t].pixels - 1](panel, t);
}

/// [4 pixels or taps][16 channels] -> [16 channels][4]: dwords by channel quad, then bytes.
ATTO_VNNI_INLINE __m512i by_channel(__m512i four) {
  const __m512i quads = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  const __m512i bytes =
      _mm512_broadcast_i32x4(_mm_set_epi8(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(quads, four), bytes);
}

/// P pixels of a block; K taps in a row, four of them an instruction. Reads up to 3 pixels more
/// than the window has, and multiplies them by zero.
template <int K, int P>
ATTO_VNNI_INLINE void depthwise_pixels(const I8DepthwiseRow& row, int block, std::ptrdiff_t x,
                                       const __m512i (*weights)[(K + 3) / 4]) {
  const __m512i bias = _mm512_loadu_si512(row.bias + block * format::kLanes);
  __m512i sums[P];
  for (int i = 0; i < P; ++i) sums[i] = bias;
  const std::uint8_t* line = row.src + block * row.block_step + x * row.stride * format::kLanes;
  for (int ky = row.ky_begin; ky < row.ky_end; ++ky, line += row.row_step)
    for (int g = 0; g < (K + 3) / 4; ++g) {
      const __m512i w = weights[ky - row.ky_begin][g];
      for (int i = 0; i < P; ++i) {
        const std::uint8_t* four = line + (i * row.stride + 4 * g) * format::kLanes;
        sums[i] = _mm512_dpbusd_epi32(sums[i], by_channel(_mm512_loadu_si512(four)), w);
      }
    }
  const __m512 multipliers = _mm512_loadu_ps(row.finish.multipliers + block * format::kLanes);
  for (int i = 0; i < P; ++i) {
    const std::ptrdiff_t at = (x + i) * format::kLanes;
    finish(sums[i], row.finish, multipliers,
           row.residual == nullptr ? nullptr : row.residual + block * row.residual_step + at,
           row.dst + block * row.dst_step + at);
  }
}

template <int K>
ATTO_VNNI void depthwise_row_of(const I8DepthwiseRow& row) {
  constexpr int kGroups = (K + 3) / 4;
  for (int b = 0; b < row.blocks; ++b) {
    __m512i weights[K][kGroups];
    for (int ky = 0; ky < row.ky_end - row.ky_begin; ++ky)
      for (int g = 0; g < kGroups; ++g) {
        const int taps = K - 4 * g < 4 ? K - 4 * g : 4;
        const auto mask = ~__mmask64{0} >> (64 - taps * format::kLanes);
        weights[ky][g] = by_channel(_mm512_maskz_loadu_epi8(
            mask, row.weights + b * row.weight_step + (ky * K + 4 * g) * format::kLanes));
      }
    int x = 0;
    for (; x + 4 <= row.width; x += 4) depthwise_pixels<K, 4>(row, b, x, weights);
    for (; x < row.width; ++x) depthwise_pixels<K, 1>(row, b, x, weights);
  }
}

ATTO_VNNI void depthwise_any(const I8DepthwiseRow& row) {
  i8::depthwise_row(row);
}

void depthwise_row(const I8DepthwiseRow& row) {
  const bool is_regular = row.column_step == format::kLanes && row.ky_end - row.ky_begin <= 7;
  if (is_regular && row.kernel_width == 3 && row.ky_end - row.ky_begin <= 3)
    return depthwise_row_of<3>(row);
  if (is_regular && row.kernel_width == 5 && row.ky_end - row.ky_begin <= 5)
    return depthwise_row_of<5>(row);
  if (is_regular && row.kernel_width == 7) return depthwise_row_of<7>(row);
  depthwise_any(row);
}

constexpr I8Kernels kVnni = {conv, depthwise_row};

}  // namespace

const I8Kernels& i8_vnni_kernels() {
  return kVnni;
}

}  // namespace atto::edge
#endif
