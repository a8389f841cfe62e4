#pragma once
// What follows the sums of an int8 convolution: where they begin, how they become bytes, where
// those lie.

#include "export/runtime/plan/byte_view.hpp"

namespace atto::edge {

struct I8Epilogue {
  /// `shape`: of the output, as a StripPlan has it.
  I8Epilogue(const StepContext& context, const format::Step& step, const View& shape);

  ByteView out;  ///< in no place yet
  ByteView residual;
  const std::int32_t* bias;
  I8Requantisation requantisation{};  ///< multipliers of block 0
  bool fits_int32;                    ///< as i8_kernels_of wants it
};

}  // namespace atto::edge
