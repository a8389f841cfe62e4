// Convolutions and dense layers in int8.
#include <algorithm>
#include <optional>
#include <vector>

#include "export/runtime/plan/tiles.hpp"
#include "export/runtime/steps/converted_rows.hpp"
#include "export/runtime/steps/i8_biases.hpp"
#include "export/runtime/steps/i8_epilogue.hpp"
#include "export/runtime/steps/i8_words.hpp"

namespace atto::edge {
namespace {

class I8ConvRun final : public StripRun {
 public:
  I8ConvRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : step_(step),
        output_(context.program.tensors[step.output]),
        in_(byte_view_of(context.program.tensors[step.inputs[0]], plan.in)),
        epilogue_(context, step, plan.out),
        kernels_(i8_kernels_of(context.level, epilogue_.fits_int32)),
        weights_(
            reinterpret_cast<const std::int8_t*>(context.weights.data() + step.parameters.weights)),
        quads_((step.wiring.depth() + 3) / 4),
        biases_(epilogue_.bias, weights_, plan.out.blocks, step.window.height,
                std::ptrdiff_t{step.window.width} * quads_, 4, in_.zero_point, kernels_.conv_shift),
        strips_(strips_of(plan.turns, step.window, plan.in, plan.out, kernels_.max_pixels,
                          stores_over_rows(), tiles_)),
        dst_offset_(pixel_offsets(plan.out)) {
    if (is_in_words() || is_arranged()) {
      converted_.emplace(plan.in, step.window, plan.turns);
      for (Tile& tile : tiles_) tile.src *= converted_bytes();
    }
    for (const Tile& tile : tiles_) tile_bias_.push_back(biases_.of(tile.ky_begin, tile.ky_end));
    if (step.residual >= 0) residual_offset_ = pixel_offsets(epilogue_.residual.shape);
  }

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(pixel_bytes() +
                                    (is_in_words() ? block_weights() * kI8WordBytes : 0));
  }

  void prepare(int turn, const Places& places,
               const RunArguments& arguments) const noexcept override {
    if (!converted_) return;
    converted_->make(strips_[static_cast<std::size_t>(turn)].rows(),
                     [&](std::ptrdiff_t to, std::ptrdiff_t from, std::size_t count) {
                       std::byte* dst = arguments.scratch + to * converted_bytes();
                       const std::uint8_t* src = in_.at(places.in).data + from;
                       if (is_arranged())
                         kernels_.arrange_groups(dst, src, count, step_.wiring.interleave,
                                                 arranged_quads());
                       else
                         kernels_.words.widen_pixels(dst, src, count);
                     });
  }

  void run(int turn, const Places& places, Range blocks,
           const RunArguments& arguments) const noexcept override {
    const Strip& strip = strips_[static_cast<std::size_t>(turn)];
    for (int b = blocks.begin; b < blocks.end;) {
      const int of_group = step_.wiring.out_blocks - b % step_.wiring.out_blocks;
      const int count = std::min({panel_blocks(), of_group, blocks.end - b});
      run_panel(strip, in_.at(places.in), epilogue_.out.at(places.out), b, count, arguments);
      b += count;
    }
  }
  Panels panels() const override { return {panel_blocks(), step_.wiring.out_blocks}; }
  std::string kernels() const override {
    return kernel_name("i8conv", step_.window, step_.wiring.groups > 1 ? "g" : "",
                       step_.wiring.groups);
  }

 private:
  bool is_in_words() const {
    return kernels_.words.conv != nullptr && step_.wiring.interleave == 1;
  }
  bool is_arranged() const {
    return kernels_.arrange_groups != nullptr && step_.wiring.interleave > 1;
  }
  /// What the scratch memory holds for a byte of the rows.
  std::ptrdiff_t converted_bytes() const {
    return is_arranged() ? i8_arranged_bytes(arranged_quads()) : kI8WordBytes;
  }
  int arranged_quads() const { return i8_arranged_quads(step_.wiring.interleave, quads_); }
  int panel_blocks() const { return step_.wiring.interleave > 1 ? 1 : kI8PanelBlocks; }
  /// Kernels store neighbouring pixels side by side.
  bool stores_over_rows() const {
    return epilogue_.out.shape.is_compact() &&
           (step_.residual < 0 || epilogue_.residual.shape.is_compact());
  }

