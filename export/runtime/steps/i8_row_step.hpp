#pragma once
// What int8 steps that work row by row share.

#include <vector>

#include "export/runtime/plan/byte_view.hpp"

namespace atto::edge {

/// What bytes may be multiplied by and stay within the int32 range: see i8_kernels_of.
inline constexpr float kI8TameFactor = 1 << 22;

/// Makes a row of a block at a time.
class I8RowStep : public StepRun {
 public:
  I8RowStep(const StepContext& context, const format::Step& step);
  void run(const RunArguments& arguments) const noexcept final;

 protected:
  virtual void make_row(int y, int block, const RunArguments& arguments) const = 0;
  int values() const { return out_.shape.width * format::kLanes; }

  int parts_;
  const format::Step& step_;
  ByteView out_;
  I8Bounds bounds_;
  std::vector<ByteView> in_;
};

}  // namespace atto::edge
