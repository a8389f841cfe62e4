// Convolutions: panels of output blocks, tiles of pixels.
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "export/runtime/plan/strip_run.hpp"
#include "export/runtime/plan/tiles.hpp"
#include "export/runtime/steps/converted_rows.hpp"
#include "export/runtime/steps/epilogue.hpp"
#include "export/runtime/steps/precision.hpp"

namespace atto::edge {
namespace {

class ConvRun final : public StripRun {
 public:
  ConvRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : context_(context),
        step_(step),
        output_(context.program.tensors[step.output]),
        out_(plan.out),
        in_(plan.in),
        epilogue_(context, step),
        precision_(step, context.kernels.bf16_conv != nullptr),
        conv_(precision_.multiplies_bf16() ? context.kernels.bf16_conv : context.kernels.conv),
        depth_(precision_.depth(step.wiring.depth())),
        weights_(context.weights.data() + step.parameters.weights),
        bias_(reinterpret_cast<const float*>(context.weights.data() + step.parameters.bias)),
        strips_(strips_of(plan.turns, step.window, in_, out_, context.kernels.max_pixels, true,
                          tiles_)),
        dst_offset_(pixel_offsets(out_)) {
    block_weights_ =
        std::ptrdiff_t{step.window.height} * step.window.width * depth_ * format::kLanes;
    if (epilogue_.residual() != nullptr) residual_offset_ = pixel_offsets(*epilogue_.residual());
    if (step.is_bf16) rounded_.emplace(in_, step.window, plan.turns);
  }

  Panels panels() const override {
    return {context_.kernels.panel_blocks, step_.wiring.out_blocks};
  }
  std::span<const std::byte> weights(Range blocks) const override {
    return {weights_at(blocks.begin), weights_at(blocks.end)};
  }
  std::size_t scratch_bytes() const override {
    const std::ptrdiff_t widened =
        precision_.widens ? context_.kernels.panel_blocks * block_weights_ * Precision::kFloatBytes
                          : 0;
    return static_cast<std::size_t>(rounded_bytes() + widened);
  }
  std::string kernels() const override {
    return kernel_name(step_.is_bf16 ? "bf16conv" : "conv", step_.window,
                       step_.wiring.groups > 1 ? "g" : "", step_.wiring.groups);
  }

  void prepare(int turn, const Places& places,
               const RunArguments& arguments) const noexcept override {
    if (rounded_)
      rounded_->make(strips_[static_cast<std::size_t>(turn)].rows(),
                     [&](std::ptrdiff_t to, std::ptrdiff_t from, std::size_t count) {
                       context_.kernels.bf16_round(
                           arguments.scratch + to * precision_.operand_bytes,
                           in_.at(places.in).data + from, count, 1);
                     });
  }

  void run(int turn, const Places& places, Range blocks,
           const RunArguments& arguments) const noexcept override {
    const Strip& strip = strips_[static_cast<std::size_t>(turn)];
    const View out = out_.at(places.out);
    const std::byte* src =
        rounded_ ? arguments.scratch + rounded_->origin(strip.rows()) * precision_.operand_bytes
                 : places.in;
    ConvPanel panel = common_panel(strip);
    for (Range of = panel_of(blocks), next{}; of.begin < blocks.end; of = next) {
      next = panel_of({of.end, blocks.end});
      panel.src =
          src + std::ptrdiff_t{of.begin / step_.wiring.out_blocks * step_.wiring.in_blocks} *
                    panel.block_step * precision_.operand_bytes;
      panel.blocks = of.end - of.begin;
      panel.lanes = lanes_used(output_, of.end - 1);
      panel.weights = weights(of).data();
      panel.bias = bias_ + of.begin * format::kLanes;
      panel.dst = out.data + of.begin * out.block_stride;
      if (epilogue_.residual() != nullptr)
        panel.residual = epilogue_.residual()->data + of.begin * epilogue_.residual()->block_stride;
      const std::span<const std::byte> after =
          next.begin < blocks.end ? weights(next) : arguments.next;
      fetch_during(panel, step_.window.height * step_.window.width,
                   after.empty() ? weights(panel_of(blocks)) : after);
      if (precision_.widens)
        widen(panel, reinterpret_cast<float*>(arguments.scratch + rounded_bytes()));
      conv_(panel);
    }
    epilogue_.complete(out, strip.begin, strip.end, blocks.begin, blocks.end);
  }

 private:
  /// The blocks of the panel that begins with the first of these.
  Range panel_of(Range blocks) const {
    const int of_group = step_.wiring.out_blocks;
    const int end = std::min(blocks.end, (blocks.begin / of_group + 1) * of_group);
    return {blocks.begin, std::min(blocks.begin + context_.kernels.panel_blocks, end)};
  }

  /// Of bf16's rounded rows; widened weights lie behind them.
  std::ptrdiff_t rounded_bytes() const {
    return rounded_ ? aligned(rounded_->values() * precision_.operand_bytes) : 0;
  }

  const std::byte* weights_at(int block) const {
    return weights_ + block * block_weights_ * precision_.weight_bytes;
  }

  /// Makes floats of a panel's weights.
  void widen(ConvPanel& panel, float* room) const {
    const auto* weights = static_cast<const std::uint16_t*>(panel.weights);
    const std::ptrdiff_t values = std::ptrdiff_t{step_.window.height} * step_.window.width *
                                  (panel.full_blocks * format::kLanes + panel.last_depth) *
                                  format::kLanes;
    for (int b = 0; b < panel.blocks; ++b)
      context_.kernels.bf16_widen(room + b * values, weights + b * panel.weight_step,
                                  static_cast<std::size_t>(values));
    panel.weights = room;
    panel.weight_step = values;
  }

  ConvPanel common_panel(const Strip& strip) const {
    ConvPanel panel{};
    const format::Window& window = step_.window;
    panel.tiles = tiles_.data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.pixel_step = std::ptrdiff_t{window.across.stride} * format::kLanes;
    panel.row_step = std::ptrdiff_t{window.dilation} * in_.row_stride;
    panel.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    panel.block_step = in_.block_stride;
    panel.kernel_width = window.width;
    panel.full_blocks = depth_ / format::kLanes;
    panel.last_depth = depth_ % format::kLanes;
    panel.weight_step = block_weights_;
    panel.dst_step = out_.block_stride;
    panel.dst_offset = dst_offset_.data();
    if (epilogue_.residual() != nullptr) {
      panel.residual_step = epilogue_.residual()->block_stride;
      panel.residual_offset = residual_offset_.data();
    }
    panel.clamp = epilogue_.clamp();
    panel.joined = epilogue_.joined();
    return panel;
  }

  const StepContext& context_;
  const format::Step& step_;
  const format::Tensor& output_;
  View out_, in_;
  Epilogue epilogue_;
  Precision precision_;
  void (*conv_)(const ConvPanel& panel);
  int depth_;  ///< channels that an output has weights for
  const std::byte* weights_;
  const float* bias_;
  std::ptrdiff_t block_weights_ = 0;  ///< values per output block
  std::vector<Tile> tiles_;
  std::vector<Strip> strips_;             ///< by turn
  std::optional<ConvertedRows> rounded_;  ///< bf16
  std::vector<std::uint32_t> dst_offset_, residual_offset_;
};

}  // namespace

StripPointer make_conv(const StepContext& context, const format::Step& step,
                       const StripPlan& plan) {
  return std::make_unique<ConvRun>(context, step, plan);
}

}  // namespace atto::edge
