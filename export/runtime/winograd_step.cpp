// 3x3 convolutions by Winograd's F(2x2, 3x3): the source's tiles become sixteen maps, each a 1x1
// convolution's input; what these make becomes the output's tiles, a panel at a time.
#include <algorithm>
#include <array>
#include <vector>

#include "export/runtime/finish.hpp"
#include "export/runtime/strip_run.hpp"
#include "export/runtime/tiles.hpp"

namespace atto::edge {
namespace {

constexpr int kProducts = 16;
constexpr std::array<float, 4 * format::kLanes> kNoBias{};

class WinogradRun final : public StripRun {
 public:
  WinogradRun(const Ground& ground, const format::Step& step, const StripPlan& plan)
      : kernels_(ground.kernels),
        pad_(step.window.pad),
        in_(plan.in),
        out_(plan.out),
        finish_(ground, step),
        in_blocks_(step.wiring.in_blocks),
        depth_(step.wiring.depth()),
        last_lanes_(lanes_used(ground.program.tensors[step.output], out_.blocks - 1)),
        tiles_in_row_((out_.width + 1) / 2),
        turns_(plan.turns),
        weights_(reinterpret_cast<const float*>(ground.weights.data() + step.parameters.weights)),
        bias_(reinterpret_cast<const float*>(ground.weights.data() + step.parameters.bias)) {
    for (const Range& rows : turns_) most_tiles_ = std::max(most_tiles_, tiles_of(rows));
    // Tiles of the products are pixels of a map of one row.
    const View map{nullptr, 0, 0, 1, most_tiles_, 1, 0};
    pixels_ = pixel_offsets(map);
    for (const Range& rows : turns_) {
      const View of{nullptr, 0, 0, 1, tiles_of(rows), 1, 0};
      begins_.push_back(tiles_.size());
      add_window_tiles(tiles_, {}, of, of, 0, 1, kernels_.max_pixels);
    }
    begins_.push_back(tiles_.size());
  }

  std::vector<int> pieces() const override {
    std::vector<int> firsts;
    for (int b = 0; b < out_.blocks; b += kernels_.panel_blocks) firsts.push_back(b);
    firsts.push_back(out_.blocks);
    return firsts;
  }
  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(kProducts * (in_blocks_ + kernels_.panel_blocks)) *
           static_cast<std::size_t>(most_tiles_) * format::kLanes * sizeof(float);
  }
  std::string kernels() const override { return "winograd3x3s1"; }

  void prepare(int turn, const Places& places, const Call& call) const noexcept override {
    const Range rows = turns_[static_cast<std::size_t>(turn)];
    const View in = in_.at(places.in);
    const std::ptrdiff_t block = block_step(rows);
    // Rows that no output meets may not be there.
    const int end = std::min(in.height, rows.end - pad_ + 2);
    WinogradSource row{};
    row.row_step = in.row_stride;
    row.tiles = tiles_in_row_;
    row.columns = out_.width + 2;
    row.dst_step = in_blocks_ * block;
    auto* to = reinterpret_cast<float*>(call.scratch);
    for (int y = rows.begin; y < rows.end; y += 2, to += tiles_in_row_ * format::kLanes) {
      const int first = y - pad_;
      row.row_begin = std::max(0, -first);
      row.row_end = std::min(4, end - first);
      for (int b = 0; b < in_blocks_; ++b) {
        row.src = in.row(first, b) - std::ptrdiff_t{pad_} * format::kLanes;
        row.dst = to + b * block;
        kernels_.winograd_source(row);
      }
    }
  }

