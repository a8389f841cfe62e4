// Depthwise and small-group convolutions, row by row.
#include <vector>

#include "export/runtime/finish.hpp"
#include "export/runtime/strip_run.hpp"

namespace atto::edge {
namespace {

format::Wiring wiring_of(const Ground& ground, const format::Step& step) {
  if (step.kind != format::StepKind::Depthwise) return step.wiring;
  const auto blocks = ground.program.tensors[step.output].blocks();
  return {static_cast<std::int32_t>(blocks), 1, 1, 1, format::kLanes};
}

class GroupedRun final : public StripRun {
 public:
  GroupedRun(const Ground& ground, const format::Step& step, const StripPlan& plan)
      : kernels_(ground.kernels),
        window_(step.window),
        wiring_(wiring_of(ground, step)),
        plan_(plan),
        finish_(ground, step),
        weights_(reinterpret_cast<const float*>(ground.weights.data() + step.parameters.weights)),
        bias_(reinterpret_cast<const float*>(ground.weights.data() + step.parameters.bias)) {}

  void run(int turn, const Places& places, Range /*blocks*/,
           const Call& /*call*/) const noexcept override {
    const Range rows = plan_.turns[static_cast<std::size_t>(turn)];
    const View in = plan_.in.at(places.in), out = plan_.out.at(places.out);
    for (int y = rows.begin; y < rows.end; ++y) {
      GroupedRow row = prepared(y, in);
      row.dst = out.row(y);
      row.dst_step = out.block_stride;
      if (finish_.residual() != nullptr) {
        row.residual = finish_.residual()->row(y);
        row.residual_step = finish_.residual()->block_stride;
      }
      kernels_.grouped_row(row);
      finish_.complete(out, y, y + 1, 0, out.blocks);
    }
  }
  std::string kernels() const override {
    const bool is_depthwise = wiring_.interleave == format::kLanes;
    return kernel_name(is_depthwise ? "dwconv" : "gconv", window_, is_depthwise ? "" : "c",
                       wiring_.depth());
  }

 private:
  GroupedRow prepared(int y, const View& in) const {
    const Range taps = taps_inside(window_, window_.height, y, in.height);
    const std::ptrdiff_t tap_weights = std::ptrdiff_t{wiring_.depth()} * format::kLanes;
    const std::int64_t first = std::int64_t{y} * window_.stride - window_.pad +
                               std::int64_t{taps.begin} * window_.dilation;
    GroupedRow row{};
    row.src = in.data + first * in.row_stride - std::ptrdiff_t{window_.pad} * format::kLanes;
    row.row_step = std::ptrdiff_t{window_.dilation} * in.row_stride;
    row.column_step = std::ptrdiff_t{window_.dilation} * format::kLanes;
    row.block_step = in.block_stride;
    row.stride = window_.stride;
    row.kernel_width = window_.width;
    row.ky_begin = taps.begin;
    row.ky_end = taps.end;
    row.interleave = wiring_.interleave;
    row.depth = wiring_.depth();
    row.readers = wiring_.out_blocks;
    row.reader_step = wiring_.in_blocks * in.block_stride;
    row.blocks = wiring_.groups * wiring_.out_blocks;
    row.width = plan_.out.width;
    row.weights = weights_ + taps.begin * window_.width * tap_weights;
    row.weight_step = window_.height * window_.width * tap_weights;
    row.bias = bias_;
    row.clamp = finish_.clamp();
    row.joined = finish_.joined();
    return row;
  }

  const Kernels& kernels_;
  format::Window window_;
  format::Wiring wiring_;
  StripPlan plan_;
  Finish finish_;
  const float *weights_, *bias_;
};

}  // namespace

StripPointer make_grouped(const Ground& ground, const format::Step& step, const StripPlan& plan) {
  return std::make_unique<GroupedRun>(ground, step, plan);
}

}  // namespace atto::edge
