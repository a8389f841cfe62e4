// Convolutions and dense layers in int8.
#include <algorithm>
#include <vector>

#include "export/runtime/i8_biases.hpp"
#include "export/runtime/i8_ending.hpp"
#include "export/runtime/tiles.hpp"

namespace atto::edge {
namespace {

// A strip's source should stay in the second-level cache beside a panel's weights.
constexpr std::int64_t kStripBytes = 128 * 1024;

class I8ConvStep final : public StepRun {
 public:
  I8ConvStep(const Ground& ground, const format::Step& step)
      : parts_(ground.parts),
        step_(step),
        in_(byte_view_of(ground.program, step.inputs[0], ground.arena)),
        end_(ground, step, step.parameters.bias, blocks_of(step)),
        kernels_(i8_kernels_of(ground.level, end_.is_tame)),
        weights_(
            reinterpret_cast<const std::int8_t*>(ground.weights.data() + step.parameters.weights)),
        quads_((step.wiring.depth() + 3) / 4),
        biases_(end_.bias, weights_, blocks_of(step), step.window.height,
                std::ptrdiff_t{step.window.width} * quads_, 4, in_.zero_point),
        dst_offset_(pixel_offsets(end_.out.shape)) {
    for (int y = 0; y < end_.out.shape.height; ++y) {
      row_tiles_.push_back(tiles_.size());
      add_window_tiles(tiles_, step.window, in_.shape, end_.out.shape, y, y + 1,
                       kernels_.max_pixels);
    }
    row_tiles_.push_back(tiles_.size());
    for (const Tile& tile : tiles_) tile_bias_.push_back(biases_.of(tile.ky_begin, tile.ky_end));
    if (step.residual >= 0) residual_offset_ = pixel_offsets(end_.residual.shape);
    by_blocks_ = parts_ > 1 && end_.out.shape.height < 4 * parts_;
    const std::int64_t row_bytes = std::int64_t{in_.shape.row_stride} * step.window.stride;
    strip_rows_ = static_cast<int>(
        std::clamp<std::int64_t>(kStripBytes / row_bytes, 1, end_.out.shape.height));
  }

  void run(const Call& call) const noexcept override {
    const format::Wiring& wiring = step_.wiring;
    const View& out = end_.out.shape;
    const Range rows = by_blocks_ ? Range{0, out.height} : share(out.height, call.part, parts_);
    const int pairs = (wiring.out_blocks + kI8PanelBlocks - 1) / kI8PanelBlocks;
    const Range panels = by_blocks_ ? share(wiring.groups * pairs, call.part, parts_)
                                    : Range{0, wiring.groups * pairs};
    for (int y = rows.begin; y < rows.end; y += strip_rows_)
      for (int p = panels.begin; p < panels.end; ++p) {
        const int begin = p % pairs * kI8PanelBlocks;
        const int blocks = std::min(kI8PanelBlocks, wiring.out_blocks - begin);
        run_panel(y, std::min(y + strip_rows_, rows.end), p / pairs,
                  p / pairs * wiring.out_blocks + begin, blocks);
      }
  }
  std::string kernels() const override {
    const format::Window& w = step_.window;
    return "i8conv" + std::to_string(w.height) + "x" + std::to_string(w.width) + "s" +
           std::to_string(w.stride) +
           (step_.wiring.groups > 1 ? "g" + std::to_string(step_.wiring.groups) : "");
  }

 private:
  static int blocks_of(const format::Step& step) {
    return step.wiring.groups * step.wiring.out_blocks;
  }

  void run_panel(int begin, int end, int group, int block, int blocks) const {
    const format::Window& window = step_.window;
    I8Panel panel{};
    const std::size_t first = row_tiles_[static_cast<std::size_t>(begin)];
    panel.tiles = tiles_.data() + first;
    panel.tile_bias = tile_bias_.data() + first;
    panel.tile_count = row_tiles_[static_cast<std::size_t>(end)] - first;
    panel.bias_offset = std::ptrdiff_t{block} * format::kLanes;
    panel.src = in_.data + std::ptrdiff_t{group} * step_.wiring.in_blocks * in_.shape.block_stride;
    panel.pixel_step = std::ptrdiff_t{window.stride} * format::kLanes;
    panel.row_step = std::ptrdiff_t{window.dilation} * in_.shape.row_stride;
    panel.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    panel.block_step = in_.shape.block_stride;
    panel.kernel_width = window.width;
    panel.full_blocks = quads_ / 4;
    panel.last_quads = quads_ % 4;
    panel.interleave = step_.wiring.interleave;
    panel.blocks = blocks;
    panel.weight_step = std::ptrdiff_t{window.height} * window.width * quads_ * 64;
    panel.weights = weights_ + block * panel.weight_step;
    panel.dst = end_.out.row(0, block);
    panel.dst_step = end_.out.shape.block_stride;
    panel.dst_offset = dst_offset_.data();
    panel.finish = end_.finish;
    panel.finish.multipliers += panel.bias_offset;
    if (step_.residual >= 0) {
      panel.residual = end_.residual.row(0, block);
      panel.residual_step = end_.residual.shape.block_stride;
      panel.residual_offset = residual_offset_.data();
    }
    kernels_.conv(panel);
    fill_halo(end_.out, begin, end, block, block + blocks);
  }

