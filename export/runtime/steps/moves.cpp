// Steps that compute nothing: the image into blocks, lanes between tensors.
#include <algorithm>
#include <vector>

#include "export/runtime/plan/step_run.hpp"
#include "export/runtime/steps/block_sources.hpp"

namespace atto::edge {
namespace {

class ImportStep final : public StepRun {
 public:
  ImportStep(const StepContext& context, const format::Step& step)
      : program_(context.program),
        parts_(context.parts),
        out_(view_of(context.program, step.output, context.arena)) {
    const format::Tensor& tensor = program_.tensors[step.output];
    for (std::int64_t lane = 0; lane < tensor.blocks() * format::kLanes; ++lane)
      channels_.push_back(!tensor.lanes.empty()    ? tensor.lanes[static_cast<std::size_t>(lane)]
                          : lane < tensor.channels ? static_cast<int>(lane)
                                                   : -1);
    for (int c = 0; c < program_.channels; ++c)
      normalisation_.push_back(normalisation_of(program_, c));
  }

  void run(const RunArguments& arguments) const noexcept override {
    const Range mine = share(out_.height, arguments.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y) {
      for (std::size_t lane = 0; lane < channels_.size(); ++lane)
        import_row(arguments, y, static_cast<int>(lane), channels_[lane]);
      zero_halo(out_, y, y + 1, 0, out_.blocks);
    }
  }
  std::string kernels() const override { return "import"; }

 private:
  void import_row(const RunArguments& arguments, int y, int lane, int channel) const {
    float* to = out_.row(y, lane / format::kLanes) + lane % format::kLanes;
    const auto place = [](int x) { return std::ptrdiff_t{x} * format::kLanes; };
    const int width = out_.width;
    if (channel < 0) {
      for (int x = 0; x < width; ++x) to[place(x)] = 0;
    } else if (arguments.image != nullptr) {
      const float* from =
          arguments.image + (std::ptrdiff_t{channel} * out_.height + y) * std::ptrdiff_t{width};
      for (int x = 0; x < width; ++x) to[place(x)] = from[x];
    } else {
      const std::ptrdiff_t channels = program_.channels;
      const std::uint8_t* from = arguments.pixels + std::ptrdiff_t{y} * width * channels + channel;
      const Normalisation n = normalisation_[static_cast<std::size_t>(channel)];
      for (int x = 0; x < width; ++x)
        to[place(x)] = static_cast<float>(from[x * channels]) * n.scale + n.shift;
    }
  }

  const format::Program& program_;
  int parts_;
  View out_;
  std::vector<int> channels_;  ///< by lane, -1 for none
  std::vector<Normalisation> normalisation_;
};

class GatherStep final : public StepRun {
 public:
  GatherStep(const StepContext& context, const format::Step& step)
      : kernels_(context.kernels),
        parts_(context.parts),
        out_(view_of(context.program, step.output, context.arena)),
        blocks_(block_sources(step)) {
    for (const std::uint32_t input : step.inputs)
      in_.push_back(view_of(context.program, input, context.arena));
  }

  void run(const RunArguments& arguments) const noexcept override {
    const Range mine = share(out_.height, arguments.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y) {
      for (int b = 0; b < out_.blocks; ++b) make_row(y, b);
      zero_halo(out_, y, y + 1, 0, out_.blocks);
    }
  }
  std::string kernels() const override { return "gather"; }

 private:
  void make_row(int y, int block) const {
    const std::vector<BlockSource>& sources = blocks_[static_cast<std::size_t>(block)];
    float* to = out_.row(y, block);
    if (sources.empty()) std::fill_n(to, out_.row_values(), 0.0F);
    bool begins = true;
    for (const BlockSource& source : sources) {
      const float* from = in_[source.input].row(y, source.block);
      if (source.is_whole())
        std::copy_n(from, out_.row_values(), to);
      else
        kernels_.move_lanes({from, source.lanes.data(), to, out_.width, begins});
      begins = false;
    }
  }

  const Kernels& kernels_;
  int parts_;
  View out_;
  std::vector<View> in_;
  std::vector<std::vector<BlockSource>> blocks_;  ///< by block of the output
};

}  // namespace

StepPointer make_move(const StepContext& context, const format::Step& step) {
  if (step.kind == format::StepKind::Import) return std::make_unique<ImportStep>(context, step);
  return std::make_unique<GatherStep>(context, step);
}

}  // namespace atto::edge
