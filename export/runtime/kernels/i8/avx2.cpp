// The int8 kernels of AVX2 but for convolutions over channels (avx2_conv.cpp).
#if defined(__x86_64__)
#  include "export/runtime/kernels/i8/avx2.hpp"

#  include "export/runtime/kernels/i8/plain_rows.hpp"

namespace atto::edge {
namespace avx2 {
namespace {

constexpr int kTogether = 4;  // pixels
constexpr int kMaxTaps = 49;  // of a depthwise window

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
      words[k] =
          _mm256_packs_epi32(rounded(sums[at][0], by.multipliers[0], row.requantisation, nullptr),
                             rounded(sums[at][1], by.multipliers[1], row.requantisation, nullptr));
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
    const float* multipliers = row.requantisation.multipliers + b * format::kLanes;
    const std::int32_t* biases = row.bias + b * format::kLanes;
    Rounding by = rounding_of(row.requantisation, multipliers);
    __m256i bias[2];
    for (int h = 0; h < 2; ++h) {
      by.multipliers[h] = _mm256_castsi256_ps(halves_of(multipliers, h));
      bias[h] = halves_of(biases, h);
    }
    const std::uint8_t* src = row.src + b * row.block_step;
    std::uint8_t* dst = row.dst + b * row.dst_step;
    const std::ptrdiff_t pitch = std::ptrdiff_t{row.stride} * format::kLanes;
    int x = 0;
    for (; x + kTogether <= row.width; x += kTogether)
      depthwise_pixels<kTogether>(row, pairs, bias, by, src + x * pitch, dst + x * format::kLanes);
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
  i8::image_row(row, x);
}

/// A pixel less its zero point, as 16-bit words beside zeros, in the order of interleave().
ATTO_AVX2_INLINE void centred(const std::uint8_t* pixel, std::int32_t zero, __m256i (&halves)[2]) {
  interleave(_mm256_sub_epi16(_mm256_cvtepu8_epi16(load16(pixel)),
                              _mm256_set1_epi16(static_cast<short>(zero))),
             _mm256_setzero_si256(), halves);
}

ATTO_AVX2 void product_row(const I8ProductRow& row) {
  const Rounding by = bounds_of(row.bounds);
  const __m256 factor = _mm256_set1_ps(row.factor);
  __m256i a[2], b[2];
  centred(row.b, row.b_zero, b);
  for (int x = 0; x < row.width; x += 2) {
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const std::ptrdiff_t at = (x + k < row.width ? x + k : x) * std::ptrdiff_t{format::kLanes};
      if (!row.is_gate) centred(row.b + at, row.b_zero, b);
      centred(row.a + at, row.a_zero, a);
      words[k] = _mm256_packs_epi32(rounded(_mm256_madd_epi16(a[0], b[0]), factor, {}, nullptr),
                                    rounded(_mm256_madd_epi16(a[1], b[1]), factor, {}, nullptr));
    }
    store(row.dst + x * format::kLanes,
          _mm256_permute4x64_epi64(to_bytes(words[0], words[1], by), 0xd8),
          x + 1 < row.width ? 2 : 1);
  }
}

ATTO_AVX2 void gather_row(const I8GatheredRow& row) {
  I8Requantisation how{};
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

/// Looks bytes up in `Count` pieces of 16 of a table: in all by their low halves, of which their
/// high bits pick one.
template <int Count>
ATTO_AVX2_INLINE __m256i looked_up(const std::uint8_t* table, __m256i bytes, __m256i low_halves) {
  if constexpr (Count == 1) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load16(table)), low_halves);
  } else {
    constexpr int kHalf = Count / 2, kShift = Count == 16 ? 0 : Count == 8 ? 1 : Count == 4 ? 2 : 3;
    return _mm256_blendv_epi8(looked_up<kHalf>(table, bytes, low_halves),
                              looked_up<kHalf>(table + kHalf * 16, bytes, low_halves),
                              _mm256_slli_epi16(bytes, kShift));
  }
}

