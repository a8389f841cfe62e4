// 3x3 convolutions by Winograd's F(2x2, 3x3): the source's tiles become sixteen maps, each a 1x1
// convolution's input; what these make becomes the output's tiles, a panel at a time.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "export/runtime/plan/strip_run.hpp"
#include "export/runtime/plan/tiles.hpp"
#include "export/runtime/steps/epilogue.hpp"

namespace atto::edge {
namespace {

constexpr int kProducts = 16;
constexpr std::array<float, 4 * format::kLanes> kNoBias{};

class WinogradRun final : public StripRun {
 public:
  WinogradRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : kernels_(context.kernels),
        down_(step.window.down.pad),
        across_(step.window.across.pad),
        in_(plan.in),
        out_(plan.out),
        epilogue_(context, step),
        in_blocks_(step.wiring.in_blocks),
        depth_(step.wiring.depth()),
        last_lanes_(lanes_used(context.program.tensors[step.output], out_.blocks - 1)),
        tiles_in_row_((out_.width + 1) / 2),
        weights_(reinterpret_cast<const float*>(context.weights.data() + step.parameters.weights)),
        bias_(reinterpret_cast<const float*>(context.weights.data() + step.parameters.bias)) {
    for (const Range& rows : plan.turns) {
      Strip strip{rows.begin, rows.end, tiles_.size(), 0};
      add_window_tiles(tiles_, {}, map_of(strip), map_of(strip), 0, 1, kernels_.max_pixels);
      strip.tile_count = tiles_.size() - strip.tile_begin;
      strips_.push_back(strip);
      most_tiles_ = std::max(most_tiles_, map_of(strip).width);
    }
    pixels_ = pixel_offsets({nullptr, 0, 0, 1, most_tiles_, 1, 0});
  }

  Panels panels() const override { return {kernels_.panel_blocks, out_.blocks}; }
  std::span<const std::byte> weights(Range blocks) const override {
    return weights_of(0, blocks.begin);
  }
  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(kProducts * (in_blocks_ + kernels_.panel_blocks)) *
           static_cast<std::size_t>(most_tiles_) * format::kLanes * sizeof(float);
  }
  std::string kernels() const override { return "winograd3x3s1"; }

  void prepare(int turn, const Places& places,
               const RunArguments& arguments) const noexcept override {
    const Strip& rows = strips_[static_cast<std::size_t>(turn)];
    const View in = in_.at(places.in);
    const std::ptrdiff_t block = map_of(rows).block_stride;
    // Rows that no output meets may not be there.
    const int end = std::min(in.height, rows.end - down_ + 2);
    WinogradSource row{};
    row.row_step = in.row_stride;
    row.tiles = tiles_in_row_;
    row.columns = out_.width + 2;
    row.dst_step = in_blocks_ * block;
    auto* to = reinterpret_cast<float*>(arguments.scratch);
    for (int y = rows.begin; y < rows.end; y += 2, to += tiles_in_row_ * format::kLanes) {
      const int first = y - down_;
      row.row_begin = std::max(0, -first);
      row.row_end = std::min(4, end - first);
      for (int b = 0; b < in_blocks_; ++b) {
        row.src = in.row(first, b) - std::ptrdiff_t{across_} * format::kLanes;
        row.dst = to + b * block;
        kernels_.winograd_source(row);
      }
    }
  }

  void run(int turn, const Places& places, Range blocks,
           const RunArguments& arguments) const noexcept override {
    const Strip& rows = strips_[static_cast<std::size_t>(turn)];
    const View out = out_.at(places.out);
    const std::ptrdiff_t block = map_of(rows).block_stride;
    const auto* source = reinterpret_cast<const float*>(arguments.scratch);
    auto* products = reinterpret_cast<float*>(arguments.scratch) + kProducts * in_blocks_ * block;
    ConvPanel panel = common_panel(rows);
    for (int b = blocks.begin; b < blocks.end; b += panel.blocks) {
      panel.blocks = std::min(kernels_.panel_blocks, blocks.end - b);
      panel.lanes = b + panel.blocks == out_.blocks ? last_lanes_ : format::kLanes;
      for (int i = 0; i < kProducts; ++i) {
        panel.src = source + i * in_blocks_ * block;
        panel.weights = weights_of(i, b).data();
        panel.dst = products + i * panel.blocks * block;
        fetch_during(panel, 1,
                     i + 1 < kProducts               ? weights_of(i + 1, b)
                     : b + panel.blocks < blocks.end ? weights_of(0, b + panel.blocks)
                                                     : arguments.next);
        kernels_.conv(panel);
      }
      for (int i = 0; i < panel.blocks; ++i)
        finish_block(out, rows, b + i, products + i * block, panel.blocks * block);
    }
    epilogue_.complete(out, rows.begin, rows.end, blocks.begin, blocks.end);
  }

 private:
  /// The tiles of a strip, as pixels of a map of one row.
  View map_of(const Strip& strip) const {
    const int tiles = (strip.end - strip.begin + 1) / 2 * tiles_in_row_;
    const std::ptrdiff_t stride = std::ptrdiff_t{tiles} * format::kLanes;
    return {nullptr, stride, stride, 1, tiles, 1, 0};
  }

  /// A product's weights of a panel that begins with this block.
  std::span<const std::byte> weights_of(int product, int block) const {
    const std::ptrdiff_t each = std::ptrdiff_t{depth_} * format::kLanes;
    const int blocks = std::min(kernels_.panel_blocks, out_.blocks - block);
    return std::as_bytes(
        std::span(weights_ + (std::ptrdiff_t{product} * out_.blocks + block) * each,
                  static_cast<std::size_t>(blocks * each)));
  }

  ConvPanel common_panel(const Strip& strip) const {
    ConvPanel panel{};
    panel.tiles = tiles_.data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.pixel_step = format::kLanes;
    panel.block_step = map_of(strip).block_stride;
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

  void finish_block(const View& out, const Strip& rows, int block, const float* products,
                    std::ptrdiff_t step) const {
    const View* residual = epilogue_.residual();
    WinogradOutput row{};
    row.src = products;
    row.src_step = step;
    row.width = out.width;
    row.bias = bias_ + std::ptrdiff_t{block} * format::kLanes;
    row.dst_step = out.row_stride;
    row.clamp = epilogue_.clamp();
    row.joined = epilogue_.joined();
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
  int down_, across_;  ///< padding
  View in_, out_;
  Epilogue epilogue_;
  int in_blocks_, depth_, last_lanes_;
  int tiles_in_row_, most_tiles_ = 0;
  const float *weights_, *bias_;
  std::vector<Tile> tiles_;    ///< of the products
  std::vector<Strip> strips_;  ///< by turn
  std::vector<std::uint32_t> pixels_;
};

}  // namespace

StripPointer make_winograd(const StepContext& context, const format::Step& step,
                           const StripPlan& plan) {
  return std::make_unique<WinogradRun>(context, step, plan);
}

}  // namespace atto::edge
