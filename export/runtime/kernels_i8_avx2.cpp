// Int8 convolutions with vpmaddwd: both halves of a quad of channels widened to 16 bits, because
// vpmaddubsw would saturate.
//
//   a quad's 32 bits:  c0 c1 c2 c3     even = c0 c2, odd = c1 c3 as 16-bit words
//   sum of a lane     += even x even + odd x odd
//
// What tiles read is widened before, in the scratch memory:
//   a quad of a pixel:  its even words, its odd words
//   a quad's weights:   even words of 16 lanes, odd words of 16 lanes
#if defined(__x86_64__)
#  include <immintrin.h>

#  include <cstring>

#  include "export/runtime/i8_plain.hpp"

namespace atto::edge {
namespace {

#  define ATTO_AVX2 __attribute__((target("avx2")))
#  define ATTO_AVX2_INLINE ATTO_AVX2 inline __attribute__((always_inline))

constexpr int kPixels = 4;
constexpr int kMaxTaps = 49;  // of a depthwise window

ATTO_AVX2_INLINE __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
ATTO_AVX2_INLINE __m128i load16(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

/// Four bytes for every lane. In assembly, or GCC loads eight at once and takes them apart.
ATTO_AVX2_INLINE __m256i every_lane(const std::uint8_t* from) {
  __m256i lanes;
  asm("vpbroadcastd %1, %0" : "=x"(lanes) : "m"(*reinterpret_cast<const std::uint8_t(*)[4]>(from)));
  return lanes;
}

/// sums += pairs of products. As one piece, or GCC gathers products first and runs out of
/// registers.
ATTO_AVX2_INLINE void add_products(__m256i& sums, __m256i x, __m256i w) {
  __m256i products;
  asm("vpmaddwd %2, %3, %1\n\tvpaddd %1, %0, %0" : "+x"(sums), "=&x"(products) : "x"(x), "x"(w));
}

/// The multipliers of 8 lanes and what else turns sums into bytes.
struct Rounding {
  __m256 multipliers[2];
  __m256i zero_point, low, high;
};
ATTO_AVX2_INLINE Rounding rounding_of(const I8Finish& how, const float* multipliers) {
  return {{_mm256_loadu_ps(multipliers), _mm256_loadu_ps(multipliers + 8)},
          _mm256_set1_epi16(static_cast<short>(how.zero_point)),
          _mm256_set1_epi8(static_cast<char>(how.low)),
          _mm256_set1_epi8(static_cast<char>(how.high))};
}

ATTO_AVX2_INLINE __m256 clamped(__m256 x, Clamp clamp) {
  return _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(clamp.low)), _mm256_set1_ps(clamp.high));
}

/// Eight lanes; `residual` null for none.
ATTO_AVX2_INLINE __m256i rounded(__m256i sums, __m256 multipliers, const I8Finish& how,
                                 const std::uint8_t* residual) {
  __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), multipliers);
  if (residual != nullptr) {
    std::int64_t eight;
    std::memcpy(&eight, residual, sizeof eight);
    const __m256i r = _mm256_sub_epi32(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight)),
                                       _mm256_set1_epi32(how.residual_zero));
    x = _mm256_add_ps(clamped(x, how.clamp),
                      _mm256_mul_ps(_mm256_cvtepi32_ps(r), _mm256_set1_ps(how.residual_factor)));
  }
  return _mm256_cvtps_epi32(x);
}

/// Words of two pixels become bytes between the bounds; the caller orders them.
ATTO_AVX2_INLINE __m256i to_bytes(__m256i first, __m256i second, const Rounding& by) {
  const __m256i bytes = _mm256_packus_epi16(_mm256_adds_epi16(first, by.zero_point),
                                            _mm256_adds_epi16(second, by.zero_point));
  return _mm256_min_epu8(_mm256_max_epu8(bytes, by.low), by.high);
}

/// The order of bytes that were packed twice from lanes 0-7 and 8-15 of two pixels.
ATTO_AVX2_INLINE __m256i in_order(__m256i bytes) {
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// Stores `pixels` of two pixels, side by side.
ATTO_AVX2_INLINE void store(std::uint8_t* dst, __m256i bytes, int pixels) {
  if (pixels == 2)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst), bytes);
  else
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst), _mm256_castsi256_si128(bytes));
}

