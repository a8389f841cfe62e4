// Steps over the channels of each pixel: softmax, layer norm.
#include <algorithm>
#include <cmath>
#include <vector>

#include "export/runtime/plan/cells.hpp"

namespace atto::edge {
namespace {

/// Shares the rows among the parts. Softmax makes floats, of bytes too.
class PixelStep final : public StepRun {
 public:
  PixelStep(const StepContext& context, const format::Step& step)
      : is_softmax_(step.kind == format::StepKind::Softmax),
        parts_(context.parts),
        in_(context, step.inputs[0]),
        out_(context, step.output) {
    const format::Tensor& tensor = context.program.tensors[step.inputs[0]];
    for (std::int64_t lane = 0; lane < tensor.blocks() * format::kLanes; ++lane)
      if (tensor.lanes.empty() ? lane < tensor.channels
                               : tensor.lanes[static_cast<std::size_t>(lane)] >= 0)
        lanes_.push_back(static_cast<int>(lane));
    const double reach = static_cast<double>(lanes_.size()) / double{in_.scale};
    epsilon_ = format::kLayerNormEpsilon * reach * reach;
  }
  void run(const RunArguments& arguments) const noexcept override {
    const Range mine = share(out_.shape.height, arguments.part, parts_);
    auto* values = reinterpret_cast<float*>(arguments.scratch);
    for (int y = mine.begin; y < mine.end; ++y)
      for (int x = 0; x < out_.shape.width; ++x) {
        for (std::size_t i = 0; i < lanes_.size(); ++i)
          values[i] = in_.load(pixel(in_, y, x, lanes_[i]), lanes_[i] % format::kLanes);
        is_softmax_ ? take_shares(values) : normalise(values);
        for (int b = 0; b < out_.shape.blocks; ++b) out_.clear(out_.at(y, x, b));
        for (std::size_t i = 0; i < lanes_.size(); ++i)
          out_.store(pixel(out_, y, x, lanes_[i]), lanes_[i] % format::kLanes, values[i]);
      }
    out_.fill_halo(mine.begin, mine.end);
  }
  std::size_t scratch_bytes() const override { return lanes_.size() * sizeof(float); }
  std::string kernels() const override {
    return is_softmax_ ? "softmax" : out_.are_bytes() ? "i8layernorm" : "layernorm";
  }

 private:
  static std::byte* pixel(const Cells& of, int y, int x, int lane) {
    return of.at(y, x, lane / format::kLanes);
  }
  void take_shares(float* values) const {
    float* const end = values + lanes_.size();
    const float largest = *std::max_element(values, end);
    float sum = 0;
    for (float* v = values; v < end; ++v) sum += * v = std::exp((*v - largest) * in_.scale);
    for (float* v = values; v < end; ++v) *v /= sum;
  }
  /// (v - mean) / sqrt(variance + epsilon). Sums of bytes are exact, however they are multiplied.
  void normalise(float* values) const {
    const auto count = static_cast<double>(lanes_.size());
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      sum += double{values[i]};
      squares += double{values[i]} * double{values[i]};
    }
    const double spread = std::max(count * squares - sum * sum, 0.0);
    const double factor = 1 / (std::sqrt(spread + epsilon_) * double{out_.scale});
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      values[i] = static_cast<float>((count * double{values[i]} - sum) * factor);
  }

  bool is_softmax_;
  int parts_;
  Cells in_, out_;
  std::vector<int> lanes_;  ///< that hold channels
  double epsilon_;          ///< of layer norm, as `normalise` sums
};

}  // namespace

StepPointer make_pixel_step(const StepContext& context, const format::Step& step) {
  return std::make_unique<PixelStep>(context, step);
}

}  // namespace atto::edge
