// Convolutions: panels of output blocks, tiles of pixels.
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "export/runtime/converted_rows.hpp"
#include "export/runtime/finish.hpp"
#include "export/runtime/precision.hpp"
#include "export/runtime/strip_run.hpp"
#include "export/runtime/tiles.hpp"

namespace atto::edge {
namespace {

// What is fetched into the second-level cache for the step that follows.
constexpr std::size_t kPrefetchBytes = 64 * 1024;

struct Panel {
  int out_block, in_block, blocks;
  int lanes;  ///< used of the last block
};

/// Output blocks in twos (or what the kernels take), never across groups.
std::vector<Panel> panels_of(const format::Wiring& wiring, const format::Tensor& output,
                             int panel_blocks) {
  std::vector<Panel> panels;
  for (int g = 0; g < wiring.groups; ++g)
    for (int b = 0; b < wiring.out_blocks; b += panel_blocks) {
      const int first = g * wiring.out_blocks + b;
      const int blocks = std::min(panel_blocks, wiring.out_blocks - b);
      panels.push_back(
          {first, g * wiring.in_blocks, blocks, lanes_used(output, first + blocks - 1)});
    }
  return panels;
}

/// Returns the beginning of the weights that are read soon after the step.
std::span<const std::byte> weights_after(const Ground& ground, const format::Step& step) {
  const auto end = ground.program.steps.data() + ground.program.steps.size();
  const format::Step* next = &step + 1;
  while (next != end && next->kind == format::StepKind::Depthwise) ++next;
  if (next == end || next->kind != format::StepKind::Conv) return {};
  const auto rest = ground.weights.subspan(next->parameters.weights);
  return rest.first(std::min(rest.size(), kPrefetchBytes));
}

class ConvRun final : public StripRun {
 public:
  ConvRun(const Ground& ground, const format::Step& step, const StripPlan& plan)
      : ground_(ground),
        step_(step),
        out_(plan.out),
        in_(plan.in),
        finish_(ground, step),
        panels_(panels_of(step.wiring, ground.program.tensors[step.output],
                          ground.kernels.panel_blocks)),
        precision_(step, ground.kernels.bf16_conv != nullptr),
        conv_(precision_.multiplies_bf16() ? ground.kernels.bf16_conv : ground.kernels.conv),
        depth_(precision_.depth(step.wiring.depth())),
        weights_(ground.weights.data() + step.parameters.weights),
        bias_(reinterpret_cast<const float*>(ground.weights.data() + step.parameters.bias)),
        strips_(
            strips_of(plan.turns, step.window, in_, out_, ground.kernels.max_pixels, true, tiles_)),
        dst_offset_(pixel_offsets(out_)),
        next_weights_(weights_after(ground, step)) {
    block_weights_ =
        std::ptrdiff_t{step.window.height} * step.window.width * depth_ * format::kLanes;
    if (finish_.residual() != nullptr) residual_offset_ = pixel_offsets(*finish_.residual());
    if (step.is_bf16) rounded_.emplace(in_, step.window, plan.turns);
  }

  std::vector<int> pieces() const override {
    std::vector<int> firsts;
    for (const Panel& panel : panels_) firsts.push_back(panel.out_block);
    firsts.push_back(out_.blocks);
    return firsts;
  }
  std::size_t scratch_bytes() const override {
    const std::ptrdiff_t widened =
        precision_.widens ? ground_.kernels.panel_blocks * block_weights_ * Precision::kFloatBytes
                          : 0;
    return static_cast<std::size_t>(rounded_bytes() + widened);
  }
  std::string kernels() const override {
    return kernel_name(step_.is_bf16 ? "bf16conv" : "conv", step_.window,
                       step_.wiring.groups > 1 ? "g" : "", step_.wiring.groups);
  }

  void prepare(int turn, const Places& places, const Call& call) const noexcept override {
    if (rounded_)
      rounded_->make(strips_[static_cast<std::size_t>(turn)].rows(),
                     [&](std::ptrdiff_t to, std::ptrdiff_t from, std::size_t count) {
                       ground_.kernels.bf16_round(call.scratch + to * precision_.operand_bytes,
                                                  in_.at(places.in).data + from, count, 1);
                     });
  }

