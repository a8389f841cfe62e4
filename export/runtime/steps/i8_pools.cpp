// Largest and mean values of bytes.
#include <algorithm>
#include <cstring>

#include "export/runtime/steps/i8_row_step.hpp"

namespace atto::edge {
namespace {

using format::kLanes;
using format::StepKind;

/// Makes rounded means of rectangles.
class I8Mean {
 public:
  I8Mean(const StepContext& context, const ByteView& in, const ByteView& out,
         const I8Bounds& bounds)
      : factor_(i8_multiplier(in.scale, 1, out.scale)),
        kernels_(i8_kernels_of(context.level,
                               factor_ < kI8TameFactor &&
                                   std::int64_t{in.shape.height} * in.shape.width < kMostSummed)),
        bounds_(bounds) {}

  void make(const ByteView& in, int block, Range rows, Range columns, std::uint8_t* to) const {
    I8MeanCell cell{};
    cell.src = in.row(rows.begin, block) + std::ptrdiff_t{columns.begin} * kLanes;
    cell.row_step = in.shape.row_stride;
    cell.rows = rows.end - rows.begin;
    cell.columns = columns.end - columns.begin;
    cell.zero = in.zero_point;
    cell.factor =
        factor_ / static_cast<float>(std::int64_t{cell.rows} * std::int64_t{cell.columns});
    cell.dst = to;
    cell.bounds = bounds_;
    kernels_.mean(cell);
  }

 private:
  static constexpr int kMostSummed = 1 << 23;  // bytes: below 2^31

  float factor_;
  const I8Kernels& kernels_;
  I8Bounds bounds_;
};

/// Pools with a window: largest or mean.
class I8Pool final : public I8RowStep {
 public:
  I8Pool(const StepContext& context, const format::Step& step)
      : I8RowStep(context, step), mean_(context, in_[0], out_, bounds_) {}
  std::string kernels() const override {
    return kernel_name(is_max() ? "i8maxpool" : "i8avgpool", step_.window);
  }

 private:
  using Pixel [[gnu::vector_size(kLanes)]] = std::uint8_t;

  bool is_max() const { return step_.kind == StepKind::MaxPool; }
  void make_row(int y, int block, const RunArguments& /*arguments*/) const override {
    const Range rows = covered(y, step_.window.height, step_.window.down, in_[0].shape.height);
    for (int x = 0; x < out_.shape.width; ++x) {
      const Range columns = covered(x, step_.window.width, step_.window.across, in_[0].shape.width);
      std::uint8_t* to = out_.row(y, block) + std::ptrdiff_t{x} * kLanes;
      is_max() ? make_largest(block, rows, columns, to)
               : mean_.make(in_[0], block, rows, columns, to);
    }
  }
  static Range covered(int at, int taps, const format::Slide& slide, int size) {
    const std::int64_t first = std::int64_t{at} * slide.stride - slide.pad;
    return {static_cast<int>(std::max<std::int64_t>(first, 0)),
            static_cast<int>(std::min<std::int64_t>(first + taps, size))};
  }
  void make_largest(int block, Range rows, Range columns, std::uint8_t* to) const {
    Pixel largest{};
    for (int y = rows.begin; y < rows.end; ++y) {
      const std::uint8_t* from = in_[0].row(y, block);
      for (int x = columns.begin; x < columns.end; ++x) {
        Pixel pixel;
        std::memcpy(&pixel, from + std::ptrdiff_t{x} * kLanes, sizeof pixel);
        largest = largest > pixel ? largest : pixel;
      }
    }
    std::memcpy(to, &largest, sizeof largest);
  }

  I8Mean mean_;
};

/// Adaptive average, block by block.
class I8AverageRun final : public StripRun {
 public:
  I8AverageRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : in_(byte_view_of(context.program.tensors[step.inputs[0]], plan.in)),
        out_(byte_view_of(context.program.tensors[step.output], plan.out)),
        mean_(context, in_, out_, i8_bounds_of(step.activation, out_.scale, out_.zero_point)) {}
  void run(int /*turn*/, const Places& places, Range blocks,
           const RunArguments& /*arguments*/) const noexcept override {
    const ByteView in = in_.at(places.in), out = out_.at(places.out);
    for (int b = blocks.begin; b < blocks.end; ++b)
      for (int y = 0; y < out.shape.height; ++y)
        for (int x = 0; x < out.shape.width; ++x)
          mean_.make(in, b, cell(y, in.shape.height, out.shape.height),
                     cell(x, in.shape.width, out.shape.width),
                     out.row(y, b) + std::ptrdiff_t{x} * kLanes);
    fill_halo(out, 0, out.shape.height, blocks.begin, blocks.end);
  }
  Panels panels() const override { return {1, out_.shape.blocks}; }
  std::string kernels() const override { return "i8mean"; }

 private:
  ByteView in_, out_;
  I8Mean mean_;
};

}  // namespace

StepPointer make_i8_pool(const StepContext& context, const format::Step& step) {
  return std::make_unique<I8Pool>(context, step);
}

StripPointer make_i8_average(const StepContext& context, const format::Step& step,
                             const StripPlan& plan) {
  return std::make_unique<I8AverageRun>(context, step, plan);
}

}  // namespace atto::edge
