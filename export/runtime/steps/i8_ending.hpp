#pragma once
// What follows the sums of an int8 convolution: where they begin, how they become bytes, where
// those lie.

#include "export/runtime/plan/byte_view.hpp"

namespace atto::edge {

struct I8Ending {
  /// `shape`: of the output, as a StripPlan has it.
  I8Ending(const Ground& ground, const format::Step& step, const View& shape);

  ByteView out;  ///< in no place yet
  ByteView residual;
  const std::int32_t* bias;
  I8Finish finish{};  ///< multipliers of block 0
  bool is_tame;       ///< as i8_kernels_of wants it
};

}  // namespace atto::edge
