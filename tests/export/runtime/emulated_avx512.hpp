#pragma once
// The AVX-512 instructions of the int8 and bf16 kernels in plain loops, after Intel's intrinsics
// guide, so that kernels for such CPUs are tested on any. 256 bits are AVX2's, which the build may
// not assume, so they are plain too.

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace atto::emulated {

template <class Value, std::size_t N>
struct alignas(sizeof(Value) * N) Vector {
  std::array<Value, N> at;
};
using Floats = Vector<float, 16>;
using Bits = Vector<std::int32_t, 16>;
using Half = Vector<std::int32_t, 8>;

template <class To, class From>
To as(const From& from) {
  To to;
  static_assert(sizeof to == sizeof from);
  std::memcpy(&to, &from, sizeof to);
  return to;
}
template <class Value>
using Of = Vector<Value, 64 / sizeof(Value)>;

template <class Value, class Op>
Bits each(Bits a, Bits b, Op op) {
  auto x = as<Of<Value>>(a), y = as<Of<Value>>(b);
  for (std::size_t i = 0; i < x.at.size(); ++i) x.at[i] = static_cast<Value>(op(x.at[i], y.at[i]));
  return as<Bits>(x);
}
template <class Op>
Floats each(Floats a, Floats b, Op op) {
  for (std::size_t i = 0; i < 16; ++i) a.at[i] = op(a.at[i], b.at[i]);
  return a;
}
template <class Value>
Bits set1(Value value) {
  Of<Value> all;
  all.at.fill(value);
  return as<Bits>(all);
}
template <class Narrow, class Wide>
Narrow saturated(Wide value) {
  using Limits = std::numeric_limits<Narrow>;
  return static_cast<Narrow>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
}
inline constexpr auto kAdd = [](auto a, auto b) { return a + b; };
inline constexpr auto kSubtract = [](auto a, auto b) { return a - b; };
inline constexpr auto kMultiply = [](auto a, auto b) { return a * b; };
inline constexpr auto kMax = [](auto a, auto b) { return a > b ? a : b; };
inline constexpr auto kMin = [](auto a, auto b) { return a < b ? a : b; };
inline constexpr auto kAddWords = [](int a, int b) { return saturated<std::int16_t>(a + b); };

/// Packs each 128 bits of `a`, then of `b`.
template <class Wide, class Narrow>
Bits packed(Bits a, Bits b) {
  const auto x = as<Of<Wide>>(a), y = as<Of<Wide>>(b);
  Of<Narrow> both;
  constexpr std::size_t kEach = 16 / sizeof(Wide);
  for (std::size_t i = 0; i < both.at.size(); ++i) {
    const std::size_t from = i / (2 * kEach) * kEach + i % kEach;
    both.at[i] = saturated<Narrow>(i / kEach % 2 == 0 ? x.at[from] : y.at[from]);
  }
  return as<Bits>(both);
}

inline Bits load(const void* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}
inline Bits load_some(std::uint64_t mask, const void* from) {
  Of<std::uint8_t> bytes{};
  for (std::size_t i = 0; i < 64; ++i)
    if ((mask >> i & 1) != 0) bytes.at[i] = static_cast<const std::uint8_t*>(from)[i];
  return as<Bits>(bytes);
}
template <class Any>
void store(void* to, const Any& from) {
  std::memcpy(to, &from, sizeof from);
}
inline Floats to_floats(Bits a) {
  Floats f;
  for (std::size_t i = 0; i < 16; ++i) f.at[i] = static_cast<float>(a.at[i]);
  return f;
}
inline Bits to_ints(Floats a) {
  Bits bits;
  for (std::size_t i = 0; i < 16; ++i) {
    const float x = std::nearbyint(a.at[i]);
    bits.at[i] = x >= -2147483648.0F && x < 2147483648.0F
                     ? static_cast<std::int32_t>(x)
                     : std::numeric_limits<std::int32_t>::min();
  }
  return bits;
}
inline Bits widened(__m128i a) {
  const auto bytes = as<std::array<std::uint8_t, 16>>(a);
  Bits bits;
  std::copy(bytes.begin(), bytes.end(), bits.at.begin());
  return bits;
}
inline Bits dot(Bits sums, Bits a, Bits b) {
  const auto x = as<Of<std::uint8_t>>(a);
  const auto y = as<Of<std::int8_t>>(b);
  for (std::size_t i = 0; i < 64; ++i)
    sums.at[i / 4] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums.at[i / 4]) +
                                               static_cast<std::uint32_t>(x.at[i] * y.at[i]));
  return sums;
}
/// The higher of two products is added first.
inline Floats dot_bf16(Floats sums, Bits a, Bits b) {
  const auto x = as<Of<std::uint16_t>>(a), y = as<Of<std::uint16_t>>(b);
  const auto value = [](std::uint16_t half) { return as<float>(std::uint32_t{half} << 16); };
  for (std::size_t i = 0; i < 32; ++i) sums.at[i / 2] += value(x.at[i ^ 1]) * value(y.at[i ^ 1]);
  return sums;
}
/// To the nearest, ties to even; denormal numbers count as zero.
inline Half to_bf16(Floats a) {
  Vector<std::uint16_t, 16> halves;
  for (std::size_t i = 0; i < 16; ++i) {
    const auto bits = as<std::uint32_t>(a.at[i]);
    const bool is_tiny = (bits & 0x7f800000) == 0;
    halves.at[i] = static_cast<std::uint16_t>(
        std::isnan(a.at[i])
            ? bits >> 16 | 0x40
            : ((is_tiny ? bits & 0x80000000 : bits) + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
  return as<Half>(halves);
}
template <class Value, class All>
All permuted(All order, All a) {
  using Values = Vector<Value, sizeof(All) / sizeof(Value)>;
  const auto by = as<Values>(order), x = as<Values>(a);
  Values made;
  for (std::size_t i = 0; i < made.at.size(); ++i) made.at[i] = x.at[by.at[i] % x.at.size()];
  return as<All>(made);
}
inline Bits shuffled(Bits a, Bits order) {
  const auto x = as<Of<std::uint8_t>>(a), by = as<Of<std::uint8_t>>(order);
  Of<std::uint8_t> bytes;
  for (std::size_t i = 0; i < 64; ++i)
    bytes.at[i] = by.at[i] >= 128 ? std::uint8_t{0}
                                  : x.at[i / 16 * 16 + static_cast<std::size_t>(by.at[i] & 15)];
  return as<Bits>(bytes);
}
inline Bits repeated(__m128i a) {
  const auto four = as<std::array<std::int32_t, 4>>(a);
  Bits bits;
  for (std::size_t i = 0; i < 16; ++i) bits.at[i] = four[i % 4];
  return bits;
}
inline Bits repeated(Half a) {
  Bits bits;
  for (std::size_t i = 0; i < 16; ++i) bits.at[i] = a.at[i % 8];
  return bits;
}
inline Half low_half(Bits a) {
  Half half;
  std::copy_n(a.at.begin(), 8, half.at.begin());
  return half;
}
inline Half load_half(const void* from) {
  Half half;
  std::memcpy(&half, from, sizeof half);
  return half;
}
/// What lies beyond the half is anything.
inline Bits from_half(Half a) {
  Bits bits = set1<std::int8_t>(0x55);
  std::copy_n(a.at.begin(), 8, bits.at.begin());
  return bits;
}
inline __m128i quarter(Bits a, int index) {
  std::array<std::int32_t, 4> four;
  std::copy_n(a.at.begin() + 4 * index, 4, four.begin());
  return as<__m128i>(four);
}
/// From the last to the first, as _mm512_set_epi32 takes them.
template <class... Values>
Bits set_backwards(Values... values) {
  Bits bits{{values...}};
  std::reverse(bits.at.begin(), bits.at.end());
  return bits;
}

}  // namespace atto::emulated

using __mmask64 = std::uint64_t;
#define __m512i ::atto::emulated::Bits
#define __m512 ::atto::emulated::Floats
#define __m256i ::atto::emulated::Half
#define __m512bh ::atto::emulated::Bits
#define __m256bh ::atto::emulated::Half
#define EMULATED ::atto::emulated
#define _mm512_loadu_si512(p) EMULATED::load(p)
#define _mm512_load_si512(p) EMULATED::load(p)
#define _mm512_loadu_ps(p) EMULATED::as<__m512>(EMULATED::load(p))
#define _mm512_maskz_loadu_epi8(m, p) EMULATED::load_some(m, p)
#define _mm512_storeu_si512(p, a) EMULATED::store(p, a)
#define _mm256_storeu_si256(p, a) EMULATED::store(p, a)
#define _mm512_storeu_ps(p, a) EMULATED::store(p, a)
#define _mm512_setzero_ps() EMULATED::as<__m512>(EMULATED::set1<float>(0))
#define _mm512_set1_ps(a) EMULATED::as<__m512>(EMULATED::set1<float>(a))
#define _mm512_set1_epi64(a) EMULATED::set1<std::int64_t>(a)
#define _mm512_set1_epi32(a) EMULATED::set1<std::int32_t>(a)
#define _mm512_set1_epi16(a) EMULATED::set1<std::int16_t>(a)
#define _mm512_set1_epi8(a) EMULATED::set1<std::int8_t>(static_cast<std::int8_t>(a))
#define _mm512_set_epi32(...) EMULATED::set_backwards(__VA_ARGS__)
#define _mm512_add_ps(a, b) EMULATED::each(a, b, EMULATED::kAdd)
#define _mm512_mul_ps(a, b) EMULATED::each(a, b, EMULATED::kMultiply)
#define _mm512_max_ps(a, b) EMULATED::each(a, b, EMULATED::kMax)
#define _mm512_min_ps(a, b) EMULATED::each(a, b, EMULATED::kMin)
#define _mm512_add_epi32(a, b) EMULATED::each<std::int32_t>(a, b, EMULATED::kAdd)
#define _mm512_sub_epi32(a, b) EMULATED::each<std::int32_t>(a, b, EMULATED::kSubtract)
#define _mm512_max_epu8(a, b) EMULATED::each<std::uint8_t>(a, b, EMULATED::kMax)
#define _mm512_min_epu8(a, b) EMULATED::each<std::uint8_t>(a, b, EMULATED::kMin)
#define _mm512_adds_epi16(a, b) EMULATED::each<std::int16_t>(a, b, EMULATED::kAddWords)
#define _mm512_packs_epi32(a, b) EMULATED::packed<std::int32_t, std::int16_t>(a, b)
#define _mm512_packus_epi16(a, b) EMULATED::packed<std::int16_t, std::uint8_t>(a, b)
#define _mm512_cvtepi32_ps(a) EMULATED::to_floats(a)
#define _mm512_cvtps_epi32(a) EMULATED::to_ints(a)
#define _mm512_cvtepu8_epi32(a) EMULATED::widened(a)
#define _mm512_dpbf16_ps(s, a, b) EMULATED::dot_bf16(s, a, b)
#define _mm512_cvtneps_pbh(a) EMULATED::to_bf16(a)
#define _mm512_dpbusd_epi32(s, a, b) EMULATED::dot(s, a, b)
#define _mm512_permutexvar_epi32(i, a) EMULATED::permuted<std::uint32_t>(i, a)
#define _mm256_permutexvar_epi16(i, a) EMULATED::permuted<std::uint16_t>(i, a)
#define _mm512_shuffle_epi8(a, i) EMULATED::shuffled(a, i)
#define _mm512_broadcast_i32x4(a) EMULATED::repeated(a)
#define _mm512_broadcast_i64x4(a) EMULATED::repeated(a)
#define _mm512_castsi512_si256(a) EMULATED::low_half(a)
#define _mm512_castsi256_si512(a) EMULATED::from_half(a)
#define _mm256_loadu_si256(p) EMULATED::load_half(p)
#define _mm512_castsi512_si128(a) EMULATED::quarter(a, 0)
#define _mm512_extracti32x4_epi32(a, i) EMULATED::quarter(a, i)
