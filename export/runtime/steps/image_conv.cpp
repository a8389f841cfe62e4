// ImageConv: rows of the caller's image are padded into a scratch strip and convolved from there.
#include <algorithm>
#include <optional>
#include <vector>

#include "export/runtime/plan/image_strips.hpp"
#include "export/runtime/plan/strip_run.hpp"
#include "export/runtime/steps/epilogue.hpp"
#include "export/runtime/steps/precision.hpp"

namespace atto::edge {

Normalisation normalisation_of(const format::Program& program, int channel) {
  const auto c = static_cast<std::size_t>(channel);
  const float mean = program.mean.empty() ? 0 : program.mean[c];
  const float deviation = program.deviation.empty() ? 1 : program.deviation[c];
  return {1 / (255 * deviation), -mean / deviation};
}

namespace {

// Half of a small first-level cache.
constexpr std::int64_t kStripElements = 24 * 1024 / sizeof(float);

class ImageConvRun final : public StripRun {
 public:
  ImageConvRun(const StepContext& context, const format::Step& step, const StripPlan& plan)
      : context_(context),
        step_(step),
        out_(plan.out),
        epilogue_(context, step),
        precision_(step, context.kernels.bf16_conv != nullptr),
        conv_(precision_.multiplies_bf16() ? context.kernels.bf16_conv : context.kernels.conv),
        depth_(precision_.depth(step.window.width)),
        weights_(context.weights.data() + step.parameters.weights),
        bias_(reinterpret_cast<const float*>(context.weights.data() + step.parameters.bias)),
        dst_offset_(pixel_offsets(out_)) {
    const format::Program& program = context.program;
    // Pairs of columns reach over the window where its width is odd.
    plane_ = step.window.across.pad +
             std::max<std::int64_t>(program.width, columns_read(step.window, out_.width)) + depth_ -
             step.window.width;
    source_row_ = plane_ * program.channels;
    block_weights_ =
        std::ptrdiff_t{step.window.height} * depth_ * program.channels * format::kLanes;
    if (epilogue_.residual() != nullptr) residual_offset_ = pixel_offsets(*epilogue_.residual());
    for (int c = 0; c < program.channels; ++c)
      normalisation_.push_back(normalisation_of(program, c));
    strips_.emplace(program, step.window, out_, ImageStripLayout{source_row_, 1, kStripElements},
                    plan.turns, context.kernels.max_pixels);
  }

  void run(int turn, const Places& places, Range /*blocks*/,
           const RunArguments& arguments) const noexcept override {
    if (precision_.widens)
      context_.kernels.bf16_widen(reinterpret_cast<float*>(arguments.scratch + 2 * strip_bytes()),
                                  reinterpret_cast<const std::uint16_t*>(weights_),
                                  static_cast<std::size_t>(out_.blocks * block_weights_));
    for (const Strip& strip : strips_->strips_of(turn))
      run_strip(strip, out_.at(places.out), arguments);
  }

  std::size_t scratch_bytes() const override {
    const std::ptrdiff_t widened =
        precision_.widens ? out_.blocks * block_weights_ * Precision::kFloatBytes : 0;
    return static_cast<std::size_t>(strip_bytes() * (step_.is_bf16 ? 2 : 1) + widened);
  }
  std::string kernels() const override {
    return kernel_name(step_.is_bf16 ? "bf16imageconv" : "imageconv", step_.window);
  }

 private:
  // The scratch memory: the strip; if it is to be bf16, the strip rounded, and the weights as
  // floats where floats are multiplied.
  std::ptrdiff_t strip_bytes() const {
    return aligned(source_row_ * strips_->source_rows() * Precision::kFloatBytes);
  }

  void run_strip(const Strip& strip, const View& out, const RunArguments& arguments) const {
    auto* source = reinterpret_cast<float*>(arguments.scratch);
    const Range read = strips_->rows_read(strip);
    for (int y = read.begin; y < read.end; ++y)
      for (int c = 0; c < context_.program.channels; ++c)
        pad_row(source + (y - read.begin) * source_row_ + c * plane_, arguments, c, y);
    ConvPanel panel{};
    panel.src = source;
    if (step_.is_bf16) {
      std::byte* rounded = arguments.scratch + strip_bytes();
      const std::ptrdiff_t values = (read.end - read.begin) * source_row_;
      context_.kernels.bf16_round(
          rounded, source,
          static_cast<std::size_t>((values + format::kLanes - 1) / format::kLanes * format::kLanes),
          1);
      panel.src = rounded;
    }
    panel.tiles = strips_->tiles().data() + strip.tile_begin;
    panel.tile_count = strip.tile_count;
    panel.pixel_step = step_.window.across.stride;
    panel.row_step = source_row_;
    panel.kernel_width = context_.program.channels;
    panel.column_step = plane_;
    panel.last_depth = depth_;
    panel.weight_step = block_weights_;
    panel.dst_step = out.block_stride;
    panel.dst_offset = dst_offset_.data();
    panel.clamp = epilogue_.clamp();
    panel.joined = epilogue_.joined();
    const std::byte* weights = precision_.widens ? arguments.scratch + 2 * strip_bytes() : weights_;
    for (int b = 0; b < out.blocks; b += context_.kernels.panel_blocks) {
      panel.blocks = std::min(context_.kernels.panel_blocks, out.blocks - b);
      panel.lanes = lanes_used(context_.program.tensors[step_.output], b + panel.blocks - 1);
      panel.weights = weights + b * block_weights_ * precision_.operand_bytes;
      panel.bias = bias_ + b * format::kLanes;
      panel.dst = out.data + b * out.block_stride;
      if (epilogue_.residual() != nullptr) {
        panel.residual = epilogue_.residual()->data + b * epilogue_.residual()->block_stride;
        panel.residual_step = epilogue_.residual()->block_stride;
        panel.residual_offset = residual_offset_.data();
      }
      conv_(panel);
    }
    epilogue_.complete(out, strip.begin, strip.end, 0, out.blocks);
  }

  void pad_row(float* row, const RunArguments& arguments, int channel, int y) const {
    const int pad = step_.window.across.pad, width = context_.program.width;
    std::fill_n(row, pad, 0.0f);
    std::fill(row + pad + width, row + plane_, 0.0f);
    if (arguments.image != nullptr) {
      const float* from =
          arguments.image + (std::ptrdiff_t{channel} * context_.program.height + y) * width;
      std::copy_n(from, width, row + pad);
      return;
    }
    const int channels = context_.program.channels;
    const std::uint8_t* from = arguments.pixels + std::ptrdiff_t{y} * width * channels + channel;
    const Normalisation n = normalisation_[static_cast<std::size_t>(channel)];
    for (int x = 0; x < width; ++x)
      row[pad + x] = static_cast<float>(from[x * channels]) * n.scale + n.shift;
  }

  const StepContext& context_;
  const format::Step& step_;
  View out_;
  Epilogue epilogue_;
  Precision precision_;
  void (*conv_)(const ConvPanel& panel);
  int depth_;  ///< columns of the window that have weights
  const std::byte* weights_;
  const float* bias_;
  std::ptrdiff_t block_weights_ = 0;
  std::ptrdiff_t plane_ = 0, source_row_ = 0;  ///< values of a padded row: one channel's, all
  std::optional<ImageStrips> strips_;          // made last
  std::vector<std::uint32_t> dst_offset_, residual_offset_;
  std::vector<Normalisation> normalisation_;
};

}  // namespace

StripPointer make_image_conv(const StepContext& context, const format::Step& step,
                             const StripPlan& plan) {
  return std::make_unique<ImageConvRun>(context, step, plan);
}

}  // namespace atto::edge