template <int P>
ATTO_AVX2_INLINE void finish_tile(const __m256i (&sums)[P][2], const I8Panel& panel,
                                  std::size_t pixel, int block) {
  const Rounding by = rounding_of(panel.finish, panel.finish.multipliers + block * format::kLanes);
  const std::uint8_t* residual =
      panel.residual == nullptr
          ? nullptr
          : panel.residual + block * panel.residual_step + panel.residual_offset[pixel];
  std::uint8_t* dst = panel.dst + block * panel.dst_step + panel.dst_offset[pixel];
  for (int i = 0; i < P; i += 2, dst += 2 * format::kLanes) {
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const int at = i + k < P ? i + k : i;
      const std::uint8_t* r = residual == nullptr ? nullptr : residual + at * format::kLanes;
      words[k] = _mm256_packs_epi32(
          rounded(sums[at][0], by.multipliers[0], panel.finish, r),
          rounded(sums[at][1], by.multipliers[1], panel.finish, r == nullptr ? r : r + 8));
    }
    store(dst, in_order(to_bytes(words[0], words[1], by)), i + 1 < P ? 2 : 1);
  }
}

/// Four channels of 16 outputs.
struct QuadWeights {
  __m256i even[2], odd[2];
};
ATTO_AVX2_INLINE QuadWeights widened(const std::int8_t* w) {
  QuadWeights words;
  for (int h = 0; h < 2; ++h) {
    const __m256i both = load(w + 32 * h);
    words.even[h] = _mm256_srai_epi16(_mm256_slli_epi16(both, 8), 8);
    words.odd[h] = _mm256_srai_epi16(both, 8);
  }
  return words;
}

template <int Halves = 2>
ATTO_AVX2_INLINE void add_quad(__m256i (&sums)[2], __m256i even, __m256i odd,
                               const QuadWeights& w) {
  for (int h = 0; h < Halves; ++h) {
    add_products(sums[h], even, w.even[h]);
    add_products(sums[h], odd, w.odd[h]);
  }
}

/// Four channels of P pixels: lane l reads those of a pixel's 16 bytes that `pick` names.
template <int P>
ATTO_AVX2_INLINE void add_bytes(__m256i (&sums)[P][2], const std::uint8_t* src,
                                std::ptrdiff_t pitch, const std::int8_t* weights, __m256i pick) {
  const QuadWeights w = widened(weights);
  for (int i = 0; i < P; ++i) {
    const __m256i x =
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load16(src + i * pitch)), pick);
    add_quad(sums[i], _mm256_and_si256(x, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(x, 8), w);
  }
}

/// Four channels of P pixels, in words; to one or both halves of 16 outputs.
template <int P, int Halves>
ATTO_AVX2_INLINE void add_words(__m256i (&sums)[P][2], const std::uint8_t* src,
                                std::ptrdiff_t pitch, const std::int8_t* weights) {
  const QuadWeights w{{load(weights), load(weights + 32)},
                      {load(weights + 64), load(weights + 96)}};
  for (int i = 0; i < P; ++i) {
    const std::uint8_t* p = src + i * pitch;
    add_quad<Halves>(sums[i], every_lane(p), every_lane(p + 4), w);
  }
}

/// `Halves`: of a block that tiles of words make; 0 for tiles of bytes.
template <int P, int Halves>
ATTO_AVX2_INLINE void conv_tile(const I8Panel& panel, std::size_t t, int block,
                                const __m256i* picks) {
  constexpr std::ptrdiff_t kQuadBytes = Halves > 0 ? 128 : 64;
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset + block * format::kLanes;
  __m256i sums[P][2];
  for (int i = 0; i < P; ++i)
    for (int h = 0; h < 2; ++h) sums[i][h] = load(bias + 8 * h);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w = panel.weights + block * panel.weight_step +
                         std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * kQuadBytes;
  const std::ptrdiff_t pitch = panel.pixel_step;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      if constexpr (Halves > 0) {
        const std::uint8_t* p = tap;
        for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step)
          for (int q = 0; q < 4; ++q, w += kQuadBytes)
            add_words<P, Halves>(sums, p + q * 8, pitch, w);
        for (int q = 0; q < panel.last_quads; ++q, w += kQuadBytes)
          add_words<P, Halves>(sums, p + q * 8, pitch, w);
      } else {
        for (int q = 0; q < panel.last_quads; ++q, w += kQuadBytes)
          add_bytes<P>(sums, tap, pitch, w, picks[q]);
      }
    }
  }
  finish_tile<P>(sums, panel, tile.pixel, block);
}

