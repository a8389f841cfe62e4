// Convolutions with vdpbf16ps: 2 channels of 16 outputs an instruction.
#if defined(__x86_64__)
#  include "export/runtime/kernels/avx512.hpp"

#  include <cstring>

#  include "export/runtime/kernels/prefetch.hpp"

namespace atto::edge {
namespace {

#  define ATTO_BF16 ATTO_AVX512("avx512bf16")
#  define ATTO_BF16_INLINE ATTO_BF16 inline __attribute__((always_inline))

using Half = std::uint16_t;
constexpr int kPixels = 8, kBlocks = 2;

/// Keeps a loaded value in a register: GCC would fold the load into each of its uses.
ATTO_BF16_INLINE void in_register([[maybe_unused]] __m512i& x) {
#  ifndef ATTO_EMULATED_AVX512
  asm("" : "+v"(x));
#  endif
}

/// P pixels of OB blocks. Few sums would wait for each other's latency, so they come in more than
/// one set, taken in turn.
template <int P, int OB>
struct Sums {
  static constexpr int kSets = P * OB <= 2 ? 4 : P * OB <= 4 ? 2 : 1;
  __m512 v[kSets][OB][P];
};

/// Adds a pair of channels of all pixels.
template <int P, int OB>
ATTO_BF16_INLINE void add_pair(__m512 (&sums)[OB][P], const Half* src, std::ptrdiff_t pitch,
                               const Half* w, std::ptrdiff_t step) {
  __m512i weights[OB];
#  pragma GCC unroll 8
  for (int j = 0; j < OB; ++j) weights[j] = _mm512_loadu_si512(w + j * step);
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i) {
    std::int32_t pair;
    std::memcpy(&pair, src + i * pitch, sizeof pair);
    __m512i x = _mm512_set1_epi32(pair);
    in_register(x);  // one broadcast for both blocks
#  pragma GCC unroll 8
    for (int j = 0; j < OB; ++j)
      sums[j][i] = _mm512_dpbf16_ps(sums[j][i], __builtin_bit_cast(__m512bh, x),
                                    __builtin_bit_cast(__m512bh, weights[j]));
  }
}

ATTO_BF16_INLINE __m512 clamped(__m512 x, __m512 low, __m512 high) {
  return _mm512_min_ps(_mm512_max_ps(x, low), high);
}

/// Begins with the bias.
template <int P, int OB>
ATTO_BF16_INLINE void start(Sums<P, OB>& sums, const float* bias) {
#  pragma GCC unroll 8
  for (int j = 0; j < OB; ++j) {
    const __m512 b = _mm512_loadu_ps(bias + j * format::kLanes);
#  pragma GCC unroll 8
    for (int i = 0; i < P; ++i) sums.v[0][j][i] = b;
  }
#  pragma GCC unroll 8
  for (int s = 1; s < Sums<P, OB>::kSets; ++s)
#  pragma GCC unroll 8
    for (int j = 0; j < OB; ++j)
#  pragma GCC unroll 8
      for (int i = 0; i < P; ++i) sums.v[s][j][i] = _mm512_setzero_ps();
}

/// Clamps, joins and stores.
template <int P, int OB>
ATTO_BF16_INLINE void finish(Sums<P, OB>& sums, const ConvPanel& panel, const Tile& tile) {
#  pragma GCC unroll 8
  for (int s = 1; s < Sums<P, OB>::kSets; ++s)
#  pragma GCC unroll 8
    for (int j = 0; j < OB; ++j)
#  pragma GCC unroll 8
      for (int i = 0; i < P; ++i) sums.v[0][j][i] = _mm512_add_ps(sums.v[0][j][i], sums.v[s][j][i]);
  const __m512 low = _mm512_set1_ps(panel.clamp.low), high = _mm512_set1_ps(panel.clamp.high);
#  pragma GCC unroll 8
  for (int j = 0; j < OB; ++j)
#  pragma GCC unroll 8
    for (int i = 0; i < P; ++i) sums.v[0][j][i] = clamped(sums.v[0][j][i], low, high);
  if (panel.residual != nullptr) {
    const __m512 lowest = _mm512_set1_ps(panel.joined.low),
                 highest = _mm512_set1_ps(panel.joined.high);
    const std::uint32_t* from = panel.residual_offset + tile.pixel;
#  pragma GCC unroll 8
    for (int j = 0; j < OB; ++j)
#  pragma GCC unroll 8
      for (int i = 0; i < P; ++i)
        sums.v[0][j][i] = clamped(
            _mm512_add_ps(sums.v[0][j][i],
                          _mm512_loadu_ps(panel.residual + from[i] + j * panel.residual_step)),
            lowest, highest);
  }
  const std::uint32_t* to = panel.dst_offset + tile.pixel;
#  pragma GCC unroll 8
  for (int j = 0; j < OB; ++j)
#  pragma GCC unroll 8
    for (int i = 0; i < P; ++i)
      _mm512_storeu_ps(panel.dst + to[i] + j * panel.dst_step, sums.v[0][j][i]);
}

template <int P, int OB>
ATTO_BF16_INLINE void conv_tile(const ConvPanel& panel, const Tile& tile, Prefetch prefetch) {
  constexpr int kSets = Sums<P, OB>::kSets;
  const std::ptrdiff_t pitch = panel.pixel_step, step = panel.weight_step;
  const int full_blocks = panel.full_blocks, last_depth = panel.last_depth;
  const int blocks = full_blocks + (last_depth > 0 ? 1 : 0);
  const Half* w = static_cast<const Half*>(panel.weights) +
                  std::ptrdiff_t{tile.ky_begin} * panel.kernel_width *
                      (full_blocks * format::kLanes + last_depth) * format::kLanes;
  const Half* row = static_cast<const Half*>(panel.src) + tile.src;
  Sums<P, OB> sums;
  start(sums, panel.bias);
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const Half* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      const Half* p = tap;
      for (int b = 0; b < blocks; ++b, p += panel.block_step) {
        prefetch.advance();
        const int depth = b < full_blocks ? format::kLanes : last_depth;
        for (int c = 0; c < depth; c += 2 * kSets)
#  pragma GCC unroll 8
          for (int s = 0; s < kSets; ++s) {
            if (s > 0 && c + 2 * s >= depth) break;
            add_pair<P, OB>(sums.v[s], p + c + 2 * s, pitch, w, step);
            w += 2 * format::kLanes;
          }
      }
    }
  }
  finish(sums, panel, tile);
}