  int parts_;
  const format::Step& step_;
  ByteView in_;
  I8Ending end_;
  const I8Kernels& kernels_;
  const std::int8_t* weights_;
  int quads_;
  I8Biases biases_;
  std::vector<std::uint32_t> dst_offset_, residual_offset_;
  std::vector<Tile> tiles_;
  std::vector<const std::int32_t*> tile_bias_;
  std::vector<std::size_t> row_tiles_;
  bool by_blocks_ = false;  ///< parts share out the panels, not the rows
  int strip_rows_ = 1;
};

class I8DepthwiseStep final : public StepRun {
 public:
  I8DepthwiseStep(const Ground& ground, const format::Step& step)
      : parts_(ground.parts),
        step_(step),
        in_(byte_view_of(ground.program, step.inputs[0], ground.arena)),
        end_(ground, step, step.parameters.bias, in_.shape.blocks),
        kernels_(i8_kernels_of(ground.level, end_.is_tame)),
        weights_(
            reinterpret_cast<const std::int8_t*>(ground.weights.data() + step.parameters.weights)) {
    I8Biases& biases =
        biases_.emplace_back(end_.bias, weights_, in_.shape.blocks, step.window.height,
                             step.window.width, 1, in_.zero_point);
    for (int y = 0; y < end_.out.shape.height; ++y) {
      taps_.push_back(taps_inside(step.window, step.window.height, y, in_.shape.height));
      row_bias_.push_back(biases.of(taps_.back().begin, taps_.back().end));
    }
  }

  void run(const Call& call) const noexcept override {
    const Range mine = share(end_.out.shape.height, call.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y) run_row(y);
    fill_halo(end_.out, mine.begin, mine.end, 0, end_.out.shape.blocks);
  }
  std::string kernels() const override {
    const format::Window& w = step_.window;
    return "i8dwconv" + std::to_string(w.height) + "x" + std::to_string(w.width) + "s" +
           std::to_string(w.stride);
  }

 private:
  void run_row(int y) const {
    const format::Window& window = step_.window;
    const Range taps = taps_[static_cast<std::size_t>(y)];
    I8DepthwiseRow row{};
    row.src = in_.data +
              (std::int64_t{y} * window.stride - window.pad +
               std::int64_t{taps.begin} * window.dilation) *
                  in_.shape.row_stride -
              std::ptrdiff_t{window.pad} * format::kLanes;
    row.row_step = std::ptrdiff_t{window.dilation} * in_.shape.row_stride;
    row.column_step = std::ptrdiff_t{window.dilation} * format::kLanes;
    row.block_step = in_.shape.block_stride;
    row.stride = window.stride;
    row.kernel_width = window.width;
    row.ky_begin = taps.begin;
    row.ky_end = taps.end;
    row.blocks = end_.out.shape.blocks;
    row.width = end_.out.shape.width;
    row.weights = weights_ + std::ptrdiff_t{taps.begin} * window.width * format::kLanes;
    row.weight_step = std::ptrdiff_t{window.height} * window.width * format::kLanes;
    row.bias = row_bias_[static_cast<std::size_t>(y)];
    row.dst = end_.out.row(y);
    row.dst_step = end_.out.shape.block_stride;
    row.finish = end_.finish;
    if (step_.residual >= 0) {
      row.residual = end_.residual.row(y);
      row.residual_step = end_.residual.shape.block_stride;
    }
    kernels_.depthwise_row(row);
  }

  int parts_;
  const format::Step& step_;
  ByteView in_;
  I8Ending end_;
  const I8Kernels& kernels_;
  const std::int8_t* weights_;
  std::vector<I8Biases> biases_;  // one; kept, because rows point into it
  std::vector<Range> taps_;
  std::vector<const std::int32_t*> row_bias_;
};

}  // namespace

StepPointer make_i8_conv(const Ground& ground, const format::Step& step) {
  return std::make_unique<I8ConvStep>(ground, step);
}
StepPointer make_i8_depthwise(const Ground& ground, const format::Step& step) {
  return std::make_unique<I8DepthwiseStep>(ground, step);
}

}  // namespace atto::edge
