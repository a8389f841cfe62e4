#pragma once
// bf16: which layers multiply in it, and how values become bf16. Stated once, for the lowering and
// for the reference.
//
// A bf16 layer rounds its inputs and its weights to bf16 and sums their products in float; bias,
// activation and residual are float, and so are all tensors in memory. Depthwise convolutions stay
// float, and so do those of interleaved groups for whose window there is no kernel or whose
// channels are too few: multiplying pairs of channels does not suit them.

#include <bit>
#include <cstdint>

#include "export/lowering/fused_network.hpp"

namespace atto::deploy {

/// Returns the upper half of the nearest float whose lower half is zero; ties go to the even one,
/// what no number is stays none.
inline std::uint16_t bf16_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float bf16_rounded(float value) {
  return std::bit_cast<float>(std::uint32_t{bf16_of(value)} << 16);
}

/// A convolution or dense layer that multiplies in bf16 where the precision is bf16.
bool multiplies_in_bf16(const FusedNetwork& network, const FusedNode& node);

}  // namespace atto::deploy
