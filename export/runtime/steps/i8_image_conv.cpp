// ImageConv in int8: rows of the caller's image become quads of channels in a scratch strip, padded
// with zero points, in words where the level multiplies those, and are convolved from there.
#include <algorithm>
#include <optional>
#include <vector>

#include "export/runtime/plan/image_strips.hpp"
#include "export/runtime/steps/i8_biases.hpp"
#include "export/runtime/steps/i8_epilogue.hpp"
#include "export/runtime/steps/i8_image.hpp"
#include "export/runtime/steps/i8_words.hpp"

namespace atto::edge {
namespace {

constexpr std::int64_t kStripBytes = 16 * 1024;  // half of a small first-level cache

class I8ImageConvRun final : public StripRun {
 public:
  I8ImageConvRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : context_(context),
        step_(step),
        epilogue_(context, step, plan.out),
        kernels_(i8_kernels_of(context.level, epilogue_.fits_int32)),
        weights_(
            reinterpret_cast<const std::int8_t*>(context.weights.data() + step.parameters.weights)),
        quads_((context.program.channels + 3) / 4),
        pixel_bytes_(std::ptrdiff_t{quads_} * 4),
        widening_(kernels_.words.conv == nullptr ? 1 : kI8WordBytes),
        dst_offset_(pixel_offsets(epilogue_.out.shape)) {
    const format::Program& program = context.program;
    const std::byte* image_at = context.weights.data() + step.parameters.bias +
                                std::ptrdiff_t{step.wiring.out_blocks} * format::kLanes * 8;
    float scale;
    std::memcpy(&scale, image_at, sizeof scale);
    std::memcpy(&zero_point_, image_at + sizeof scale, sizeof zero_point_);
    zero_point_ &= 255;
    row_bytes_ =
        (step.window.across.pad +
         std::max<std::int64_t>(program.width, columns_read(step.window, plan.out.width))) *
        pixel_bytes_;
    if (step.residual >= 0) residual_offset_ = pixel_offsets(epilogue_.residual.shape);
    image_.emplace(context, kernels_, scale, zero_point_);
    biases_.emplace_back(epilogue_.bias, weights_, step.wiring.out_blocks, step.window.height,
                         std::ptrdiff_t{step.window.width} * quads_, 4, zero_point_,
                         kernels_.conv_shift);
    strips_.emplace(program, step.window, epilogue_.out.shape,
                    ImageStripLayout{row_bytes_ * widening_, pixel_bytes_ * widening_, kStripBytes},
                    plan.turns, kernels_.max_pixels);
    for (const Tile& tile : strips_->tiles())
      tile_bias_.push_back(biases_.front().of(tile.ky_begin, tile.ky_end));
  }

  void run(int turn, const Places& places, Range /*blocks*/,
           const RunArguments& arguments) const noexcept override {
    for (const Strip& strip : strips_->strips_of(turn))
      run_strip(strip, epilogue_.out.at(places.out), arguments);
  }
  std::size_t scratch_bytes() const override {
    const std::ptrdiff_t words = widening_ == 1 ? 0 : row_room() + block_weights() * kI8WordBytes;
    return static_cast<std::size_t>(strip_bytes() + words);
  }
  std::string kernels() const override { return kernel_name("i8imageconv", step_.window); }

 private:
  // The scratch memory: the strip; where it is of words, a row on its way to them, and a block's
  // weights in words.
  std::ptrdiff_t strip_bytes() const {
    return aligned(row_bytes_ * widening_ * strips_->source_rows() + kReadBeyond);
  }
  std::ptrdiff_t row_room() const { return aligned(row_bytes_ + kReadBeyond); }
  std::ptrdiff_t block_weights() const {
    return std::ptrdiff_t{step_.window.height} * step_.window.width * quads_ * kI8QuadWeights;
  }

