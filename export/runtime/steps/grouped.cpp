// Depthwise and small-group convolutions, row by row.
#include <optional>

#include "export/runtime/plan/strip_run.hpp"
#include "export/runtime/steps/converted_rows.hpp"
#include "export/runtime/steps/epilogue.hpp"
#include "export/runtime/steps/precision.hpp"

namespace atto::edge {
namespace {

format::Wiring wiring_of(const StepContext& context, const format::Step& step) {
  if (step.kind != format::StepKind::Depthwise) return step.wiring;
  const auto blocks = context.program.tensors[step.output].blocks();
  return {static_cast<std::int32_t>(blocks), 1, 1, 1, format::kLanes};
}

class GroupedRun final : public StripRun {
 public:
  GroupedRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : kernels_(context.kernels),
        window_(step.window),
        wiring_(wiring_of(context, step)),
        plan_(plan),
        epilogue_(context, step),
        precision_(step, context.kernels.bf16_grouped_row != nullptr),
        depth_(precision_.depth(wiring_.depth())),
        weights_(context.weights.data() + step.parameters.weights),
        bias_(reinterpret_cast<const float*>(context.weights.data() + step.parameters.bias)) {
    if (precision_.is_bf16) rounded_.emplace(plan.in, window_, plan.turns);
  }

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(
        rounded_bytes() + (precision_.widens ? weight_values() * Precision::kFloatBytes : 0));
  }
  std::string kernels() const override {
    if (wiring_.interleave == format::kLanes) return kernel_name("dwconv", window_);
    return kernel_name(precision_.is_bf16 ? "bf16gconv" : "gconv", window_, "c", wiring_.depth());
  }

  void prepare(int turn, const Places& places,
               const RunArguments& arguments) const noexcept override {
    if (!rounded_) return;
    rounded_->make(plan_.turns[static_cast<std::size_t>(turn)],
                   [&](std::ptrdiff_t to, std::ptrdiff_t from, std::size_t count) {
                     kernels_.bf16_round(arguments.scratch + to * precision_.operand_bytes,
                                         plan_.in.at(places.in).data + from, count,
                                         wiring_.interleave);
                   });
    if (precision_.widens)
      kernels_.bf16_widen(reinterpret_cast<float*>(arguments.scratch + rounded_bytes()),
                          reinterpret_cast<const std::uint16_t*>(weights_),
                          static_cast<std::size_t>(weight_values()));
  }

  void run(int turn, const Places& places, Range /*blocks*/,
           const RunArguments& arguments) const noexcept override {
    const Range rows = plan_.turns[static_cast<std::size_t>(turn)];
    const View out = plan_.out.at(places.out);
    const std::byte* src =
        rounded_ ? arguments.scratch + rounded_->origin(rows) * precision_.operand_bytes
                 : places.in;
    const std::byte* weights = precision_.widens ? arguments.scratch + rounded_bytes() : weights_;
    for (int y = rows.begin; y < rows.end; ++y) {
      GroupedRow row = prepared(y, src, weights);
      row.dst = out.row(y);
      row.dst_step = out.block_stride;
      if (epilogue_.residual() != nullptr) {
        row.residual = epilogue_.residual()->row(y);
        row.residual_step = epilogue_.residual()->block_stride;
      }
      (precision_.multiplies_bf16() ? kernels_.bf16_grouped_row : kernels_.grouped_row)(row);
      epilogue_.complete(out, y, y + 1, 0, out.blocks);
    }
  }

 private:
  int blocks() const { return wiring_.groups * wiring_.out_blocks; }
  std::ptrdiff_t tap_values() const { return std::ptrdiff_t{depth_} * format::kLanes; }
  std::ptrdiff_t block_values() const { return window_.height * window_.width * tap_values(); }
  std::ptrdiff_t weight_values() const { return blocks() * block_values(); }
  /// A tile may read beyond the end of the rows; widened weights lie behind.
  std::ptrdiff_t rounded_bytes() const {
    if (!rounded_) return 0;
    const std::ptrdiff_t beyond =
        std::ptrdiff_t{kGroupedTile} * window_.across.stride * format::kLanes;
    return aligned((rounded_->values() + beyond) * precision_.operand_bytes);
  }

  /// `src`: pixel (0, 0) of block 0, as if all rows were there.
  GroupedRow prepared(int y, const std::byte* src, const std::byte* weights) const {
    const View& in = plan_.in;
    const Range taps = taps_inside(window_, y, in.height);
    const std::int64_t first = std::int64_t{y} * window_.down.stride - window_.down.pad +
                               std::int64_t{taps.begin} * window_.dilation;
    GroupedRow row{};
    row.src = src + (first * in.row_stride - std::ptrdiff_t{window_.across.pad} * format::kLanes) *
                        precision_.operand_bytes;
    row.row_step = std::ptrdiff_t{window_.dilation} * in.row_stride;
    row.column_step = std::ptrdiff_t{window_.dilation} * format::kLanes;
    row.block_step = in.block_stride;
    row.stride = window_.across.stride;
    row.kernel_width = window_.width;
    row.ky_begin = taps.begin;
    row.ky_end = taps.end;
    row.interleave = wiring_.interleave;
    row.depth = depth_;
    row.readers = wiring_.out_blocks;
    row.reader_step = wiring_.in_blocks * in.block_stride;
    row.blocks = blocks();
    row.width = plan_.out.width;
    row.weights = weights + taps.begin * window_.width * tap_values() * precision_.operand_bytes;
    row.weight_step = block_values();
    row.bias = bias_;
    row.clamp = epilogue_.clamp();
    row.joined = epilogue_.joined();
    return row;
  }

  const Kernels& kernels_;
  format::Window window_;
  format::Wiring wiring_;
  StripPlan plan_;
  Epilogue epilogue_;
  Precision precision_;
  int depth_;  ///< channels that an output has weights for
  const std::byte* weights_;
  const float* bias_;
  std::optional<ConvertedRows> rounded_;
};

}  // namespace

StripPointer make_grouped(const StepContext& context, const format::Step& step,
                          const StripPlan& plan) {
  return std::make_unique<GroupedRun>(context, step, plan);
}

}  // namespace atto::edge
