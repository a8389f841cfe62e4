// Sums and products of bytes, row by row.
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

}  // namespace

StepPointer make_i8_row_step(const StepContext& context, const format::Step& step) {
  switch (step.kind) {
    case StepKind::Add:
      return std::make_unique<I8Add>(context, step);
    case StepKind::Multiply:
      return std::make_unique<I8Multiply>(context, step);
    case StepKind::MaxPool:
    case StepKind::AveragePool:
      return make_i8_pool(context, step);
    default:
      return make_i8_move(context, step);
  }
}

}  // namespace atto::edge
