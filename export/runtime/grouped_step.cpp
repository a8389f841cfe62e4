#include <algorithm>

#include "export/runtime/grouped_rows.hpp"

namespace atto::edge {

GroupedRows::GroupedRows(const Ground& ground, const format::Step& step,
                         const format::Window& window, const format::Parameters& parameters,
                         const format::Wiring& wiring)
    : kernels_(ground.kernels),
      window_(window),
      wiring_(wiring),
      half_activation_(step.depthwise_activation),
      in_(view_of(ground.program, step.inputs[0], ground.arena)),
      width_(ground.program.tensors[step.output].width),
      blocks_(wiring.groups),
      weights_(reinterpret_cast<const float*>(ground.weights.data() + parameters.weights)),
      bias_(reinterpret_cast<const float*>(ground.weights.data() + parameters.bias)) {}

GroupedRow GroupedRows::prepared(int y) const {
  const Range taps = taps_inside(window_, window_.height, y, in_.height);
  const std::ptrdiff_t tap_weights = std::ptrdiff_t{wiring_.last_depth} * format::kLanes;
  const std::int64_t first =
      std::int64_t{y} * window_.stride - window_.pad + std::int64_t{taps.begin} * window_.dilation;
  GroupedRow row{};
  row.src = in_.data + first * in_.row_stride - std::ptrdiff_t{window_.pad} * format::kLanes;
  row.row_step = std::ptrdiff_t{window_.dilation} * in_.row_stride;
  row.column_step = std::ptrdiff_t{window_.dilation} * format::kLanes;
  row.block_step = in_.block_stride;
  row.stride = window_.stride;
  row.kernel_width = window_.width;
  row.ky_begin = taps.begin;
  row.ky_end = taps.end;
  row.interleave = wiring_.interleave;
  row.depth = wiring_.last_depth;
  row.blocks = blocks_;
  row.width = width_;
  row.weights = weights_ + taps.begin * window_.width * tap_weights;
  row.weight_step = window_.height * window_.width * tap_weights;
  row.bias = bias_;
  return row;
}

void GroupedRows::run(int begin, int end, float* dst, std::ptrdiff_t row_stride,
                      std::ptrdiff_t block_stride) const {
  for (int y = begin; y < end; ++y, dst += row_stride) {
    GroupedRow row = prepared(y);
    row.dst = dst;
    row.dst_step = block_stride;
    row.clamp = clamp_of(half_activation_);
    kernels_.grouped_row(row);
    if (!is_clamp(half_activation_))
      for (int b = 0; b < blocks_; ++b)
        kernels_.activate(dst + b * block_stride, dst + b * block_stride,
                          static_cast<std::size_t>(width_) * format::kLanes, half_activation_);
  }
}

void GroupedRows::run(int begin, int end, const View& out, const Finish& finish) const {
  for (int y = begin; y < end; ++y) {
    GroupedRow row = prepared(y);
    row.dst = out.row(y);
    row.dst_step = out.block_stride;
    row.clamp = finish.clamp();
    row.joined = finish.joined();
    if (finish.residual() != nullptr) {
      row.residual = finish.residual()->row(y);
      row.residual_step = finish.residual()->block_stride;
    }
    kernels_.grouped_row(row);
    finish.complete(out, y, y + 1, 0, out.blocks);
  }
}

std::string GroupedRows::name() const {
  const bool is_depthwise = wiring_.interleave == format::kLanes;
  return (is_depthwise ? "dwconv" : "gconv") + std::to_string(window_.height) + "x" +
         std::to_string(window_.width) + "s" + std::to_string(window_.stride) +
         (is_depthwise ? "" : "c" + std::to_string(wiring_.last_depth));
}

namespace {

class GroupedStep : public StepRun {
 public:
  GroupedStep(const Ground& ground, const format::Step& step, const format::Wiring& wiring)
      : parts_(ground.parts),
        out_(view_of(ground.program, step.output, ground.arena)),
        finish_(ground, step),
        rows_(ground, step, step.window, step.parameters, wiring) {}
  void run(const Call& call) const noexcept override {
    const Range mine = share(out_.height, call.part, parts_);
    rows_.run(mine.begin, mine.end, out_, finish_);
  }
  std::string kernels() const override { return rows_.name(); }

 private:
  int parts_;
  View out_;
  Finish finish_;
  GroupedRows rows_;
};

}  // namespace

StepPointer make_grouped(const Ground& ground, const format::Step& step) {
  format::Wiring wiring = step.wiring;
  if (step.kind == format::StepKind::Depthwise) {
    const auto blocks = ground.program.tensors[step.output].blocks();
    wiring = {static_cast<std::int32_t>(blocks), 1, 1, 1, format::kLanes};
  }
  return std::make_unique<GroupedStep>(ground, step, wiring);
}

}  // namespace atto::edge
