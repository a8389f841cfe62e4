// Conv and DepthwisePointwise: strips of output rows, panels of output blocks, tiles of pixels.
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "export/runtime/finish.hpp"
#include "export/runtime/grouped_rows.hpp"
#include "export/runtime/tiles.hpp"

namespace atto::edge {
namespace {

// A strip's source should stay in the second-level cache (512 KB and more on every target) beside a
// panel's weights; when the weights are small too, in the first level.
constexpr std::int64_t kStripBytes = 256 * 1024;
constexpr std::int64_t kSmallStripBytes = 24 * 1024;
constexpr std::int64_t kSmallWeightBytes = 24 * 1024;
// From here on reading the weights twice costs more than computing the depthwise half twice.
constexpr std::int64_t kManyWeightBytes = 512 * 1024;
// The weights of a slice of input channels, half of a small first-level cache; it pays from so many
// tiles on.
constexpr std::int64_t kSliceBytes = 16 * 1024;
constexpr std::size_t kManyTiles = 4;
constexpr std::ptrdiff_t kFloatBytes = 4, kBf16Bytes = 2;
constexpr std::ptrdiff_t kBlockWeights = std::ptrdiff_t{format::kLanes} * format::kLanes;
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

/// Returns the beginning of the weights that the next step reads first.
std::span<const std::byte> weights_after(const Ground& ground, const format::Step& step) {
  const auto index = static_cast<std::size_t>(&step - ground.program.steps.data()) + 1;
  if (index >= ground.program.steps.size()) return {};
  const format::Step& next = ground.program.steps[index];
  if (next.kind != format::StepKind::Conv && next.kind != format::StepKind::DepthwisePointwise)
    return {};
  const auto rest = ground.weights.subspan(next.parameters.weights);
  return rest.first(std::min(rest.size(), kPrefetchBytes));
}

class ConvStep : public StepRun {
 public:
  ConvStep(const Ground& ground, const format::Step& step)
      : ground_(ground),
        step_(step),
        out_(view_of(ground.program, step.output, ground.arena)),
        in_(view_of(ground.program, step.inputs[0], ground.arena)),
        finish_(ground, step),
        panels_(panels_of(step.wiring, ground.program.tensors[step.output],
                          ground.kernels.panel_blocks)),
        widens_(step.is_bf16 && ground.kernels.bf16_conv == nullptr),
        conv_(step.is_bf16 && !widens_ ? ground.kernels.bf16_conv : ground.kernels.conv),
        operand_bytes_(step.is_bf16 && !widens_ ? kBf16Bytes : kFloatBytes),
        weight_bytes_(step.is_bf16 ? kBf16Bytes : kFloatBytes),
        depth_(step.is_bf16 ? (step.wiring.depth() + 1) / 2 * 2 : step.wiring.depth()),
        weights_(ground.weights.data() + step.parameters.weights),
        bias_(reinterpret_cast<const float*>(ground.weights.data() + step.parameters.bias)) {
    const format::Window& window = step.window;
    block_weights_ = std::ptrdiff_t{window.height} * window.width * depth_ * format::kLanes;
    const std::int64_t weight_bytes = weight_bytes_ * block_weights_ * out_.blocks;
    by_panels_ =
        ground.parts > 1 && (out_.height < 4 * ground.parts || weight_bytes >= kManyWeightBytes);
    if (step.kind == format::StepKind::DepthwisePointwise)
      depthwise_.emplace(ground, step, step.depthwise_window, step.depthwise_parameters,
                         format::Wiring{in_.blocks, 1, 1, 1, format::kLanes});
    plan_strips(weight_bytes);
    dst_offset_ = pixel_offsets(out_);
    if (finish_.residual() != nullptr) residual_offset_ = pixel_offsets(*finish_.residual());
    next_weights_ = weights_after(ground, step);
  }

  void run(const Call& call) const noexcept override {
    const int parts = ground_.parts;
    const auto strips = static_cast<int>(strips_.size()), panels = static_cast<int>(panels_.size());
    const Range mine = by_panels_ ? Range{0, strips} : share(strips, call.part, parts);
    const Range which = by_panels_ ? share(panels, call.part, parts) : Range{0, panels};
    if (which.begin == which.end) return;
    for (int s = mine.begin; s < mine.end; ++s)
      run_strip(strips_[static_cast<std::size_t>(s)], which, s + 1 == mine.end, call);
  }

  std::size_t scratch_bytes() const override {
    const std::ptrdiff_t widened =
        widens_ ? ground_.kernels.panel_blocks * block_weights_ * kFloatBytes : 0;
    return static_cast<std::size_t>(source_bytes() + row_bytes() + widened);
  }

  std::string kernels() const override {
    const format::Window& w = step_.window;
    const std::string size = std::to_string(w.height) + "x" + std::to_string(w.width);
    const std::string conv =
        (step_.is_bf16 ? "bf16conv" : "conv") + size + "s" + std::to_string(w.stride) +
        (step_.wiring.groups > 1 ? "g" + std::to_string(step_.wiring.groups) : "");
    return depthwise_ ? depthwise_->name() + "+" + conv : conv;
  }

