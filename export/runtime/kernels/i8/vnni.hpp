#pragma once
// What the int8 kernels of VNNI share: products of bytes, and how sums become bytes.
#if defined(__x86_64__)
#  include "export/runtime/kernels/avx512.hpp"
#  include "export/runtime/kernels/i8/kernels.hpp"

namespace atto::edge::vnni {

#  define ATTO_VNNI ATTO_AVX512("avx512vnni")
#  define ATTO_VNNI_INLINE ATTO_VNNI inline __attribute__((always_inline))

/// Adds products of four bytes each. As an instruction in place: with the intrinsic GCC copies sums
/// from register to register, and some to memory.
ATTO_VNNI_INLINE void add_products(__m512i& sums, __m512i x, __m512i weights) {
#  ifdef ATTO_EMULATED_AVX512
  sums = _mm512_dpbusd_epi32(sums, x, weights);
#  else
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(weights));
#  endif
}

ATTO_VNNI_INLINE __m512 clamped(__m512 x, Clamp clamp) {
  return _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(clamp.low)), _mm512_set1_ps(clamp.high));
}

/// What turns the sums of a block into bytes.
struct Rounding {
  const I8Requantisation& how;
  __m512 multipliers;
  __m512i zero_point, low, high;
  bool is_plain;  ///< to [0, 255], as packing saturates, without a zero point
};
ATTO_VNNI_INLINE Rounding rounding_of(const I8Requantisation& how, const float* multipliers) {
  return {how,
          _mm512_loadu_ps(multipliers),
          _mm512_set1_epi16(static_cast<short>(how.zero_point)),
          _mm512_set1_epi8(static_cast<char>(how.low)),
          _mm512_set1_epi8(static_cast<char>(how.high)),
          how.zero_point == 0 && how.low == 0 && how.high == 255};
}

/// One pixel; `residual` null for none.
ATTO_VNNI_INLINE __m512i rounded(__m512i sums, const Rounding& by, const std::uint8_t* residual) {
  __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), by.multipliers);
  if (residual != nullptr) {
    const __m512i r = _mm512_sub_epi32(
        _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(residual))),
        _mm512_set1_epi32(by.how.residual_zero));
    x = _mm512_add_ps(clamped(x, by.how.clamp),
                      _mm512_mul_ps(_mm512_cvtepi32_ps(r), _mm512_set1_ps(by.how.residual_factor)));
  }
  return _mm512_cvtps_epi32(x);
}

/// Rounds and stores N <= 4 pixels side by side. Packing leaves the pixels' quads of channels
/// beside each other: 0a 1a 2a 3a | 0b 1b .. becomes 0a 0b 0c 0d | 1a ..
template <int N>
ATTO_VNNI_INLINE void finish(const __m512i* sums, const Rounding& by, const std::uint8_t* residual,
                             std::uint8_t* dst) {
  __m512i x[4];
#  pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    x[i] = i >= N ? x[0]
                  : rounded(sums[i], by,
                            residual == nullptr ? nullptr : residual + i * format::kLanes);
  __m512i first = _mm512_packs_epi32(x[0], x[1]);
  __m512i second = N < 3 ? first : _mm512_packs_epi32(x[2], x[3]);
  if (!by.is_plain) {
    first = _mm512_adds_epi16(first, by.zero_point);
    second = _mm512_adds_epi16(second, by.zero_point);
  }
  __m512i bytes = _mm512_packus_epi16(first, second);
  if (!by.is_plain) bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, by.low), by.high);
  const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  bytes = _mm512_permutexvar_epi32(order, bytes);
  if (N == 4) return _mm512_storeu_si512(dst, bytes);
  if (N >= 2) _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst), _mm512_castsi512_si256(bytes));
  if (N == 3)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst) + 2, _mm512_extracti32x4_epi32(bytes, 2));
  if (N == 1) _mm_storeu_si128(reinterpret_cast<__m128i*>(dst), _mm512_castsi512_si128(bytes));
}

using DepthwiseBlock = void (*)(const I8DepthwiseBlock&);
/// Of vnni_depthwise.cpp, for the table (I8Kernels): the one for this CPU.
DepthwiseBlock depthwise_block();

}  // namespace atto::edge::vnni
#endif