  std::ptrdiff_t block_weights() const {
    return std::ptrdiff_t{step_.window.height} * step_.window.width * quads_ * kI8QuadWeights;
  }
  /// Of the converted rows; a block's weights in words lie behind them.
  std::ptrdiff_t pixel_bytes() const {
    return converted_ ? aligned(converted_->values() * converted_bytes()) : 0;
  }

  void run_panel(const Strip& strip, const ByteView& in, const ByteView& out, int block, int blocks,
                 const RunArguments& arguments) const {
    const format::Window& window = step_.window;
    I8Panel panel{};
    panel.tiles = tiles_.data() + strip.tile_begin;
    panel.tile_bias = tile_bias_.data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.bias_offset = std::ptrdiff_t{block} * format::kLanes;
    panel.src = in.row(0, block / step_.wiring.out_blocks * step_.wiring.in_blocks);
    panel.pixel_step = std::ptrdiff_t{window.across.stride} * format::kLanes;
    panel.row_step = std::ptrdiff_t{window.dilation} * in.shape.row_stride;
    panel.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    panel.block_step = in.shape.block_stride;
    panel.kernel_width = window.width;
    panel.interleave = step_.wiring.interleave;
    panel.full_blocks = panel.interleave > 1 ? 0 : quads_ / 4;
    panel.last_quads = quads_ - 4 * panel.full_blocks;
    panel.blocks = blocks;
    panel.lanes = lanes_used(output_, block + blocks - 1);
    panel.weight_step = block_weights();
    panel.weights = weights_ + block * panel.weight_step;
    panel.dst = out.row(0, block);
    panel.dst_step = out.shape.block_stride;
    panel.dst_offset = dst_offset_.data();
    panel.requantisation = epilogue_.requantisation;
    panel.requantisation.multipliers += panel.bias_offset;
    if (step_.residual >= 0) {
      panel.residual = epilogue_.residual.row(0, block);
      panel.residual_step = epilogue_.residual.shape.block_stride;
      panel.residual_offset = residual_offset_.data();
    }
    if (converted_)
      read_converted(
          panel,
          arguments.scratch +
              (converted_->origin(strip.rows()) + (panel.src - in.data)) * converted_bytes(),
          converted_bytes());
    if (is_in_words())
      conv_in_words(kernels_.words, panel, arguments.scratch + pixel_bytes());
    else
      kernels_.conv(panel);
    fill_halo(out, strip.begin, strip.end, block, block + blocks);
  }

  const format::Step& step_;
  const format::Tensor& output_;
  ByteView in_;
  I8Epilogue epilogue_;
  const I8Kernels& kernels_;
  const std::int8_t* weights_;
  int quads_;
  I8Biases biases_;
  std::vector<Tile> tiles_;
  std::vector<Strip> strips_;               ///< by turn
  std::optional<ConvertedRows> converted_;  ///< in words, or arranged by groups
  std::vector<std::uint32_t> dst_offset_, residual_offset_;
  std::vector<const std::int32_t*> tile_bias_;
};

class I8DepthwiseRun final : public StripRun {
 public:
  I8DepthwiseRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : step_(step),
        turns_(plan.turns),
        in_(byte_view_of(context.program.tensors[step.inputs[0]], plan.in)),
        epilogue_(context, step, plan.out),
        kernels_(i8_kernels_of(context.level, epilogue_.fits_int32)),
        weights_(reinterpret_cast<const std::int8_t*>(context.weights.data() +
                                                      step.parameters.weights)) {
    I8Biases& biases =
        biases_.emplace_back(epilogue_.bias, weights_, in_.shape.blocks, step.window.height,
                             step.window.width, 1, in_.zero_point, 0);
    for (int y = 0; y < epilogue_.out.shape.height; ++y) {
      taps_.push_back(taps_inside(step.window, y, in_.shape.height));
      row_bias_.push_back(biases.of(taps_.back().begin, taps_.back().end));
    }
  }