/// `count` tiles of P pixels.
template <int P, int OB>
ATTO_BF16 void conv_tiles(const ConvPanel& panel, const Tile* tiles, std::size_t count) {
  for (std::size_t t = 0; t < count; ++t) conv_tile<P, OB>(panel, tiles[t], {panel, tiles[t]});
}

/// The tiles of few pixels, which only small maps have, are made pixel by pixel.
template <int OB>
ATTO_BF16 void small_tiles(const ConvPanel& panel, const Tile* tiles, std::size_t count) {
  for (std::size_t t = 0; t < count; ++t)
    for (Tile tile = tiles[t]; tile.pixels > 0; --tile.pixels) {
      conv_tile<1, OB>(panel, tile, {});
      tile.src += panel.pixel_step;
      ++tile.pixel;
    }
}

template <int OB>
constexpr TileKernel kTiles[kPixels + 1] = {
    nullptr,           small_tiles<OB>,   small_tiles<OB>,   small_tiles<OB>,  conv_tiles<4, OB>,
    conv_tiles<5, OB>, conv_tiles<6, OB>, conv_tiles<7, OB>, conv_tiles<8, OB>};

void conv(const ConvPanel& panel) {
  run_tiles(panel, panel.blocks > 1 ? kTiles<2> : kTiles<1>);
}

