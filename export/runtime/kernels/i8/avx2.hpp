#pragma once
// What the int8 kernels of AVX2 share: products of words, and how sums become bytes.
#if defined(__x86_64__)
#  include <immintrin.h>

#  include <cstring>

#  include "export/runtime/kernels/i8/kernels.hpp"

namespace atto::edge::avx2 {

#  define ATTO_AVX2 __attribute__((target("avx2")))
#  define ATTO_AVX2_INLINE ATTO_AVX2 inline __attribute__((always_inline))

ATTO_AVX2_INLINE __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
ATTO_AVX2_INLINE __m128i load16(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

ATTO_AVX2_INLINE __m128i load8(const std::uint8_t* from) {
  std::int64_t eight;
  std::memcpy(&eight, from, sizeof eight);
  return _mm_cvtsi64_si128(eight);
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
/// Without multipliers: of sums that have one of their own.
ATTO_AVX2_INLINE Rounding bounds_of(const I8Bounds& bounds) {
  return {{},
          _mm256_set1_epi16(static_cast<short>(bounds.zero_point)),
          _mm256_set1_epi8(static_cast<char>(bounds.low)),
          _mm256_set1_epi8(static_cast<char>(bounds.high))};
}
ATTO_AVX2_INLINE Rounding rounding_of(const I8Requantisation& how, const float* multipliers) {
  Rounding rounding = bounds_of({how.low, how.high, how.zero_point});
  for (int h = 0; h < 2; ++h) rounding.multipliers[h] = _mm256_loadu_ps(multipliers + 8 * h);
  return rounding;
}

ATTO_AVX2_INLINE __m256 clamped(__m256 x, Clamp clamp) {
  return _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(clamp.low)), _mm256_set1_ps(clamp.high));
}

/// Eight lanes; `residual` null for none.
ATTO_AVX2_INLINE __m256i rounded(__m256i sums, __m256 multipliers, const I8Requantisation& how,
                                 const std::uint8_t* residual) {
  __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), multipliers);
  if (residual != nullptr) {
    const __m256i r = _mm256_sub_epi32(_mm256_cvtepu8_epi32(load8(residual)),
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

// Of avx2_conv.cpp, for the table (I8Kernels).
inline constexpr int kConvPixels = 4;  ///< of a tile
ATTO_AVX2 void picked_conv(const I8Panel& panel);
ATTO_AVX2 void word_conv(const I8Panel& panel);
ATTO_AVX2 void widen_pixels(std::byte* dst, const std::uint8_t* src, std::size_t count);
ATTO_AVX2 void widen_weights(std::byte* dst, const std::int8_t* src, std::size_t quads);

}  // namespace atto::edge::avx2
#endif
