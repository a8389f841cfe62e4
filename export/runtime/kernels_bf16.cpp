// Convolutions with vdpbf16ps: 2 channels of 16 outputs an instruction.
#if defined(__x86_64__)
#  include <cstring>

#  include "export/runtime/avx512.hpp"
#  include "export/runtime/level.hpp"
#  include "export/runtime/prefetch.hpp"

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

/// The pairs of channels of a group, and where the lanes of a block find theirs among the pixel's.
struct GroupPairs {
  ATTO_BF16 explicit GroupPairs(const GroupedRow& row)
      : count((row.depth + 1) / 2), in_block(format::kLanes / 2 / row.interleave) {
    std::int16_t taken[2 * format::kLanes];
    for (int i = 0; i < 2 * format::kLanes; ++i)
      taken[i] = static_cast<std::int16_t>(i / 2 % row.interleave + i % 2 * row.interleave);
    first = _mm512_loadu_si512(taken);
    to_next = _mm512_set1_epi16(static_cast<std::int16_t>(2 * row.interleave));
  }
  int count, in_block;
  __m512i first, to_next;
};

/// Adds K neighbouring taps to P pixels. Of a loaded pixel every lane takes its group's pair of
/// channels, which serves all of the taps.
template <int K, int P>
ATTO_BF16_INLINE void add_taps(__m512 (&sums)[P], const GroupPairs& pairs, const Half* block,
                               std::ptrdiff_t block_step, const Half* w) {
  const std::ptrdiff_t tap = std::ptrdiff_t{pairs.count} * 2 * format::kLanes;
  for (int left = pairs.count; left > 0; left -= pairs.in_block, block += block_step) {
    __m512i pair = pairs.first;
    for (int c = left < pairs.in_block ? left : pairs.in_block; c > 0; --c) {
      __m512i weights[K];
#  pragma GCC unroll 8
      for (int k = 0; k < K; ++k) weights[k] = _mm512_loadu_si512(w + k * tap);
#  pragma GCC unroll 32
      for (int x = 0; x < P - 1 + K; ++x) {
        const auto* lanes = reinterpret_cast<const __m256i*>(block + x * format::kLanes);
        const __m512i value =
            _mm512_permutexvar_epi16(pair, _mm512_castsi256_si512(_mm256_loadu_si256(lanes)));
#  pragma GCC unroll 8
        for (int k = 0; k < K; ++k)
          if (x >= k && x - k < P)
            sums[x - k] = _mm512_dpbf16_ps(sums[x - k], __builtin_bit_cast(__m512bh, value),
                                           __builtin_bit_cast(__m512bh, weights[k]));
      }
      pair = _mm512_adds_epi16(pair, pairs.to_next);
      w += 2 * format::kLanes;
    }
  }
}

/// Clamps, joins and stores P pixels.
template <int P>
ATTO_BF16_INLINE void finish_pixels(__m512 (&sums)[P], const GroupedRow& row, float* dst,
                                    const float* residual) {
  const __m512 low = _mm512_set1_ps(row.clamp.low), high = _mm512_set1_ps(row.clamp.high);
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i) sums[i] = clamped(sums[i], low, high);
  if (residual != nullptr) {
    const __m512 lowest = _mm512_set1_ps(row.joined.low), highest = _mm512_set1_ps(row.joined.high);
#  pragma GCC unroll 8
    for (int i = 0; i < P; ++i)
      sums[i] = clamped(_mm512_add_ps(sums[i], _mm512_loadu_ps(residual + i * format::kLanes)),
                        lowest, highest);
  }
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i) _mm512_storeu_ps(dst + i * format::kLanes, sums[i]);
}

/// Windows of K columns, stride 1, in tiles of P pixels; K = 0: any window, pixel by pixel.
template <int K, int P>
ATTO_BF16 void grouped_tiles(const GroupedRow& row, int first, int count) {
  constexpr int kTaps = K > 0 ? K : 1;
  const GroupPairs pairs(row);
  const int width = row.kernel_width / kTaps, ky_end = row.ky_end;
  const std::ptrdiff_t taps = std::ptrdiff_t{kTaps} * pairs.count * 2 * format::kLanes;
  const std::ptrdiff_t row_step = row.row_step, block_step = row.block_step,
                       column_step = row.column_step,
                       tile_step = std::ptrdiff_t{row.stride} * P * format::kLanes;
  for (int b = 0; b < row.blocks; ++b) {
    const Half* tile = static_cast<const Half*>(row.src) + b / row.readers * row.reader_step +
                       first * std::ptrdiff_t{row.stride} * format::kLanes;
    const Half* const weights = static_cast<const Half*>(row.weights) + b * row.weight_step;
    const float* const bias = row.bias + b * format::kLanes;
    std::ptrdiff_t at = first * std::ptrdiff_t{format::kLanes};
    float* const dst = row.dst + b * row.dst_step;
    const float* const residual =
        row.residual == nullptr ? nullptr : row.residual + b * row.residual_step;
    for (int t = 0; t < count; ++t, tile += tile_step, at += P * format::kLanes) {
      const Half *w = weights, *line = tile;
      __m512 sums[P];
#  pragma GCC unroll 8
      for (int i = 0; i < P; ++i) sums[i] = _mm512_loadu_ps(bias);
      for (int ky = row.ky_begin; ky < ky_end; ++ky, line += row_step)
        for (int kx = 0; kx < width; ++kx, w += taps)
          add_taps<kTaps, P>(sums, pairs, line + kx * column_step, block_step, w);
      finish_pixels<P>(sums, row, dst + at, residual == nullptr ? nullptr : residual + at);
    }
  }
}

void grouped_row(const GroupedRow& row) {
  int done = 0;
  if (row.kernel_width == 3 && row.column_step == format::kLanes && row.stride == 1) {
    const bool in_sevens = row.width % 7 == 0 && row.width % 8 != 0;
    const int pixels = in_sevens ? 7 : 8;
    (in_sevens ? grouped_tiles<3, 7> : grouped_tiles<3, 8>)(row, 0, row.width / pixels);
    done = row.width / pixels * pixels;
  }
  grouped_tiles<0, 1>(row, done, row.width - done);
}

ATTO_BF16 void round(void* dst, const float* src, std::size_t count) {
  auto* to = static_cast<Half*>(dst);
#  pragma GCC unroll 4
  for (std::size_t i = 0; i < count; i += format::kLanes) {
    const __m256bh halves = _mm512_cvtneps_pbh(_mm512_loadu_ps(src + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), __builtin_bit_cast(__m256i, halves));
  }
}

}  // namespace

const Kernels& avx512_bf16_kernels() {
  static const Kernels kKernels = [] {
    Kernels kernels = kernels_of(Level::Avx512);
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