  void run_strip(const Strip& strip, const ByteView& out, const RunArguments& arguments) const {
    auto* source = reinterpret_cast<std::uint8_t*>(arguments.scratch);
    const Range read = strips_->rows_read(strip);
    for (int y = read.begin; y < read.end; ++y)
      fill_row(source + (y - read.begin) * row_bytes_ * widening_, arguments, y);
    I8Panel panel{};
    panel.src = source;
    panel.tiles = strips_->tiles().data() + strip.tile_begin;
    panel.tile_bias = tile_bias_.data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.pixel_step = step_.window.across.stride * pixel_bytes_ * widening_;
    panel.row_step = step_.window.dilation * row_bytes_ * widening_;
    panel.column_step = step_.window.dilation * pixel_bytes_ * widening_;
    panel.block_step = format::kLanes * widening_;
    panel.kernel_width = step_.window.width;
    panel.full_blocks = quads_ / 4;
    panel.last_quads = quads_ % 4;
    panel.interleave = 1;
    panel.weight_step = block_weights();
    panel.dst_step = out.shape.block_stride;
    panel.dst_offset = dst_offset_.data();
    panel.requantisation = epilogue_.requantisation;
    for (int b = 0; b < step_.wiring.out_blocks; b += kI8PanelBlocks) {
      panel.blocks = std::min(kI8PanelBlocks, step_.wiring.out_blocks - b);
      panel.lanes = lanes_used(context_.program.tensors[step_.output], b + panel.blocks - 1);
      panel.bias_offset = std::ptrdiff_t{b} * format::kLanes;
      panel.weights = weights_ + b * panel.weight_step;
      panel.dst = out.row(0, b);
      panel.requantisation.multipliers = epilogue_.requantisation.multipliers + panel.bias_offset;
      if (step_.residual >= 0) {
        panel.residual = epilogue_.residual.row(0, b);
        panel.residual_step = epilogue_.residual.shape.block_stride;
        panel.residual_offset = residual_offset_.data();
      }
      if (widening_ > 1)
        conv_in_words(kernels_.words, panel, arguments.scratch + strip_bytes() + row_room());
      else
        kernels_.conv(panel);
    }
    fill_halo(out, strip.begin, strip.end, 0, out.shape.blocks);
  }

  void fill_row(std::uint8_t* row, const RunArguments& arguments, int y) const {
    if (widening_ == 1) return make_row(row, arguments, y);
    std::byte* bytes = arguments.scratch + strip_bytes();
    make_row(reinterpret_cast<std::uint8_t*>(bytes), arguments, y);
    // Whole vectors; what lies beyond the row is made later.
    kernels_.words.widen_pixels(reinterpret_cast<std::byte*>(row),
                                reinterpret_cast<const std::uint8_t*>(bytes),
                                static_cast<std::size_t>((row_bytes_ + 15) / 16 * 16));
  }
  void make_row(std::uint8_t* row, const RunArguments& arguments, int y) const {
    const format::Program& program = context_.program;
    std::memset(row, zero_point_, static_cast<std::size_t>(row_bytes_));
    row += step_.window.across.pad * pixel_bytes_;
    for (int first = 0; first < quads_ * 4; first += 4) {
      int channels[4];
      for (int k = 0; k < 4; ++k) channels[k] = first + k < program.channels ? first + k : -1;
      image_->make_row(row + first, pixel_bytes_, arguments, y, channels);
    }
  }

  const StepContext& context_;
  const format::Step& step_;
  I8Epilogue epilogue_;
  const I8Kernels& kernels_;
  const std::int8_t* weights_;
  int quads_;
  std::ptrdiff_t pixel_bytes_, row_bytes_ = 0;
  std::ptrdiff_t widening_;            ///< bytes of the strip for each
  std::int32_t zero_point_ = 0;        ///< of the image
  std::optional<I8Image> image_;       // made late
  std::vector<I8Biases> biases_;       // one; kept, because tiles point into it
  std::optional<ImageStrips> strips_;  // made last
  std::vector<const std::int32_t*> tile_bias_;
  std::vector<std::uint32_t> dst_offset_, residual_offset_;
};

}  // namespace

StripPointer make_i8_image_conv(const StepContext& context, const format::Step& step,
                                const StripPlan& plan) {
  return std::make_unique<I8ImageConvRun>(context, step, plan);
}

}  // namespace atto::edge
