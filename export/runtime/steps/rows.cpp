// Steps that work row by row: sums, products, pools.
#include <algorithm>
#include <vector>

#include "export/runtime/plan/strip_run.hpp"

namespace atto::edge {
namespace {

using format::StepKind;

/// Shares the output's rows among the parts; zeroes their padding.
class RowStep : public StepRun {
 public:
  RowStep(const StepContext& context, const format::Step& step)
      : kernels_(context.kernels),
        parts_(context.parts),
        activation_(step.activation),
        out_(view_of(context.program, step.output, context.arena)) {
    for (const std::uint32_t input : step.inputs)
      in_.push_back(view_of(context.program, input, context.arena));
  }
  void run(const RunArguments& arguments) const noexcept final {
    const Range mine = share(out_.height, arguments.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y) {
      make_row(y);
      zero_halo(out_, y, y + 1, 0, out_.blocks);
    }
  }

 protected:
  virtual void make_row(int y) const = 0;
  void activate(int y, int block) const {
    if (activation_ == format::Activation::None) return;
    float* row = out_.row(y, block);
    kernels_.activate(row, row, out_.row_values(), activation_);
  }

  const Kernels& kernels_;
  int parts_;
  format::Activation activation_;
  View out_;
  std::vector<View> in_;
};

class AddStep final : public RowStep {
 public:
  using RowStep::RowStep;
  std::string kernels() const override { return "add"; }

 private:
  void make_row(int y) const override {
    for (int b = 0; b < out_.blocks; ++b) {
      float* row = out_.row(y, b);
      kernels_.add(row, in_[0].row(y, b), in_[1].row(y, b), out_.row_values());
      for (std::size_t i = 2; i < in_.size(); ++i)
        kernels_.add(row, row, in_[i].row(y, b), out_.row_values());
      activate(y, b);
    }
  }
};

class MultiplyStep final : public RowStep {
 public:
  using RowStep::RowStep;
  std::string kernels() const override { return is_gate() ? "scale" : "multiply"; }

 private:
  bool is_gate() const {
    return in_[1].height == 1 && in_[1].width == 1 && (out_.height > 1 || out_.width > 1);
  }
  void make_row(int y) const override {
    for (int b = 0; b < out_.blocks; ++b) {
      if (is_gate())
        kernels_.scale(out_.row(y, b), in_[0].row(y, b), in_[1].row(0, b), out_.row_values());
      else
        kernels_.multiply(out_.row(y, b), in_[0].row(y, b), in_[1].row(y, b), out_.row_values());
      activate(y, b);
    }
  }
};

class PoolStep final : public RowStep {
 public:
  PoolStep(const StepContext& context, const format::Step& step)
      : RowStep(context, step), window_(step.window), is_max_(step.kind == StepKind::MaxPool) {}
  std::string kernels() const override {
    return kernel_name(is_max_ ? "maxpool" : "avgpool", window_);
  }

 private:
  void make_row(int y) const override {
    const Range taps = taps_inside(window_, y, in_[0].height);
    PoolRow row{};
    row.src =
        in_[0].data +
        (std::int64_t{y} * window_.down.stride - window_.down.pad + taps.begin) * in_[0].row_stride;
    row.row_step = in_[0].row_stride;
    row.block_step = in_[0].block_stride;
    row.rows = taps.end - taps.begin;
    row.source_width = in_[0].width;
    row.stride = window_.across.stride;
    row.pad = window_.across.pad;
    row.kernel_width = window_.width;
    row.blocks = out_.blocks;
    row.width = out_.width;
    row.is_max = is_max_;
    row.dst = out_.row(y);
    row.dst_step = out_.block_stride;
    kernels_.pool_row(row);
  }

  format::Window window_;
  bool is_max_;
};

/// Adaptive average, block by block.
class AverageRun final : public StripRun {
 public:
  AverageRun(const StepContext& context, const StripPlan& plan)
      : kernels_(context.kernels), in_(plan.in), out_(plan.out) {}
  void run(int /*turn*/, const Places& places, Range blocks,
           const RunArguments& /*arguments*/) const noexcept override {
    const View in = in_.at(places.in), out = out_.at(places.out);
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) average(in, out, y, x, blocks);
    zero_halo(out, 0, out.height, blocks.begin, blocks.end);
  }
  Panels panels() const override { return {1, out_.blocks}; }
  std::string kernels() const override { return "mean"; }

 private:
  void average(const View& in, const View& out, int y, int x, Range blocks) const {
    const Range rows = cell(y, in.height, out.height), columns = cell(x, in.width, out.width);
    MeanCell mean{};
    mean.src = in.row(rows.begin, blocks.begin) + std::ptrdiff_t{columns.begin} * format::kLanes;
    mean.row_step = in.row_stride;
    mean.block_step = in.block_stride;
    mean.rows = rows.end - rows.begin;
    mean.columns = columns.end - columns.begin;
    mean.blocks = blocks.end - blocks.begin;
    mean.dst = out.row(y, blocks.begin) + std::ptrdiff_t{x} * format::kLanes;
    mean.dst_step = out.block_stride;
    kernels_.mean(mean);
  }

  const Kernels& kernels_;
  View in_, out_;
};

}  // namespace

StepPointer make_row_step(const StepContext& context, const format::Step& step) {
  switch (step.kind) {
    case StepKind::Add:
      return std::make_unique<AddStep>(context, step);
    case StepKind::Multiply:
      return std::make_unique<MultiplyStep>(context, step);
    default:
      return std::make_unique<PoolStep>(context, step);
  }
}

StripPointer make_average(const StepContext& context, const format::Step& /*step*/,
                          const StripPlan& plan) {
  return std::make_unique<AverageRun>(context, plan);
}

}  // namespace atto::edge
