// Steps that compute nothing: the image into blocks, lanes between tensors.
#include <algorithm>
#include <vector>

#include "export/runtime/step_run.hpp"

namespace atto::edge {
namespace {

class ImportStep final : public StepRun {
 public:
  ImportStep(const Ground& ground, const format::Step& step)
      : program_(ground.program),
        parts_(ground.parts),
        out_(view_of(ground.program, step.output, ground.arena)) {
    const format::Tensor& tensor = program_.tensors[step.output];
    for (std::int64_t lane = 0; lane < tensor.blocks() * format::kLanes; ++lane)
      channels_.push_back(!tensor.lanes.empty()    ? tensor.lanes[static_cast<std::size_t>(lane)]
                          : lane < tensor.channels ? static_cast<int>(lane)
                                                   : -1);
    for (int c = 0; c < program_.channels; ++c)
      normalisation_.push_back(normalisation_of(program_, c));
  }

  void run(const Call& call) const noexcept override {
    const Range mine = share(out_.height, call.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y) {
      for (std::size_t lane = 0; lane < channels_.size(); ++lane)
        import_row(call, y, static_cast<int>(lane), channels_[lane]);
      zero_halo(out_, y, y + 1, 0, out_.blocks);
    }
  }
  std::string kernels() const override { return "import"; }

 private:
  void import_row(const Call& call, int y, int lane, int channel) const {
    float* to = out_.row(y, lane / format::kLanes) + lane % format::kLanes;
    const auto place = [](int x) { return std::ptrdiff_t{x} * format::kLanes; };
    const int width = out_.width;
    if (channel < 0) {
      for (int x = 0; x < width; ++x) to[place(x)] = 0;
    } else if (call.image != nullptr) {
      const float* from =
          call.image + (std::ptrdiff_t{channel} * out_.height + y) * std::ptrdiff_t{width};
      for (int x = 0; x < width; ++x) to[place(x)] = from[x];
    } else {
      const std::ptrdiff_t channels = program_.channels;
      const std::uint8_t* from = call.pixels + std::ptrdiff_t{y} * width * channels + channel;
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

/// Where a lane of the output comes from: element `offset` of row y at data + y * row_stride.
struct LaneFrom {
  const float* data = nullptr;
  std::ptrdiff_t row_stride = 0;
};

class GatherStep final : public StepRun {
 public:
  GatherStep(const Ground& ground, const format::Step& step)
      : parts_(ground.parts), out_(view_of(ground.program, step.output, ground.arena)) {
    for (const format::LaneSource& source : step.gather) {
      LaneFrom from;
      if (source.input >= 0) {
        const View view = view_of(
            ground.program, step.inputs[static_cast<std::size_t>(source.input)], ground.arena);
        from = {view.row(0, source.lane / format::kLanes) + source.lane % format::kLanes,
                view.row_stride};
      }
      lanes_.push_back(from);
    }
    for (int b = 0; b < out_.blocks; ++b) is_whole_.push_back(is_whole(b));
  }

  void run(const Call& call) const noexcept override {
    const Range mine = share(out_.height, call.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y) {
      for (int b = 0; b < out_.blocks; ++b) gather_row(y, b);
      zero_halo(out_, y, y + 1, 0, out_.blocks);
    }
  }
  std::string kernels() const override { return "gather"; }

 private:
  const LaneFrom* lanes_of(int block) const {
    return lanes_.data() + std::ptrdiff_t{block} * format::kLanes;
  }
  /// A block that is copied as it is.
  bool is_whole(int block) const {
    const LaneFrom* lanes = lanes_of(block);
    for (int l = 0; l < format::kLanes; ++l)
      if (lanes[l].data == nullptr || lanes[l].data != lanes[0].data + l ||
          lanes[l].row_stride != lanes[0].row_stride)
        return false;
    return true;
  }
  void gather_row(int y, int block) const {
    const LaneFrom* lanes = lanes_of(block);
    float* to = out_.row(y, block);
    if (is_whole_[static_cast<std::size_t>(block)]) {
      std::copy_n(lanes[0].data + y * lanes[0].row_stride, out_.row_values(), to);
      return;
    }
    for (int l = 0; l < format::kLanes; ++l) {
      const std::ptrdiff_t end = static_cast<std::ptrdiff_t>(out_.row_values());
      if (lanes[l].data == nullptr) {
        for (std::ptrdiff_t x = 0; x < end; x += format::kLanes) to[x + l] = 0;
        continue;
      }
      const float* from = lanes[l].data + y * lanes[l].row_stride;
      for (std::ptrdiff_t x = 0; x < end; x += format::kLanes) to[x + l] = from[x];
    }
  }

  int parts_;
  View out_;
  std::vector<LaneFrom> lanes_;
  std::vector<bool> is_whole_;
};

}  // namespace

StepPointer make_move(const Ground& ground, const format::Step& step) {
  if (step.kind == format::StepKind::Import) return std::make_unique<ImportStep>(ground, step);
  return std::make_unique<GatherStep>(ground, step);
}

}  // namespace atto::edge
