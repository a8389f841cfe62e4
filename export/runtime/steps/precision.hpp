#pragma once
// What a convolution of floats or bf16 multiplies, and what the file holds of its weights.

#include <cstddef>

#include "export/format/program.hpp"

namespace atto::edge {

struct Precision {
  /// `has_kernel`: whether this level multiplies bf16 in such a step.
  Precision(const format::Step& step, bool has_kernel)
      : is_bf16(step.is_bf16),
        widens(is_bf16 && !has_kernel),
        operand_bytes(is_bf16 && has_kernel ? kBf16Bytes : kFloatBytes),
        weight_bytes(is_bf16 ? kBf16Bytes : kFloatBytes) {}

  /// Returns how many values of a sum have weights: bf16's come in pairs.
  int depth(int values) const { return is_bf16 ? (values + 1) / 2 * 2 : values; }
  bool multiplies_bf16() const { return operand_bytes == kBf16Bytes; }

  static constexpr std::ptrdiff_t kFloatBytes = 4, kBf16Bytes = 2;
  bool is_bf16;  ///< weights in the file, and activations are rounded
  bool widens;   ///< the weights become floats first
  std::ptrdiff_t operand_bytes, weight_bytes;
};

}  // namespace atto::edge