/// Tiles [begin, end) of P pixels: many in one call, which sets up once.
template <int P, int Halves>
ATTO_AVX2 void conv_tiles(const I8Panel& panel, std::size_t begin, std::size_t end,
                          const __m256i* picks) {
  for (int b = 0; b < panel.blocks; ++b)
    for (std::size_t t = begin; t < end; ++t) conv_tile<P, Halves>(panel, t, b, picks);
}

using Tiles = void (*)(const I8Panel&, std::size_t, std::size_t, const __m256i*);
constexpr Tiles kByteTiles[kPixels] = {conv_tiles<1, 0>, conv_tiles<2, 0>, conv_tiles<3, 0>,
                                       conv_tiles<4, 0>};
constexpr Tiles kWordTiles[kPixels] = {conv_tiles<1, 2>, conv_tiles<2, 2>, conv_tiles<3, 2>,
                                       conv_tiles<4, 2>};
/// Where the other half of a block holds no channel.
constexpr Tiles kHalfTiles[kPixels] = {conv_tiles<1, 2>, conv_tiles<2, 2>, conv_tiles<3, 2>,
                                       conv_tiles<4, 1>};

ATTO_AVX2_INLINE void run_tiles(const I8Panel& panel, const Tiles* by_pixels,
                                const __m256i* picks) {
  for (std::size_t t = 0; t < panel.tile_count;) {
    const std::size_t end = i8::end_of_run(panel, t);
    by_pixels[panel.tiles[t].pixels - 1](panel, t, end, picks);
    t = end;
  }
}

ATTO_AVX2 void picked_conv(const I8Panel& panel) {
  __m256i picks[2];
  for (int q = 0; q < 2; ++q) {
    std::uint8_t bytes[32];
    for (int i = 0; i < 32; ++i)
      bytes[i] = static_cast<std::uint8_t>(i8::quad_byte(q, i % 4, i / 4, panel.interleave));
    picks[q] = load(bytes);
  }
  run_tiles(panel, kByteTiles, picks);
}

ATTO_AVX2 void word_conv(const I8Panel& panel) {
  run_tiles(panel, panel.lanes <= format::kLanes / 2 ? kHalfTiles : kWordTiles, nullptr);
}

ATTO_AVX2 void widen_pixels(std::byte* dst, const std::uint8_t* src, std::size_t count) {
  for (const std::uint8_t* const end = src + count; src != end; src += 16, dst += 32) {
    const __m128i both = load16(src), even = _mm_and_si128(both, _mm_set1_epi16(0xff)),
                  odd = _mm_srli_epi16(both, 8);
    auto* to = reinterpret_cast<__m128i*>(dst);
    _mm_storeu_si128(to, _mm_unpacklo_epi32(even, odd));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(even, odd));
  }
}

ATTO_AVX2 void widen_weights(std::byte* dst, const std::int8_t* src, std::size_t quads) {
  for (std::size_t q = 0; q < quads; ++q, src += 64, dst += 128) {
    const QuadWeights words = widened(src);
    auto* to = reinterpret_cast<__m256i*>(dst);
    for (int h = 0; h < 2; ++h) {
      _mm256_storeu_si256(to + h, words.even[h]);
      _mm256_storeu_si256(to + 2 + h, words.odd[h]);
    }
  }
}

/// The taps of a depthwise window in pairs, an odd one beside zero weights. Words of 16 channels
/// interleave into [0] lanes 0-3 and 8-11, [1] lanes 4-7 and 12-15, the order of the sums.
struct TapPairs {
  int count = 0;
  std::ptrdiff_t at[(kMaxTaps + 1) / 2][2];
  __m256i weights[(kMaxTaps + 1) / 2][2];
};

ATTO_AVX2_INLINE void interleave(__m256i a, __m256i b, __m256i (&halves)[2]) {
  halves[0] = _mm256_unpacklo_epi16(a, b);
  halves[1] = _mm256_unpackhi_epi16(a, b);
}

ATTO_AVX2_INLINE void pair_taps(const I8DepthwiseRow& row, int block, TapPairs& pairs) {
  const int taps = (row.ky_end - row.ky_begin) * row.kernel_width;
  const std::int8_t* w = row.weights + block * row.weight_step;
  pairs.count = (taps + 1) / 2;
  for (int p = 0; p < pairs.count; ++p) {
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const int tap = 2 * p + k;
      const bool is_there = tap < taps;
      words[k] = is_there ? _mm256_cvtepi8_epi16(load16(w + std::ptrdiff_t{tap} * format::kLanes))
                          : _mm256_setzero_si256();
      pairs.at[p][k] = is_there ? tap / row.kernel_width * row.row_step +
                                      tap % row.kernel_width * row.column_step
                                : pairs.at[p][0];
    }
    interleave(words[0], words[1], pairs.weights[p]);
  }
}