 private:
  void plan_strips(std::int64_t weight_bytes) {
    const std::int64_t row_values = depthwise_
                                        ? std::int64_t{out_.width} * in_.blocks * format::kLanes
                                        : std::int64_t{in_.row_stride} * step_.window.stride;
    const std::int64_t budget = weight_bytes <= kSmallWeightBytes ? kSmallStripBytes : kStripBytes;
    int rows = static_cast<int>(
        std::clamp<std::int64_t>(budget / (row_values * operand_bytes_), 1, out_.height));
    if (!by_panels_) rows = std::min(rows, (out_.height + ground_.parts - 1) / ground_.parts);
    const int strips = (out_.height + rows - 1) / rows;
    rows = (out_.height + strips - 1) / strips;
    strip_pixels_ = rows * out_.width;
    const int max_pixels = ground_.kernels.max_pixels;
    for (int y = 0; y < out_.height; y += rows) {
      Strip strip{y, std::min(y + rows, out_.height), tiles_.size(), 0};
      if (depthwise_)
        add_compact_tiles(tiles_, strip.begin * out_.width, (strip.end - strip.begin) * out_.width,
                          max_pixels);
      else
        add_window_tiles(tiles_, step_.window, in_, out_, strip.begin, strip.end, max_pixels);
      strip.tile_count = tiles_.size() - strip.tile_begin;
      if (step_.is_bf16 && !depthwise_) read_rounded(strip);
      strips_.push_back(strip);
    }
  }

  /// The scratch memory: what source_of() makes, then a row of the depthwise half that is not yet
  /// rounded, then widened weights.
  std::ptrdiff_t source_bytes() const {
    const std::ptrdiff_t values =
        depthwise_ ? std::ptrdiff_t{strip_pixels_} * in_.blocks * format::kLanes : strip_values_;
    constexpr auto kAlignment = static_cast<std::ptrdiff_t>(format::kAlignment);
    return (values * operand_bytes_ + kAlignment - 1) / kAlignment * kAlignment;
  }
  std::ptrdiff_t row_bytes() const {
    return depthwise_ && step_.is_bf16
               ? std::ptrdiff_t{out_.width} * in_.blocks * format::kLanes * kFloatBytes
               : 0;
  }

  /// Rows [begin, end) of the input with the padding before and behind them: rounded, they lie at
  /// the beginning of the scratch memory.
  Range rows_of(const Strip& strip) const {
    return rows_read(step_.window, strip.begin, strip.end, in_.height);
  }
  std::ptrdiff_t halo() const { return std::ptrdiff_t{in_.halo} * format::kLanes; }
  std::ptrdiff_t values_of(Range rows) const {
    return (rows.end - rows.begin) * in_.row_stride + halo();
  }
  /// Lets a strip's tiles read the rounded rows.
  void read_rounded(const Strip& strip) {
    const Range rows = rows_of(strip);
    strip_values_ = std::max(strip_values_, values_of(rows));
    for (std::size_t t = strip.tile_begin; t < tiles_.size(); ++t)
      tiles_[t].src += halo() - rows.begin * in_.row_stride;
  }

  const std::byte* weights_at(int block) const {
    return weights_ + block * block_weights_ * weight_bytes_;
  }
  std::span<const std::byte> weights_of(int panel) const {
    const Panel& of = panels_[static_cast<std::size_t>(panel)];
    return {weights_at(of.out_block), weights_at(of.out_block + of.blocks)};
  }

  /// Makes what the panels read, where that is not the input itself, in the scratch memory.
  const std::byte* source_of(const Strip& strip, const Call& call) const {
    const Kernels& kernels = ground_.kernels;
    if (!depthwise_) {
      if (!step_.is_bf16) return reinterpret_cast<const std::byte*>(in_.data);
      const Range rows = rows_of(strip);
      kernels.bf16_round(call.scratch, in_.row(rows.begin) - halo(),
                         static_cast<std::size_t>(values_of(rows)));
      return call.scratch;
    }
    const std::ptrdiff_t row = std::ptrdiff_t{out_.width} * format::kLanes,
                         block = std::ptrdiff_t{strip_pixels_} * format::kLanes;
    if (!step_.is_bf16) {
      depthwise_->run(strip.begin, strip.end, reinterpret_cast<float*>(call.scratch), row, block);
      return call.scratch;
    }
    auto* floats = reinterpret_cast<float*>(call.scratch + source_bytes());
    for (int y = strip.begin; y < strip.end; ++y) {
      depthwise_->run(y, y + 1, floats, row, row);
      for (int b = 0; b < in_.blocks; ++b)
        kernels.bf16_round(call.scratch + (b * block + (y - strip.begin) * row) * operand_bytes_,
                           floats + b * row, static_cast<std::size_t>(row));
    }
    return call.scratch;
  }

