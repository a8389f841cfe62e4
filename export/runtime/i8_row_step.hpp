#pragma once
// What int8 steps that work row by row share.

#include <vector>

#include "export/runtime/byte_view.hpp"

namespace atto::edge {

/// A piece of a row, on its way from floats to bytes.
inline constexpr int kI8Piece = 256;

/// Takes values by copy: a byte that is stored could be any of them, and nothing would be vectors.
inline void store_rounded(std::uint8_t* __restrict to, const float* __restrict from, int count,
                          float scale, Clamp clamp, float zero_point) {
  for (int i = 0; i < count; ++i) {
    float x = from[i] / scale;
    x = x > clamp.low ? x : clamp.low;
    x = x < clamp.high ? x : clamp.high;
    to[i] = i8_rounded(x, zero_point);
  }
}

/// Makes a row of a block at a time.
class I8RowStep : public StepRun {
 public:
  I8RowStep(const Ground& ground, const format::Step& step);
  void run(const Call& call) const noexcept final;

 protected:
  virtual void make_row(int y, int block, const Call& call) const = 0;
  int values() const { return out_.shape.width * format::kLanes; }

  int parts_;
  const format::Step& step_;
  ByteView out_;
  Clamp clamp_;
  std::vector<ByteView> in_;
};

}  // namespace atto::edge