template <int P>
ATTO_AVX2_INLINE void depthwise_pixels(const I8DepthwiseRow& row, const TapPairs& pairs,
                                       const __m256i (&bias)[2], const Rounding& by,
                                       const std::uint8_t* src, std::uint8_t* dst) {
  const std::ptrdiff_t pitch = std::ptrdiff_t{row.stride} * format::kLanes;
  __m256i sums[P][2];
  for (int i = 0; i < P; ++i)
    for (int h = 0; h < 2; ++h) sums[i][h] = bias[h];
  for (int p = 0; p < pairs.count; ++p) {
    const std::uint8_t *a = src + pairs.at[p][0], *b = src + pairs.at[p][1];
    for (int i = 0; i < P; ++i) {
      __m256i halves[2];
      interleave(_mm256_cvtepu8_epi16(load16(a + i * pitch)),
                 _mm256_cvtepu8_epi16(load16(b + i * pitch)), halves);
      for (int h = 0; h < 2; ++h) add_products(sums[i][h], halves[h], pairs.weights[p][h]);
    }
  }
  for (int i = 0; i < P; i += 2) {
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const int at = i + k < P ? i + k : i;
      words[k] = _mm256_packs_epi32(rounded(sums[at][0], by.multipliers[0], row.finish, nullptr),
                                    rounded(sums[at][1], by.multipliers[1], row.finish, nullptr));
    }
    store(dst + i * format::kLanes,
          _mm256_permute4x64_epi64(to_bytes(words[0], words[1], by), 0xd8), i + 1 < P ? 2 : 1);
  }
}

ATTO_AVX2_INLINE __m256i halves_of(const void* sixteen, int half) {
  const auto* words = static_cast<const std::int32_t*>(sixteen) + 4 * half;
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(words)), load16(words + 8), 1);
}

ATTO_AVX2 void depthwise_row(const I8DepthwiseRow& row) {
  if (row.residual != nullptr || (row.ky_end - row.ky_begin) * row.kernel_width > kMaxTaps)
    return i8::depthwise_row(row);
  TapPairs pairs;
  for (int b = 0; b < row.blocks; ++b) {
    pair_taps(row, b, pairs);
    const float* multipliers = row.finish.multipliers + b * format::kLanes;
    const std::int32_t* biases = row.bias + b * format::kLanes;
    Rounding by = rounding_of(row.finish, multipliers);
    __m256i bias[2];
    for (int h = 0; h < 2; ++h) {
      by.multipliers[h] = _mm256_castsi256_ps(halves_of(multipliers, h));
      bias[h] = halves_of(biases, h);
    }
    const std::uint8_t* src = row.src + b * row.block_step;
    std::uint8_t* dst = row.dst + b * row.dst_step;
    const std::ptrdiff_t pitch = std::ptrdiff_t{row.stride} * format::kLanes;
    int x = 0;
    for (; x + kPixels <= row.width; x += kPixels)
      depthwise_pixels<kPixels>(row, pairs, bias, by, src + x * pitch, dst + x * format::kLanes);
    for (; x < row.width; ++x)
      depthwise_pixels<1>(row, pairs, bias, by, src + x * pitch, dst + x * format::kLanes);
  }
}

/// Eight pixels of a plane as integers 0 .. 255; what is no number counts as the smallest.
ATTO_AVX2_INLINE __m256i image_values(const float* plane, const I8ImageRow& row) {
  const auto zero_point = static_cast<float>(row.zero_point);
  if (plane == nullptr) return _mm256_set1_epi32(row.zero_point);
  const __m256 x = clamped(_mm256_div_ps(_mm256_loadu_ps(plane), _mm256_set1_ps(row.scale)),
                           {-zero_point, 255 - zero_point});
  return _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(row.zero_point));
}

ATTO_AVX2 void image_row(const I8ImageRow& row) {
  int x = 0;
  for (; x + 8 <= row.count; x += 8) {
    __m256i quads = _mm256_setzero_si256();
    for (int k = 3; k >= 0; --k) {
      const float* plane = row.planes[k] == nullptr ? nullptr : row.planes[k] + x;
      quads = _mm256_or_si256(_mm256_slli_epi32(quads, 8), image_values(plane, row));
    }
    std::uint8_t bytes[32];
    std::uint8_t* to = row.dst + x * row.pixel_step;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.pixel_step == 4 ? to : bytes), quads);
    if (row.pixel_step != 4)
      for (int i = 0; i < 8; ++i) std::memcpy(to + i * row.pixel_step, bytes + 4 * i, 4);
  }
  I8ImageRow rest = row;
  for (const float*& plane : rest.planes)
    if (plane != nullptr) plane += x;
  rest.dst += x * row.pixel_step;
  rest.count -= x;
  i8::image_row(rest);
}

