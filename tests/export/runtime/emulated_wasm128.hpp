#pragma once
// The WebAssembly instructions of the int8 kernels on any CPU, after the specification of its
// 128-bit vectors and with the compiler's own, so that the kernels are tested everywhere.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace atto::emulated {

template <class Value>
struct VectorOf {
  typedef Value Type __attribute__((vector_size(16)));
};
template <class Value>
using Lanes128 = typename VectorOf<Value>::Type;
using V128 = Lanes128<std::int32_t>;

template <class Value>
inline constexpr std::size_t kLanes128 = 16 / sizeof(Value);

template <class Value, class Op>
V128 each(V128 a, V128 b, Op op) {
  return (V128)op((Lanes128<Value>)a, (Lanes128<Value>)b);
}
template <class Value>
V128 splat(Value value) {
  return (V128)(Lanes128<Value>{} + value);
}
/// Converts values of From, from lane `first` on.
template <class To, class From>
V128 converted(V128 v, std::size_t first = 0) {
  const auto from = (Lanes128<From>)v;
  Lanes128<To> to{};
  for (std::size_t i = 0; i < kLanes128<To>; ++i) to[i] = static_cast<To>(from[first + i]);
  return (V128)to;
}
template <class Narrow, class Wide>
V128 narrowed(V128 a, V128 b) {
  using Limits = std::numeric_limits<Narrow>;
  const auto low = (Lanes128<Wide>)a, high = (Lanes128<Wide>)b;
  Lanes128<Narrow> lanes{};
  for (std::size_t i = 0; i < kLanes128<Narrow>; ++i) {
    const Wide value = i < kLanes128<Wide> ? low[i] : high[i - kLanes128<Wide>];
    lanes[i] = static_cast<Narrow>(std::clamp<Wide>(value, Limits::min(), Limits::max()));
  }
  return (V128)lanes;
}
template <class Value, class... Indices>
V128 shuffled(V128 a, V128 b, Indices... index) {
  const Lanes128<Value> from = {static_cast<Value>(index)...};
  return (V128)__builtin_shuffle((Lanes128<Value>)a, (Lanes128<Value>)b, from);
}
inline V128 loaded(const void* from, std::size_t bytes) {  // the rest repeats it
  V128 v;
  for (std::size_t i = 0; i < 16; i += bytes)
    std::memcpy(reinterpret_cast<char*>(&v) + i, from, bytes);
  return v;
}

}  // namespace atto::emulated

using v128_t = atto::emulated::V128;