/// Loads a pair of channels of B groups, which lie side by side: lane l gets that of group l mod B.
template <int B>
ATTO_BF16_INLINE __m512i repeated(const Half* pairs) {
  if constexpr (B == 2) {
    std::int64_t two;
    std::memcpy(&two, pairs, sizeof two);
    return _mm512_set1_epi64(two);
  } else if constexpr (B == 4) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs)));
  } else {
    static_assert(B == 8);
    return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs)));
  }
}

/// K x (any height), stride S, of B interleaved groups: adds it to P pixels. A loaded pair of
/// channels serves all taps of a row of the window.
template <int K, int S, int B>
struct RegularWindow {
  static constexpr int kPixels = kGroupedTile;
  static ATTO_BF16_INLINE void add(__m512 (&sums)[kPixels], const GroupedRow& row, int pairs,
                                   const Half* src, const Half* w) {
    constexpr int kInBlock = format::kLanes / 2 / B, kPair = 2 * format::kLanes;
    const std::ptrdiff_t tap = std::ptrdiff_t{pairs} * kPair;
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky, src += row.row_step, w += (K - 1) * tap) {
      const Half* block = src;
      for (int left = pairs; left > 0; left -= kInBlock, block += row.block_step) {
        const Half* from = block;
        for (int c = left < kInBlock ? left : kInBlock; c > 0; --c, from += 2 * B, w += kPair) {
          __m512i weights[K];
#  pragma GCC unroll 8
          for (int k = 0; k < K; ++k) weights[k] = _mm512_loadu_si512(w + k * tap);
#  pragma GCC unroll 32
          for (int x = 0; x < (kPixels - 1) * S + K; ++x) {
            __m512i value = repeated<B>(from + x * format::kLanes);
            in_register(value);
#  pragma GCC unroll 8
            for (int k = 0; k < K; ++k) {
              const int i = (x - k) / S;
              if (x >= k && (x - k) % S == 0 && i < kPixels)
                sums[i] = _mm512_dpbf16_ps(sums[i], __builtin_bit_cast(__m512bh, value),
                                           __builtin_bit_cast(__m512bh, weights[k]));
            }
          }
        }
      }
    }
  }
};

/// Any window of any number of interleaved groups, one pixel.
struct AnyWindow {
  static constexpr int kPixels = 1;
  static ATTO_BF16_INLINE void add(__m512 (&sums)[kPixels], const GroupedRow& row, int pairs,
                                   const Half* src, const Half* w) {
    const int in_block = format::kLanes / 2 / row.interleave;
    std::int32_t group[format::kLanes];
    for (int l = 0; l < format::kLanes; ++l) group[l] = l % row.interleave;
    const __m512i first = _mm512_loadu_si512(group);
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky, src += row.row_step)
      for (int kx = 0; kx < row.kernel_width; ++kx)
        for (int c = 0; c < pairs; ++c, w += 2 * format::kLanes) {
          const Half* block = src + kx * row.column_step + c / in_block * row.block_step;
          const __m512i pixel =
              _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(block)));
          const __m512i at =
              _mm512_add_epi32(first, _mm512_set1_epi32(c % in_block * row.interleave));
          sums[0] = _mm512_dpbf16_ps(
              sums[0], __builtin_bit_cast(__m512bh, _mm512_permutexvar_epi32(at, pixel)),
              __builtin_bit_cast(__m512bh, _mm512_loadu_si512(w)));
        }
  }
};

/// Clamps, joins and stores `count` pixels.
ATTO_BF16 __attribute__((noinline)) void finish_pixels(const __m512* sums, int count,
                                                       const GroupedRow& row, float* dst,
                                                       const float* residual) {
  for (int i = 0; i < count; ++i) {
    __m512 sum = clamped(sums[i], _mm512_set1_ps(row.clamp.low), _mm512_set1_ps(row.clamp.high));
    if (residual != nullptr)
      sum = clamped(_mm512_add_ps(sum, _mm512_loadu_ps(residual + i * format::kLanes)),
                    _mm512_set1_ps(row.joined.low), _mm512_set1_ps(row.joined.high));
    _mm512_storeu_ps(dst + i * format::kLanes, sum);
  }
}