  void run_strip(const Strip& strip, Range which, bool is_last_strip, const Call& call) const {
    ConvPanel panel = common_panel(strip);
    const std::byte* src = source_of(strip, call);
    for (int p = which.begin; p < which.end; ++p) {
      const Panel& of = panels_[static_cast<std::size_t>(p)];
      panel.src = src + of.in_block * panel.block_step * operand_bytes_;
      panel.blocks = of.blocks;
      panel.lanes = of.lanes;
      panel.weights = weights_at(of.out_block);
      panel.bias = bias_ + of.out_block * format::kLanes;
      panel.dst = out_.data + of.out_block * out_.block_stride;
      if (finish_.residual() != nullptr)
        panel.residual = finish_.residual()->data + of.out_block * finish_.residual()->block_stride;
      const std::span<const std::byte> next = p + 1 < which.end ? weights_of(p + 1)
                                              : is_last_strip   ? next_weights_
                                                                : weights_of(which.begin);
      panel.prefetch = next.data();
      panel.prefetch_bytes = next.size();
      run_slices(panel, call);
    }
    const Panel &first = panels_[static_cast<std::size_t>(which.begin)],
                &last = panels_[static_cast<std::size_t>(which.end - 1)];
    finish_.complete(out_, strip.begin, strip.end, first.out_block, last.out_block + last.blocks);
  }

  /// Takes the input channels in slices whose weights stay in the first-level cache while all tiles
  /// pass; the output holds the sums in between.
  void run_slices(ConvPanel panel, const Call& call) const {
    const int slices = slices_of(panel);
    const ConvPanel whole = panel;
    const int blocks = whole.full_blocks + (whole.last_depth > 0 ? 1 : 0);
    for (int s = 0; s < slices; ++s) {
      const Range slice = share(blocks, s, slices);
      const bool is_last = s + 1 == slices;
      panel.src = static_cast<const std::byte*>(whole.src) +
                  slice.begin * whole.block_step * operand_bytes_;
      panel.weights = static_cast<const std::byte*>(whole.weights) +
                      slice.begin * kBlockWeights * weight_bytes_;
      panel.weight_step = whole.weight_step;
      panel.full_blocks = (is_last ? whole.full_blocks : slice.end) - slice.begin;
      panel.last_depth = is_last ? whole.last_depth : 0;
      panel.resumes = s > 0;
      panel.clamp = is_last ? whole.clamp : clamp_of(format::Activation::None);
      if (s > 0) panel.prefetch_bytes = 0;
      if (widens_)
        widen(panel, reinterpret_cast<float*>(call.scratch + source_bytes() + row_bytes()));
      conv_(panel);
    }
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

  int slices_of(const ConvPanel& panel) const {
    // The residual may lie where the sums would.
    if (step_.window.height != 1 || step_.window.width != 1 || panel.residual != nullptr ||
        panel.tile_count < kManyTiles)
      return 1;
    const std::int64_t bytes =
        std::int64_t{panel.full_blocks} * panel.blocks * kBlockWeights * operand_bytes_;
    return static_cast<int>(std::max<std::int64_t>(1, (bytes + kSliceBytes - 1) / kSliceBytes));
  }

  ConvPanel common_panel(const Strip& strip) const {
    ConvPanel panel{};
    const format::Window& window = step_.window;
    panel.tiles = tiles_.data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.pixel_step = std::ptrdiff_t{window.stride} * format::kLanes;
    panel.row_step = std::ptrdiff_t{window.dilation} * in_.row_stride;
    panel.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    panel.block_step =
        depthwise_ ? std::ptrdiff_t{strip_pixels_} * format::kLanes : in_.block_stride;
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
  bool widens_;  ///< bf16 weights become floats, panel by panel
  void (*conv_)(const ConvPanel& panel);
  std::ptrdiff_t operand_bytes_;  ///< of what conv_ multiplies
  std::ptrdiff_t weight_bytes_;   ///< of what the file holds
  int depth_;                     ///< channels that an output has weights for
  const std::byte* weights_;
  const float* bias_;
  std::ptrdiff_t block_weights_ = 0;         ///< values per output block
  std::span<const std::byte> next_weights_;  ///< read soon after this step
  bool by_panels_ = false;                   ///< parts share out the panels, not the strips
  std::optional<GroupedRows> depthwise_;
  std::vector<Strip> strips_;
  std::vector<Tile> tiles_;
  int strip_pixels_ = 0;
  std::ptrdiff_t strip_values_ = 0;  ///< the most that a strip reads, rounded
  std::vector<std::uint32_t> dst_offset_, residual_offset_;
};

}  // namespace

StepPointer make_conv(const Ground& ground, const format::Step& step) {
  return std::make_unique<ConvStep>(ground, step);
}

}  // namespace atto::edge