// clang-format off
inline v128_t wasm_v128_load(const void* from) { return atto::emulated::loaded(from, 16); }
inline v128_t wasm_v128_load32_splat(const void* from) { return atto::emulated::loaded(from, 4); }
inline v128_t wasm_v128_load64_splat(const void* from) { return atto::emulated::loaded(from, 8); }
inline v128_t wasm_u16x8_load8x8(const void* from) {
  return atto::emulated::converted<std::uint16_t, std::uint8_t>(atto::emulated::loaded(from, 8));
}
inline void wasm_v128_store(void* to, v128_t v) { std::memcpy(to, &v, 16); }
inline v128_t wasm_i32x4_splat(std::int32_t x) { return atto::emulated::splat(x); }
inline v128_t wasm_i16x8_splat(std::int16_t x) { return atto::emulated::splat(x); }
inline v128_t wasm_f32x4_splat(float x) { return atto::emulated::splat(x); }
inline v128_t wasm_v128_and(v128_t a, v128_t b) {
  return atto::emulated::each<std::uint32_t>(a, b, [](auto x, auto y) { return x & y; });
}
inline v128_t wasm_v128_or(v128_t a, v128_t b) {
  return atto::emulated::each<std::uint32_t>(a, b, [](auto x, auto y) { return x | y; });
}
inline v128_t wasm_i32x4_add(v128_t a, v128_t b) {
  return atto::emulated::each<std::uint32_t>(a, b, [](auto x, auto y) { return x + y; });
}
inline v128_t wasm_i32x4_sub(v128_t a, v128_t b) {
  return atto::emulated::each<std::uint32_t>(a, b, [](auto x, auto y) { return x - y; });
}
inline v128_t wasm_i16x8_add(v128_t a, v128_t b) {
  return atto::emulated::each<std::uint16_t>(a, b, [](auto x, auto y) { return x + y; });
}
inline v128_t wasm_i16x8_sub(v128_t a, v128_t b) {
  return atto::emulated::each<std::uint16_t>(a, b, [](auto x, auto y) { return x - y; });
}
inline v128_t wasm_f32x4_add(v128_t a, v128_t b) {
  return atto::emulated::each<float>(a, b, [](auto x, auto y) { return x + y; });
}
inline v128_t wasm_f32x4_mul(v128_t a, v128_t b) {
  return atto::emulated::each<float>(a, b, [](auto x, auto y) { return x * y; });
}
inline v128_t wasm_f32x4_div(v128_t a, v128_t b) {
  return atto::emulated::each<float>(a, b, [](auto x, auto y) { return x / y; });
}
inline v128_t wasm_f32x4_pmin(v128_t a, v128_t b) {
  return atto::emulated::each<float>(a, b, [](auto x, auto y) { return y < x ? y : x; });
}
inline v128_t wasm_f32x4_pmax(v128_t a, v128_t b) {
  return atto::emulated::each<float>(a, b, [](auto x, auto y) { return x < y ? y : x; });
}
inline v128_t wasm_i32x4_shl(v128_t v, std::uint32_t by) {
  return atto::emulated::each<std::uint32_t>(v, v, [by](auto x, auto) { return x << by; });
}
inline v128_t wasm_i16x8_shl(v128_t v, std::uint32_t by) {
  return atto::emulated::each<std::uint16_t>(v, v, [by](auto x, auto) { return x << by; });
}
inline v128_t wasm_i16x8_shr(v128_t v, std::uint32_t by) {
  return atto::emulated::each<std::int16_t>(v, v, [by](auto x, auto) { return x >> by; });
}
inline v128_t wasm_u16x8_shr(v128_t v, std::uint32_t by) {
  return atto::emulated::each<std::uint16_t>(v, v, [by](auto x, auto) { return x >> by; });
}
inline v128_t wasm_f32x4_convert_i32x4(v128_t v) { return atto::emulated::converted<float, std::int32_t>(v); }
inline v128_t wasm_i16x8_extend_low_i8x16(v128_t v) { return atto::emulated::converted<std::int16_t, std::int8_t>(v); }
inline v128_t wasm_i16x8_extend_high_i8x16(v128_t v) { return atto::emulated::converted<std::int16_t, std::int8_t>(v, 8); }
inline v128_t wasm_u16x8_extend_low_u8x16(v128_t v) { return atto::emulated::converted<std::uint16_t, std::uint8_t>(v); }
inline v128_t wasm_u16x8_extend_high_u8x16(v128_t v) { return atto::emulated::converted<std::uint16_t, std::uint8_t>(v, 8); }
inline v128_t wasm_i32x4_extend_low_i16x8(v128_t v) { return atto::emulated::converted<std::int32_t, std::int16_t>(v); }
inline v128_t wasm_i32x4_extend_high_i16x8(v128_t v) { return atto::emulated::converted<std::int32_t, std::int16_t>(v, 4); }
inline v128_t wasm_u32x4_extend_low_u16x8(v128_t v) { return atto::emulated::converted<std::uint32_t, std::uint16_t>(v); }
inline v128_t wasm_u32x4_extend_high_u16x8(v128_t v) { return atto::emulated::converted<std::uint32_t, std::uint16_t>(v, 4); }
inline v128_t wasm_i16x8_narrow_i32x4(v128_t a, v128_t b) { return atto::emulated::narrowed<std::int16_t, std::int32_t>(a, b); }
inline v128_t wasm_u8x16_narrow_i16x8(v128_t a, v128_t b) { return atto::emulated::narrowed<std::uint8_t, std::int16_t>(a, b); }
inline v128_t wasm_i32x4_dot_i16x8(v128_t a, v128_t b) {
  const auto x = (atto::emulated::Lanes128<std::int16_t>)a, y = (atto::emulated::Lanes128<std::int16_t>)b;
  atto::emulated::Lanes128<std::uint32_t> sums{};
  for (std::size_t i = 0; i < 4; ++i)
    sums[i] = static_cast<std::uint32_t>(x[2 * i] * y[2 * i]) + static_cast<std::uint32_t>(x[2 * i + 1] * y[2 * i + 1]);
  return (v128_t)sums;
}
inline v128_t wasm_i8x16_swizzle(v128_t v, v128_t index) {
  return atto::emulated::each<std::uint8_t>(v, index, [](auto from, auto at) {
    auto picked = from;
    for (std::size_t i = 0; i < 16; ++i) picked[i] = at[i] < 16 ? from[at[i]] : 0;
    return picked;
  });
}
// clang-format on
#define wasm_i8x16_shuffle atto::emulated::shuffled<std::uint8_t>
#define wasm_i16x8_shuffle atto::emulated::shuffled<std::uint16_t>
#define wasm_i32x4_shuffle atto::emulated::shuffled<std::uint32_t>