/// All pixels, in tiles of which the last may hold fewer than are made.
template <class Window>
ATTO_BF16 void grouped_tiles(const GroupedRow& row) {
  constexpr int kTile = Window::kPixels;
  const int pairs = (row.depth + 1) / 2;
  const __m512 low = _mm512_set1_ps(row.clamp.low), high = _mm512_set1_ps(row.clamp.high);
  for (int b = 0; b < row.blocks; ++b) {
    const Half* src = static_cast<const Half*>(row.src) + b / row.readers * row.reader_step;
    const Half* const weights = static_cast<const Half*>(row.weights) + b * row.weight_step;
    const __m512 bias = _mm512_loadu_ps(row.bias + b * format::kLanes);
    float* dst = row.dst + b * row.dst_step;
    const float* residual =
        row.residual == nullptr ? nullptr : row.residual + b * row.residual_step;
    for (int left = row.width; left > 0; left -= kTile) {
      __m512 sums[kTile];
#  pragma GCC unroll 8
      for (int i = 0; i < kTile; ++i) sums[i] = bias;
      Window::add(sums, row, pairs, src, weights);
      if (residual != nullptr || left < kTile) {
        finish_pixels(sums, left < kTile ? left : kTile, row, dst, residual);
        if (residual != nullptr) residual += kTile * format::kLanes;
      } else {
#  pragma GCC unroll 8
        for (int i = 0; i < kTile; ++i)
          _mm512_storeu_ps(dst + i * format::kLanes, clamped(sums[i], low, high));
      }
      src += std::ptrdiff_t{row.stride} * kTile * format::kLanes;
      dst += kTile * format::kLanes;
    }
  }
}

template <int B>
void small_group_row(const GroupedRow& row) {
  const bool is_regular = row.column_step == format::kLanes && row.stride <= 2;
  if (is_regular && row.kernel_width == 3)
    return (row.stride == 1 ? grouped_tiles<RegularWindow<3, 1, B>>
                            : grouped_tiles<RegularWindow<3, 2, B>>)(row);
  if (is_regular && row.kernel_width == 5 && row.stride == 1)
    return grouped_tiles<RegularWindow<5, 1, B>>(row);
  grouped_tiles<AnyWindow>(row);
}

void grouped_row(const GroupedRow& row) {
  (row.interleave == 2   ? small_group_row<2>
   : row.interleave == 4 ? small_group_row<4>
                         : small_group_row<8>)(row);
}

/// Puts the pairs of channels of interleaved groups side by side.
ATTO_BF16 void round(void* dst, const float* src, std::size_t count, int interleave) {
  auto* to = static_cast<Half*>(dst);
  std::int16_t from[format::kLanes];
  for (int i = 0; i < format::kLanes; ++i) {
    const int pair = i / 2;
    from[i] =
        static_cast<std::int16_t>((pair / interleave * 2 + i % 2) * interleave + pair % interleave);
  }
  const __m256i order = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
#  pragma GCC unroll 4
  for (std::size_t i = 0; i < count; i += format::kLanes) {
    const __m256bh halves = _mm512_cvtneps_pbh(_mm512_loadu_ps(src + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                        _mm256_permutexvar_epi16(order, __builtin_bit_cast(__m256i, halves)));
  }
}

}  // namespace

const Kernels& avx512_bf16_kernels() {
  static const Kernels kKernels = [] {
    Kernels kernels = f32_avx512_kernels();
    kernels.max_pixels = kPixels;
    kernels.panel_blocks = kBlocks;
    kernels.bf16_round = round;
    kernels.bf16_conv = conv;
    kernels.bf16_grouped_row = grouped_row;
    return kernels;
  }();
  return kKernels;
}

}  // namespace atto::edge
#endif
