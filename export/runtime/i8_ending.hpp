#pragma once
// What follows the sums of an int8 convolution: where they begin, how they become bytes, where
// those lie.

#include "export/runtime/byte_view.hpp"

namespace atto::edge {

struct I8Ending {
  /// `parameters`: of the step's biases and multipliers, `blocks` blocks each.
  I8Ending(const Ground& ground, const format::Step& step, std::uint64_t parameters, int blocks);

  ByteView out, residual;
  const std::int32_t* bias;
  I8Finish finish{};  ///< multipliers of block 0
  bool is_tame;       ///< as i8_kernels_of wants it
};

}  // namespace atto::edge