  void run(int turn, const Places& places, Range blocks, const Call& call) const noexcept override {
    const Range rows = turns_[static_cast<std::size_t>(turn)];
    const View out = out_.at(places.out);
    const std::ptrdiff_t block = block_step(rows);
    const auto* source = reinterpret_cast<const float*>(call.scratch);
    auto* products = reinterpret_cast<float*>(call.scratch) + kProducts * in_blocks_ * block;
    ConvPanel panel = common_panel(turn);
    for (int b = blocks.begin; b < blocks.end; b += panel.blocks) {
      panel.blocks = std::min(kernels_.panel_blocks, blocks.end - b);
      panel.lanes = b + panel.blocks == out_.blocks ? last_lanes_ : format::kLanes;
      for (int i = 0; i < kProducts; ++i) {
        panel.src = source + i * in_blocks_ * block;
        panel.weights = weights_at(i, b);
        panel.dst = products + i * panel.blocks * block;
        const bool is_last = i + 1 == kProducts;
        prefetch(panel, is_last ? 0 : i + 1, is_last ? (b + panel.blocks) % out_.blocks : b);
        kernels_.conv(panel);
      }
      for (int i = 0; i < panel.blocks; ++i)
        finish_block(out, rows, b + i, products + i * block, panel.blocks * block);
    }
    finish_.complete(out, rows.begin, rows.end, blocks.begin, blocks.end);
  }

 private:
  int tiles_of(Range rows) const { return (rows.end - rows.begin + 1) / 2 * tiles_in_row_; }
  /// Values of one block's tiles.
  std::ptrdiff_t block_step(Range rows) const {
    return std::ptrdiff_t{tiles_of(rows)} * format::kLanes;
  }

  const float* weights_at(int product, int block) const {
    return weights_ + (std::int64_t{product} * out_.blocks + block) * depth_ * format::kLanes;
  }
  /// Spreads the fetching of a product's weights over the panel's tiles and blocks of channels.
  void prefetch(ConvPanel& panel, int product, int block) const {
    const std::ptrdiff_t steps = static_cast<std::ptrdiff_t>(panel.tile_count) * panel.full_blocks;
    const int blocks = std::min(panel.blocks, out_.blocks - block);
    if (steps == 0) return;
    const std::ptrdiff_t bytes = blocks * panel.weight_step * std::ptrdiff_t{sizeof(float)};
    panel.prefetch = reinterpret_cast<const std::byte*>(weights_at(product, block));
    panel.prefetch_step = (bytes + steps - 1) / steps;
    panel.prefetch_tile = panel.full_blocks * panel.prefetch_step;
  }

  ConvPanel common_panel(int turn) const {
    const auto at = static_cast<std::size_t>(turn);
    ConvPanel panel{};
    panel.tiles = tiles_.data() + begins_[at];
    panel.tile_count = begins_[at + 1] - begins_[at];
    panel.pixel_step = format::kLanes;
    panel.block_step = block_step(turns_[at]);
    panel.kernel_width = 1;
    panel.full_blocks = depth_ / format::kLanes;
    panel.last_depth = depth_ % format::kLanes;
    panel.weight_step = std::ptrdiff_t{depth_} * format::kLanes;
    panel.bias = kNoBias.data();
    panel.dst_step = panel.block_step;
    panel.dst_offset = pixels_.data();
    panel.clamp = clamp_of(format::Activation::None);
    return panel;
  }

  void finish_block(const View& out, Range rows, int block, const float* products,
                    std::ptrdiff_t step) const {
    const View* residual = finish_.residual();
    WinogradOutput row{};
    row.src = products;
    row.src_step = step;
    row.width = out.width;
    row.bias = bias_ + std::ptrdiff_t{block} * format::kLanes;
    row.dst_step = out.row_stride;
    row.clamp = finish_.clamp();
    row.joined = finish_.joined();
    for (int y = rows.begin; y < rows.end; y += 2, row.src += tiles_in_row_ * format::kLanes) {
      row.rows = std::min(2, rows.end - y);
      row.dst = out.row(y, block);
      if (residual != nullptr) {
        row.residual = residual->row(y, block);
        row.residual_step = residual->row_stride;
      }
      kernels_.winograd_output(row);
    }
  }

  const Kernels& kernels_;
  int pad_;
  View in_, out_;
  Finish finish_;
  int in_blocks_, depth_, last_lanes_;
  int tiles_in_row_, most_tiles_ = 0;
  std::vector<Range> turns_;
  const float *weights_, *bias_;
  std::vector<Tile> tiles_;          ///< of the products
  std::vector<std::size_t> begins_;  ///< by turn, of its tiles
  std::vector<std::uint32_t> pixels_;
};

}  // namespace

StripPointer make_winograd(const Ground& ground, const format::Step& step, const StripPlan& plan) {
  return std::make_unique<WinogradRun>(ground, step, plan);
}

}  // namespace atto::edge