/// A pixel less its zero point, as 16-bit words beside zeros, in the order of interleave().
ATTO_AVX2_INLINE void centred(const std::uint8_t* pixel, std::int32_t zero, __m256i (&halves)[2]) {
  interleave(_mm256_sub_epi16(_mm256_cvtepu8_epi16(load16(pixel)),
                              _mm256_set1_epi16(static_cast<short>(zero))),
             _mm256_setzero_si256(), halves);
}

ATTO_AVX2 void product_row(const I8ProductRow& row) {
  I8Finish how{};
  how.zero_point = row.zero_point;
  how.low = row.low;
  how.high = row.high;
  float factors[format::kLanes];
  for (float& factor : factors) factor = row.factor;
  const Rounding by = rounding_of(how, factors);
  __m256i a[2], b[2];
  centred(row.b, row.b_zero, b);
  for (int x = 0; x < row.width; x += 2) {
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const std::ptrdiff_t at = (x + k < row.width ? x + k : x) * std::ptrdiff_t{format::kLanes};
      if (!row.is_gate) centred(row.b + at, row.b_zero, b);
      centred(row.a + at, row.a_zero, a);
      words[k] = _mm256_packs_epi32(
          rounded(_mm256_madd_epi16(a[0], b[0]), by.multipliers[0], how, nullptr),
          rounded(_mm256_madd_epi16(a[1], b[1]), by.multipliers[1], how, nullptr));
    }
    store(row.dst + x * format::kLanes,
          _mm256_permute4x64_epi64(to_bytes(words[0], words[1], by), 0xd8),
          x + 1 < row.width ? 2 : 1);
  }
}

ATTO_AVX2 void gather_row(const I8GatheredRow& row) {
  I8Finish how{};
  how.zero_point = row.zero_point;
  how.high = 255;
  const Rounding by = rounding_of(how, row.factors);
  const __m256i zeros[2] = {load(row.zeros), load(row.zeros + 8)};
  for (int x = 0; x < row.width; x += 2) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    __m256i picked = _mm256_setzero_si256();
    for (std::size_t s = 0; s < row.source_count; ++s)
      picked = _mm256_or_si256(
          picked, _mm256_shuffle_epi8(load(row.sources[s].src + at),
                                      _mm256_broadcastsi128_si256(load16(row.sources[s].lanes))));
    const __m128i pixels[2] = {_mm256_castsi256_si128(picked), _mm256_extracti128_si256(picked, 1)};
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const __m256i low = _mm256_cvtepu8_epi32(pixels[k]),
                    high = _mm256_cvtepu8_epi32(_mm_srli_si128(pixels[k], 8));
      words[k] = _mm256_packs_epi32(
          rounded(_mm256_sub_epi32(low, zeros[0]), by.multipliers[0], how, nullptr),
          rounded(_mm256_sub_epi32(high, zeros[1]), by.multipliers[1], how, nullptr));
    }
    store(row.dst + at, in_order(to_bytes(words[0], words[1], by)), x + 1 < row.width ? 2 : 1);
  }
}

ATTO_AVX2 void sum_row(std::uint32_t* sums, const std::uint8_t* src, int width) {
  __m256i words = _mm256_setzero_si256();  // 256 times 255 fit
  for (int x = 0; x < width; ++x)
    words = _mm256_add_epi16(words, _mm256_cvtepu8_epi16(load16(src + x * format::kLanes)));
  const __m128i halves[2] = {_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)};
  for (int h = 0; h < 2; ++h) {
    auto* to = reinterpret_cast<__m256i*>(sums + 8 * h);
    _mm256_storeu_si256(to, _mm256_add_epi32(load(to), _mm256_cvtepu16_epi32(halves[h])));
  }
}

constexpr I8Kernels kAvx2 = {
    kPixels,       0,         picked_conv, {word_conv, widen_pixels, widen_weights},
    depthwise_row, image_row, product_row, gather_row,
    sum_row};

}  // namespace

const I8Kernels& i8_avx2_kernels() {
  return kAvx2;
}

}  // namespace atto::edge
#endif
