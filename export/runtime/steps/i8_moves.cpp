// Steps that only move bytes, to another scale at most: the image into blocks, lanes between
// tensors.
#include <algorithm>
#include <array>
#include <vector>

#include "export/runtime/steps/block_sources.hpp"
#include "export/runtime/steps/i8_image.hpp"
#include "export/runtime/steps/i8_row_step.hpp"

namespace atto::edge {
namespace {

using format::kLanes;

class I8Import final : public I8RowStep {
 public:
  I8Import(const StepContext& context, const format::Step& step)
      : I8RowStep(context, step),
        image_(context, i8_kernels_of(context.level), out_.scale, out_.zero_point) {
    const format::Tensor& tensor = context.program.tensors[step.output];
    for (std::int64_t lane = 0; lane < tensor.blocks() * kLanes; ++lane)
      channels_.push_back(!tensor.lanes.empty()    ? tensor.lanes[static_cast<std::size_t>(lane)]
                          : lane < tensor.channels ? static_cast<int>(lane)
                                                   : -1);
  }
  std::string kernels() const override { return "i8import"; }

 private:
  static constexpr int kQuad = 4;

  void make_row(int y, int block, const RunArguments& arguments) const override {
    std::uint8_t* row = out_.row(y, block);
    std::memset(row, out_.zero_point, static_cast<std::size_t>(values()));
    const int* channels = channels_.data() + block * kLanes;
    for (int lane = 0; lane < kLanes; lane += kQuad)
      if (std::any_of(channels + lane, channels + lane + kQuad, [](int c) { return c >= 0; }))
        image_.make_row(row + lane, kLanes, arguments, y, channels + lane);
  }

  I8Image image_;
  std::vector<int> channels_;
};

class I8Gather final : public I8RowStep {
 public:
  I8Gather(const StepContext& context, const format::Step& step) : I8RowStep(context, step) {
    bool fits_int32 = true;
    for (const std::vector<BlockSource>& sources : block_sources(step)) {
      blocks_.push_back(block_of(sources));
      for (const float factor : blocks_.back().factors)
        fits_int32 = fits_int32 && factor < kI8TameFactor;
    }
    kernels_ = &i8_kernels_of(context.level, fits_int32);
  }
  std::string kernels() const override { return "i8gather"; }

 private:
  static constexpr auto kWidth = static_cast<std::size_t>(kLanes);

  struct Source {
    std::size_t input;
    int block;
    std::array<std::uint8_t, kWidth> lanes;
  };
  struct Block {
    std::vector<Source> sources;
    std::array<std::int32_t, kWidth> zeros;
    std::array<float, kWidth> factors;
    bool is_copy;
  };

  Block block_of(const std::vector<BlockSource>& sources) const {
    Block block{};
    for (const BlockSource& source : sources) {
      const ByteView& in = in_[source.input];
      Source& made = block.sources.emplace_back(Source{source.input, source.block, {}});
      for (std::size_t l = 0; l < kWidth; ++l) {
        made.lanes[l] = kI8NoLane;
        if (source.lanes[l] < 0) continue;
        made.lanes[l] = static_cast<std::uint8_t>(source.lanes[l]);
        block.zeros[l] = in.zero_point;
        block.factors[l] = i8_multiplier(in.scale, 1, out_.scale);
      }
      block.is_copy =
          source.is_whole() && in.scale == out_.scale && in.zero_point == out_.zero_point;
    }
    return block;
  }
  void make_row(int y, int index, const RunArguments& /*arguments*/) const override {
    const Block& block = blocks_[static_cast<std::size_t>(index)];
    std::uint8_t* to = out_.row(y, index);
    if (block.is_copy) {
      const Source& whole = block.sources[0];
      std::copy_n(in_[whole.input].row(y, whole.block), values(), to);
      return;
    }
    std::array<I8LaneSource, kWidth> sources;
    for (std::size_t s = 0; s < block.sources.size(); ++s) {
      const Source& source = block.sources[s];
      sources[s] = {in_[source.input].row(y, source.block), source.lanes.data()};
    }
    kernels_->gather_row({sources.data(), block.sources.size(), block.zeros.data(),
                          block.factors.data(), out_.zero_point, to, out_.shape.width});
  }

  std::vector<Block> blocks_;
  const I8Kernels* kernels_;
};

}  // namespace

StepPointer make_i8_move(const StepContext& context, const format::Step& step) {
  if (step.kind == format::StepKind::Import) return std::make_unique<I8Import>(context, step);
  return std::make_unique<I8Gather>(context, step);
}

}  // namespace atto::edge