ATTO_AVX2 void table_row(const I8TableRow& row) {
  const std::size_t whole = row.count / 32 * 32;
  for (std::size_t i = 0; i < whole; i += 32) {
    const __m256i bytes = load(row.src + i);
    store(row.dst + i,
          looked_up<16>(row.table, bytes, _mm256_and_si256(bytes, _mm256_set1_epi8(15))), 2);
  }
  i8::table_row({row.src + whole, row.table, row.dst + whole, row.count - whole});
}

ATTO_AVX2_INLINE __m256i rounded_sum(const I8SumRow& row, std::ptrdiff_t at) {
  __m256 sum = _mm256_set1_ps(-0.0F);
  for (std::size_t t = 0; t < row.term_count; ++t) {
    const I8Term& term = row.terms[t];
    const std::uint8_t* src = term.src + row.y * term.row_step + row.block * term.block_step + at;
    const __m256i x =
        _mm256_sub_epi32(_mm256_cvtepu8_epi32(load8(src)), _mm256_set1_epi32(term.zero));
    sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_cvtepi32_ps(x), _mm256_set1_ps(term.factor)));
  }
  return _mm256_cvtps_epi32(sum);
}

ATTO_AVX2 void sum_row(const I8SumRow& row) {
  const Rounding by = bounds_of(row.bounds);
  for (int x = 0; x < row.width; x += 2) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    __m256i words[2];
    for (int k = 0; k < 2; ++k)
      words[k] = _mm256_packs_epi32(rounded_sum(row, at + k * format::kLanes),
                                    rounded_sum(row, at + k * format::kLanes + 8));
    store(row.dst + at, in_order(to_bytes(words[0], words[1], by)), x + 1 < row.width ? 2 : 1);
  }
}

ATTO_AVX2 void mean(const I8MeanCell& cell) {
  constexpr int kMaxSummed = 256;  // times 255 is a word
  const auto zero = _mm256_set1_epi32(-cell.rows * cell.columns * cell.zero);
  __m256i sums[2] = {zero, zero}, words = _mm256_setzero_si256();
  int summed = 0;
  const auto widen = [&]() __attribute__((target("avx2"))) {
    sums[0] = _mm256_add_epi32(sums[0], _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words)));
    sums[1] = _mm256_add_epi32(sums[1], _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1)));
    words = _mm256_setzero_si256();
    summed = 0;
  };
  for (int y = 0; y < cell.rows; ++y)
    for (int x = 0; x < cell.columns; ++x) {
      const std::uint8_t* pixel = cell.src + y * cell.row_step + std::ptrdiff_t{x} * format::kLanes;
      words = _mm256_add_epi16(words, _mm256_cvtepu8_epi16(load16(pixel)));
      if (++summed == kMaxSummed) widen();
    }
  widen();
  const __m256 factor = _mm256_set1_ps(cell.factor);
  const __m256i both = _mm256_packs_epi32(rounded(sums[0], factor, {}, nullptr),
                                          rounded(sums[1], factor, {}, nullptr));
  store(cell.dst, in_order(to_bytes(both, both, bounds_of(cell.bounds))), 1);
}

constexpr I8Kernels kAvx2 = {.max_pixels = kConvPixels,
                             .conv_shift = 0,
                             .conv = picked_conv,
                             .words = {word_conv, widen_pixels, widen_weights},
                             .arrange_groups = nullptr,
                             .depthwise_row = depthwise_row,
                             .depthwise_block = nullptr,
                             .image_row = image_row,
                             .product_row = product_row,
                             .gather_row = gather_row,
                             .table_row = table_row,
                             .sum_row = sum_row,
                             .mean = mean};

}  // namespace
}  // namespace avx2

const I8Kernels& i8_avx2_kernels() {
  return avx2::kAvx2;
}

}  // namespace atto::edge
#endif