  void run(int turn, const Places& places, Range /*blocks*/,
           const RunArguments& /*arguments*/) const noexcept override {
    const Range rows = turns_[static_cast<std::size_t>(turn)];
    const ByteView in = in_.at(places.in), out = epilogue_.out.at(places.out);
    if (is_by_block())
      for (int b = 0; b < out.shape.blocks; ++b) run_block(in, out, rows, b);
    else
      for (int y = rows.begin; y < rows.end; ++y) run_row(in, out, y);
    fill_halo(out, rows.begin, rows.end, 0, out.shape.blocks);
  }
  std::string kernels() const override { return kernel_name("i8dwconv", step_.window); }

 private:
  bool is_by_block() const {
    const format::Window& window = step_.window;
    const int width = epilogue_.out.shape.width;
    return kernels_.depthwise_block != nullptr && window.dilation == 1 && window.down.stride <= 2 &&
           window.down.stride == window.across.stride && window.height == window.width &&
           (window.width == 3 || window.width == 5 || window.width == 7) &&
           (width % 4 == 0 || (width > 4 && step_.residual < 0));
  }

  void run_block(const ByteView& in, const ByteView& out, Range rows, int b) const {
    const format::Window& window = step_.window;
    I8DepthwiseBlock block{};
    block.row_step = in.shape.row_stride;
    block.src = in.row(-window.down.pad, b) - std::ptrdiff_t{window.across.pad} * format::kLanes;
    block.in_height = in.shape.height;
    block.kernel = window.width;
    block.stride = window.down.stride;
    block.pad = window.down.pad;
    block.first = rows.begin;
    block.end = rows.end;
    block.width = out.shape.width;
    block.weights = weights_ + std::ptrdiff_t{b} * window.height * window.width * format::kLanes;
    block.bias = row_bias_.data();
    block.bias_offset = std::ptrdiff_t{b} * format::kLanes;
    block.dst = out.row(0, b);
    block.dst_step = out.shape.row_stride;
    if (step_.residual >= 0) {
      block.residual = epilogue_.residual.row(0, b);
      block.residual_step = epilogue_.residual.shape.row_stride;
    }
    block.requantisation = epilogue_.requantisation;
    block.requantisation.multipliers += block.bias_offset;
    kernels_.depthwise_block(block);
  }
  void run_row(const ByteView& in, const ByteView& out, int y) const {
    const format::Window& window = step_.window;
    const Range taps = taps_[static_cast<std::size_t>(y)];
    I8DepthwiseRow row{};
    row.src = in.data +
              (std::int64_t{y} * window.down.stride - window.down.pad +
               std::int64_t{taps.begin} * window.dilation) *
                  in.shape.row_stride -
              std::ptrdiff_t{window.across.pad} * format::kLanes;
    row.row_step = std::ptrdiff_t{window.dilation} * in.shape.row_stride;
    row.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    row.block_step = in.shape.block_stride;
    row.stride = window.across.stride;
    row.kernel_width = window.width;
    row.ky_begin = taps.begin;
    row.ky_end = taps.end;
    row.blocks = out.shape.blocks;
    row.width = out.shape.width;
    row.weights = weights_ + std::ptrdiff_t{taps.begin} * window.width * format::kLanes;
    row.weight_step = std::ptrdiff_t{window.height} * window.width * format::kLanes;
    row.bias = row_bias_[static_cast<std::size_t>(y)];
    row.dst = out.row(y);
    row.dst_step = out.shape.block_stride;
    row.requantisation = epilogue_.requantisation;
    if (step_.residual >= 0) {
      row.residual = epilogue_.residual.row(y);
      row.residual_step = epilogue_.residual.shape.block_stride;
    }
    kernels_.depthwise_row(row);
  }

  const format::Step& step_;
  std::vector<Range> turns_;
  ByteView in_;
  I8Epilogue epilogue_;
  const I8Kernels& kernels_;
  const std::int8_t* weights_;
  std::vector<I8Biases> biases_;  // one; kept, because rows point into it
  std::vector<Range> taps_;
  std::vector<const std::int32_t*> row_bias_;
};

}  // namespace

StripPointer make_i8_conv(const StepContext& context, const format::Step& step,
                          const StripPlan& plan) {
  return std::make_unique<I8ConvRun>(context, step, plan);
}
StripPointer make_i8_depthwise(const StepContext& context, const format::Step& step,
                               const StripPlan& plan) {
  return std::make_unique<I8DepthwiseRun>(context, step, plan);
}

}  // namespace atto::edge