  void run(int turn, const Places& places, Range blocks, const Call& call) const noexcept override {
    const Strip& strip = strips_[static_cast<std::size_t>(turn)];
    const View out = out_.at(places.out);
    const std::byte* src =
        rounded_ ? call.scratch + rounded_->origin(strip.rows()) * precision_.operand_bytes
                 : places.in;
    const bool is_last_turn = static_cast<std::size_t>(turn) + 1 == strips_.size();
    ConvPanel panel = common_panel(strip);
    for (std::size_t p = panel_at(blocks.begin);
         p < panels_.size() && panels_[p].out_block < blocks.end; ++p) {
      const Panel& of = panels_[p];
      panel.src = src + of.in_block * panel.block_step * precision_.operand_bytes;
      panel.blocks = of.blocks;
      panel.lanes = of.lanes;
      panel.weights = weights_at(of.out_block);
      panel.bias = bias_ + of.out_block * format::kLanes;
      panel.dst = out.data + of.out_block * out.block_stride;
      if (finish_.residual() != nullptr)
        panel.residual = finish_.residual()->data + of.out_block * finish_.residual()->block_stride;
      const std::span<const std::byte> next = p + 1 < panels_.size() ? weights_of(p + 1)
                                              : is_last_turn         ? next_weights_
                                                                     : weights_of(0);
      fetch_during(panel, step_.window.height * step_.window.width, next);
      if (precision_.widens) widen(panel, reinterpret_cast<float*>(call.scratch + rounded_bytes()));
      conv_(panel);
    }
    finish_.complete(out, strip.begin, strip.end, blocks.begin, blocks.end);
  }

 private:
  std::size_t panel_at(int block) const {
    const auto at = std::lower_bound(panels_.begin(), panels_.end(), block,
                                     [](const Panel& p, int b) { return p.out_block < b; });
    return static_cast<std::size_t>(at - panels_.begin());
  }

  /// Of bf16's rounded rows; widened weights lie behind them.
  std::ptrdiff_t rounded_bytes() const {
    return rounded_ ? aligned(rounded_->values() * precision_.operand_bytes) : 0;
  }

  const std::byte* weights_at(int block) const {
    return weights_ + block * block_weights_ * precision_.weight_bytes;
  }
  std::span<const std::byte> weights_of(std::size_t panel) const {
    const Panel& of = panels_[panel];
    return {weights_at(of.out_block), weights_at(of.out_block + of.blocks)};
  }

  /// Makes floats of a panel's weights.
  void widen(ConvPanel& panel, float* room) const {
    const auto* weights = static_cast<const std::uint16_t*>(panel.weights);
    const std::ptrdiff_t values = std::ptrdiff_t{step_.window.height} * step_.window.width *
                                  (panel.full_blocks * format::kLanes + panel.last_depth) *
                                  format::kLanes;
    for (int b = 0; b < panel.blocks; ++b)
      ground_.kernels.bf16_widen(room + b * values, weights + b * panel.weight_step,
                                 static_cast<std::size_t>(values));
    panel.weights = room;
    panel.weight_step = values;
  }

  ConvPanel common_panel(const Strip& strip) const {
    ConvPanel panel{};
    const format::Window& window = step_.window;
    panel.tiles = tiles_.data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.pixel_step = std::ptrdiff_t{window.stride} * format::kLanes;
    panel.row_step = std::ptrdiff_t{window.dilation} * in_.row_stride;
    panel.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    panel.block_step = in_.block_stride;
    panel.kernel_width = window.width;
    panel.full_blocks = depth_ / format::kLanes;
    panel.last_depth = depth_ % format::kLanes;
    panel.weight_step = block_weights_;
    panel.dst_step = out_.block_stride;
    panel.dst_offset = dst_offset_.data();
    if (finish_.residual() != nullptr) {
      panel.residual_step = finish_.residual()->block_stride;
      panel.residual_offset = residual_offset_.data();
    }
    panel.clamp = finish_.clamp();
    panel.joined = finish_.joined();
    return panel;
  }

  const Ground& ground_;
  const format::Step& step_;
  View out_, in_;
  Finish finish_;
  std::vector<Panel> panels_;
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
  std::span<const std::byte> next_weights_;  ///< read soon after this step
};

}  // namespace

StripPointer make_conv(const Ground& ground, const format::Step& step, const StripPlan& plan) {
  return std::make_unique<ConvRun>(ground, step, plan);
}

}  // namespace atto::edge
