#pragma once
// What the int8 kernels of NEON share: how sums become bytes.
#if defined(__aarch64__)
#  include <arm_neon.h>

#  include "export/runtime/kernels/i8/kernels.hpp"

namespace atto::edge::neon {

inline constexpr int kVectors = 4;         ///< of the 16 lanes of a pixel
using Lanes = int32x4_t[kVectors];         ///< the 16 of a pixel
using FloatLanes = float32x4_t[kVectors];  ///< the same

/// Rounds to even; integers become bytes between the bounds.
inline __attribute__((always_inline)) uint8x16_t to_bytes(const FloatLanes& values,
                                                          const I8Bounds& bounds) {
  int16x8_t words[2];
  for (int h = 0; h < 2; ++h)
    words[h] = vqaddq_s16(vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(values[2 * h])),
                                       vqmovn_s32(vcvtnq_s32_f32(values[2 * h + 1]))),
                          vdupq_n_s16(static_cast<std::int16_t>(bounds.zero_point)));
  const uint8x16_t bytes = vcombine_u8(vqmovun_s16(words[0]), vqmovun_s16(words[1]));
  return vminq_u8(vmaxq_u8(bytes, vdupq_n_u8(bounds.low)), vdupq_n_u8(bounds.high));
}

inline __attribute__((always_inline)) float32x4_t clamped(float32x4_t x, Clamp clamp) {
  return vminq_f32(vmaxq_f32(x, vdupq_n_f32(clamp.low)), vdupq_n_f32(clamp.high));
}

/// The bytes of one pixel; `residual` null for none.
inline __attribute__((always_inline)) uint8x16_t to_bytes(const Lanes& sums,
                                                          const I8Requantisation& how,
                                                          const float* multipliers,
                                                          const std::uint8_t* residual) {
  FloatLanes values;
  for (int j = 0; j < kVectors; ++j) {
    float32x4_t x = vmulq_f32(vcvtq_f32_s32(sums[j]), vld1q_f32(multipliers + 4 * j));
    if (residual != nullptr) {
      std::int32_t other[4];
      for (int l = 0; l < 4; ++l) other[l] = residual[4 * j + l] - how.residual_zero;
      x = vaddq_f32(clamped(x, how.clamp),
                    vmulq_f32(vcvtq_f32_s32(vld1q_s32(other)), vdupq_n_f32(how.residual_factor)));
    }
    values[j] = x;
  }
  return to_bytes(values, {how.low, how.high, how.zero_point});
}

// Of neon_rows.cpp, for the tables (I8Kernels).
void depthwise_row(const I8DepthwiseRow& row);
void image_row(const I8ImageRow& row);
void product_row(const I8ProductRow& row);
void gather_row(const I8GatheredRow& row);
void table_row(const I8TableRow& row);
void sum_row(const I8SumRow& row);
void mean(const I8MeanCell& cell);

}  // namespace atto::edge::neon
#endif
