#pragma once
// What the int8 kernels of WebAssembly's vectors share: products of words, and how sums become
// bytes.
#include "export/runtime/kernels/wasm128.hpp"
#ifdef ATTO_HAS_WASM128
#  include "export/runtime/kernels/i8/kernels.hpp"

namespace atto::edge::wasm128 {

#  define ATTO_WASM_INLINE inline __attribute__((always_inline))

inline constexpr int kVectors = 4;  ///< of the 16 lanes of a pixel
using Lanes = v128_t[kVectors];     ///< the 16 of a pixel, as integers or floats

/// sums += pairs of products.
ATTO_WASM_INLINE void add_products(v128_t& sums, v128_t x, v128_t w) {
  sums = wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(x, w));
}

ATTO_WASM_INLINE v128_t clamped(v128_t x, v128_t low, v128_t high) {
  return wasm_f32x4_pmin(high, wasm_f32x4_pmax(low, x));  // low for what is no number
}

/// What turns floats into bytes between bounds. A number that was clamped to whole bounds and had
/// 1.5 * 2^23 added holds its rounded value in its last bits.
struct Rounding {
  v128_t low, high, no_fraction, offset;
};
ATTO_WASM_INLINE Rounding rounding_of(const I8Bounds& bounds) {
  constexpr float kNoFraction = 12582912.0F;
  constexpr std::int32_t kBits = 0x4b400000;  // of that number
  return {wasm_f32x4_splat(static_cast<float>(bounds.low - bounds.zero_point)),
          wasm_f32x4_splat(static_cast<float>(bounds.high - bounds.zero_point)),
          wasm_f32x4_splat(kNoFraction), wasm_i32x4_splat(kBits - bounds.zero_point)};
}
ATTO_WASM_INLINE v128_t rounded(v128_t x, const Rounding& by) {
  return wasm_i32x4_sub(wasm_f32x4_add(clamped(x, by.low, by.high), by.no_fraction), by.offset);
}
ATTO_WASM_INLINE v128_t to_bytes(const Lanes& values, const Rounding& by) {
  v128_t words[2];
  for (int h = 0; h < 2; ++h)
    words[h] = wasm_i16x8_narrow_i32x4(rounded(values[2 * h], by), rounded(values[2 * h + 1], by));
  return wasm_u8x16_narrow_i16x8(words[0], words[1]);
}

/// Sums of a pixel to its bytes; `residual` null for none.
class Ending {
 public:
  ATTO_WASM_INLINE Ending(const I8Requantisation& how, const float* multipliers)
      : how_(how), by_(rounding_of({how.low, how.high, how.zero_point})) {
    for (int j = 0; j < kVectors; ++j) multipliers_[j] = wasm_v128_load(multipliers + 4 * j);
  }
  ATTO_WASM_INLINE void store(std::uint8_t* dst, const Lanes& sums,
                              const std::uint8_t* residual) const {
    Lanes values;
    for (int j = 0; j < kVectors; ++j)
      values[j] = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums[j]), multipliers_[j]);
    if (residual != nullptr) join(values, residual);
    wasm_v128_store(dst, to_bytes(values, by_));
  }

 private:
  ATTO_WASM_INLINE void join(Lanes& values, const std::uint8_t* residual) const {
    const v128_t low = wasm_f32x4_splat(how_.clamp.low), high = wasm_f32x4_splat(how_.clamp.high),
                 factor = wasm_f32x4_splat(how_.residual_factor),
                 zero = wasm_i32x4_splat(how_.residual_zero);
    for (int h = 0; h < 2; ++h) {
      const v128_t words = wasm_u16x8_load8x8(residual + 8 * h),
                   both[2] = {wasm_u32x4_extend_low_u16x8(words),
                              wasm_u32x4_extend_high_u16x8(words)};
      for (int k = 0; k < 2; ++k) {
        v128_t& value = values[2 * h + k];
        const v128_t other = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(both[k], zero));
        value = wasm_f32x4_add(clamped(value, low, high), wasm_f32x4_mul(other, factor));
      }
    }
  }

  const I8Requantisation& how_;
  Rounding by_;
  Lanes multipliers_;
};

// Of wasm128_conv.cpp, for the table (I8Kernels).
inline constexpr int kConvPixels = 2;  ///< of a tile: V8 gives 16 registers
void conv(const I8Panel& panel);
void arrange_groups(std::byte* dst, const std::uint8_t* src, std::size_t count, int interleave,
                    int together);
void word_conv(const I8Panel& panel);
void widen_pixels(std::byte* dst, const std::uint8_t* src, std::size_t count);
void widen_weights(std::byte* dst, const std::int8_t* src, std::size_t quads);

}  // namespace atto::edge::wasm128
#endif
