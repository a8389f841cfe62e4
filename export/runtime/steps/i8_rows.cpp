// Sums and products of bytes, row by row; softmax in floats.
#include <algorithm>
#include <cmath>
#include <vector>

#include "export/runtime/steps/i8_row_step.hpp"

namespace atto::edge {
namespace {

using format::kLanes;
using format::StepKind;

class I8Add final : public I8RowStep {
 public:
  I8Add(const StepContext& context, const format::Step& step) : I8RowStep(context, step) {
    float factors = 0;
    for (const ByteView& in : in_) {
      terms_.push_back({in.data, in.shape.row_stride, in.shape.block_stride, in.zero_point,
                        i8_multiplier(in.scale, 1, out_.scale)});
      factors += terms_.back().factor;
    }
    kernels_ = &i8_kernels_of(context.level, factors < kI8TameFactor);
  }
  std::string kernels() const override { return "i8add"; }

 private:
  void make_row(int y, int block, const RunArguments& /*arguments*/) const override {
    kernels_->sum_row(
        {terms_.data(), terms_.size(), y, block, out_.row(y, block), out_.shape.width, bounds_});
  }

  std::vector<I8Term> terms_;
  const I8Kernels* kernels_;
};

class I8Multiply final : public I8RowStep {
 public:
  I8Multiply(const StepContext& context, const format::Step& step) : I8RowStep(context, step) {
    row_.is_gate = in_[1].shape.height == 1 && in_[1].shape.width == 1;
    row_.width = out_.shape.width;
    row_.a_zero = in_[0].zero_point;
    row_.b_zero = in_[1].zero_point;
    row_.factor = i8_multiplier(in_[0].scale, in_[1].scale, out_.scale);
    row_.bounds = bounds_;
    kernels_ = &i8_kernels_of(context.level, row_.factor < kI8TameFactor / 256);
  }
  std::string kernels() const override { return "i8multiply"; }

 private:
  void make_row(int y, int block, const RunArguments& /*arguments*/) const override {
    I8ProductRow row = row_;
    row.a = in_[0].row(y, block);
    row.b = in_[1].row(row.is_gate ? 0 : y, block);
    row.dst = out_.row(y, block);
    kernels_->product_row(row);
  }

  I8ProductRow row_{};
  const I8Kernels* kernels_;
};

/// Floats from bytes: only as an output of the network.
class I8Softmax final : public StepRun {
 public:
  I8Softmax(const StepContext& context, const format::Step& step)
      : in_(byte_view_of(context.program, step.inputs[0], context.arena)),
        out_(view_of(context.program, step.output, context.arena)) {
    const format::Tensor& tensor = context.program.tensors[step.inputs[0]];
    for (std::int64_t lane = 0; lane < tensor.blocks() * kLanes; ++lane)
      if (tensor.lanes.empty() ? lane < tensor.channels
                               : tensor.lanes[static_cast<std::size_t>(lane)] >= 0)
        lanes_.push_back(static_cast<int>(lane));
  }
  void run(const RunArguments& arguments) const noexcept override {
    if (arguments.part != 0) return;
    for (int y = 0; y < out_.height; ++y)
      for (int x = 0; x < out_.width; ++x) make_pixel(y, x);
    zero_halo(out_, 0, out_.height, 0, out_.blocks);
  }
  std::string kernels() const override { return "softmax"; }

 private:
  void make_pixel(int y, int x) const {
    const auto from = [&](int lane) {
      const int q = in_.row(y, lane / kLanes)[std::ptrdiff_t{x} * kLanes + lane % kLanes];
      return static_cast<float>(q - in_.zero_point) * in_.scale;
    };
    const auto to = [&](int lane) -> float& {
      return out_.row(y, lane / kLanes)[std::ptrdiff_t{x} * kLanes + lane % kLanes];
    };
    float largest = from(lanes_[0]), sum = 0;
    for (const int lane : lanes_) largest = std::max(largest, from(lane));
    for (const int lane : lanes_) sum += to(lane) = std::exp(from(lane) - largest);
    for (const int lane : lanes_) to(lane) /= sum;
  }

  ByteView in_;
  View out_;
  std::vector<int> lanes_;
};

}  // namespace

StepPointer make_i8_row_step(const StepContext& context, const format::Step& step) {
  switch (step.kind) {
    case StepKind::Add:
      return std::make_unique<I8Add>(context, step);
    case StepKind::Multiply:
      return std::make_unique<I8Multiply>(context, step);
    case StepKind::Softmax:
      return std::make_unique<I8Softmax>(context, step);
    case StepKind::MaxPool:
    case StepKind::AveragePool:
      return make_i8_pool(context, step);
    default:
      return make_i8_move(context, step);
  }
}

}  // namespace atto::edge
