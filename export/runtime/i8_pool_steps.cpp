// Largest and mean values of bytes.
#include <algorithm>

#include "export/runtime/i8_row_step.hpp"

namespace atto::edge {
namespace {

using format::kLanes;
using format::StepKind;

/// The rounded mean of a rectangle, for one block.
class I8Mean {
 public:
  I8Mean(const Ground& ground, const ByteView& in, const ByteView& out, Clamp clamp)
      : kernels_(i8_kernels_of(ground.level)),
        zero_point_(in.zero_point),
        factor_(i8_multiplier(in.scale, 1, out.scale)),
        out_zero_point_(static_cast<float>(out.zero_point)),
        clamp_(clamp) {}

  void make(const ByteView& in, int block, Range rows, Range columns, std::uint8_t* to) const {
    std::uint64_t sums[kLanes] = {};
    for (int y = rows.begin; y < rows.end; ++y) {
      std::uint32_t of_row[kLanes] = {};
      for (int x = columns.begin; x < columns.end; x += kI8MaxSummed)
        kernels_.sum_row(of_row, in.row(y, block) + std::ptrdiff_t{x} * kLanes,
                         std::min(kI8MaxSummed, columns.end - x));
      for (int l = 0; l < kLanes; ++l) sums[l] += of_row[l];
    }
    const std::int64_t count = std::int64_t{rows.end - rows.begin} * (columns.end - columns.begin);
    const float share = factor_ / static_cast<float>(count);
    for (int l = 0; l < kLanes; ++l) {
      float x =
          static_cast<float>(static_cast<std::int64_t>(sums[l]) - count * zero_point_) * share;
      x = x > clamp_.low ? x : clamp_.low;
      x = x < clamp_.high ? x : clamp_.high;
      to[l] = i8_rounded(x, out_zero_point_);
    }
  }

 private:
  const I8Kernels& kernels_;
  int zero_point_;
  float factor_, out_zero_point_;
  Clamp clamp_;
};

/// Pools with a window: largest or mean.
class I8Pool final : public I8RowStep {
 public:
  I8Pool(const Ground& ground, const format::Step& step)
      : I8RowStep(ground, step), mean_(ground, in_[0], out_, clamp_) {}
  std::string kernels() const override { return is_max() ? "i8maxpool" : "i8mean"; }

 private:
  bool is_max() const { return step_.kind == StepKind::MaxPool; }
  void make_row(int y, int block, const Call& /*call*/) const override {
    const Range rows = covered(y, step_.window.height, in_[0].shape.height);
    for (int x = 0; x < out_.shape.width; ++x) {
      const Range columns = covered(x, step_.window.width, in_[0].shape.width);
      std::uint8_t* to = out_.row(y, block) + std::ptrdiff_t{x} * kLanes;
      is_max() ? make_largest(block, rows, columns, to)
               : mean_.make(in_[0], block, rows, columns, to);
    }
  }
  Range covered(int at, int taps, int size) const {
    const std::int64_t first = std::int64_t{at} * step_.window.stride - step_.window.pad;
    return {static_cast<int>(std::max<std::int64_t>(first, 0)),
            static_cast<int>(std::min<std::int64_t>(first + taps, size))};
  }
  void make_largest(int block, Range rows, Range columns, std::uint8_t* to) const {
    std::uint8_t largest[kLanes] = {};
    for (int y = rows.begin; y < rows.end; ++y)
      for (int x = columns.begin; x < columns.end; ++x) {
        const std::uint8_t* from = in_[0].row(y, block) + std::ptrdiff_t{x} * kLanes;
        for (int l = 0; l < kLanes; ++l) largest[l] = std::max(largest[l], from[l]);
      }
    std::copy_n(largest, kLanes, to);
  }

  I8Mean mean_;
};

/// Adaptive average, block by block.
class I8AverageRun final : public StripRun {
 public:
  I8AverageRun(const Ground& ground, const format::Step& step, const StripPlan& plan)
      : in_(byte_view_of(ground.program.tensors[step.inputs[0]], plan.in)),
        out_(byte_view_of(ground.program.tensors[step.output], plan.out)),
        mean_(ground, in_, out_, i8_clamp_of(step.activation, out_.scale)) {}
  void run(int /*turn*/, const Places& places, Range blocks,
           const Call& /*call*/) const noexcept override {
    const ByteView in = in_.at(places.in), out = out_.at(places.out);
    for (int b = blocks.begin; b < blocks.end; ++b)
      for (int y = 0; y < out.shape.height; ++y)
        for (int x = 0; x < out.shape.width; ++x)
          mean_.make(in, b, cell(y, in.shape.height, out.shape.height),
                     cell(x, in.shape.width, out.shape.width),
                     out.row(y, b) + std::ptrdiff_t{x} * kLanes);
    fill_halo(out, 0, out.shape.height, blocks.begin, blocks.end);
  }
  std::vector<int> pieces() const override {
    std::vector<int> firsts;
    for (int b = 0; b <= out_.shape.blocks; ++b) firsts.push_back(b);
    return firsts;
  }
  std::string kernels() const override { return "i8mean"; }

 private:
  ByteView in_, out_;
  I8Mean mean_;
};

}  // namespace

StepPointer make_i8_pool(const Ground& ground, const format::Step& step) {
  return std::make_unique<I8Pool>(ground, step);
}

StripPointer make_i8_average(const Ground& ground, const format::Step& step,
                             const StripPlan& plan) {
  return std::make_unique<I8AverageRun>(ground, step, plan);
}

}  // namespace atto::edge
