// Steps that make a map larger: nearest neighbours, bilinear, channels spread over pixels.
#include <algorithm>
#include <cstring>

#include "export/runtime/plan/cells.hpp"

namespace atto::edge {
namespace {

using format::StepKind;

/// Shares the rows among the parts.
class ResizeStep final : public StepRun {
 public:
  ResizeStep(const StepContext& context, const format::Step& step)
      : kind_(step.kind),
        factor_(step.window.down.stride),
        parts_(context.parts),
        in_(context, step.inputs[0]),
        out_(context, step.output) {}
  void run(const RunArguments& arguments) const noexcept override {
    const Range mine = share(out_.shape.height, arguments.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y)
      for (int b = 0; b < out_.shape.blocks; ++b)
        for (int x = 0; x < out_.shape.width; ++x) make_pixel(y, x, b);
    out_.fill_halo(mine.begin, mine.end);
  }
  std::string kernels() const override {
    constexpr const char* kNames[] = {"upsample",   "bilinear",   "spread",
                                      "i8upsample", "i8bilinear", "i8spread"};
    const int kind = kind_ == StepKind::Upsample ? 0 : kind_ == StepKind::Bilinear ? 1 : 2;
    return kNames[kind + (out_.are_bytes() ? 3 : 0)];
  }

 private:
  /// The two places that an output meets along a side, and the second one's weight out of
  /// 2 * factor; pixels have their value in the middle.
  struct Meeting {
    int first, second, weight;
  };
  Meeting meeting(int at, int side) const {
    const int place = std::max(2 * at + 1 - factor_, 0), first = place / (2 * factor_);
    return {first, std::min(first + 1, side - 1), place % (2 * factor_)};
  }
  void make_pixel(int y, int x, int block) const {
    if (kind_ == StepKind::Bilinear) return blend(y, x, block);
    if (kind_ == StepKind::Spread)
      block += out_.shape.blocks * (y % factor_ * factor_ + x % factor_);
    std::memcpy(out_.at(y, x, block % out_.shape.blocks), in_.at(y / factor_, x / factor_, block),
                in_.pixel_bytes());
  }
  /// Sums of bytes are exact, however they are multiplied.
  void blend(int y, int x, int block) const {
    const Meeting down = meeting(y, in_.shape.height), across = meeting(x, in_.shape.width);
    const int all = 2 * factor_;
    for (int lane = 0; lane < format::kLanes; ++lane) {
      float sum = 0;
      for (int i = 0; i < 4; ++i) {
        const bool is_lower = i > 1, is_right = i % 2 == 1;
        const int weight = (is_lower ? down.weight : all - down.weight) *
                           (is_right ? across.weight : all - across.weight);
        sum += static_cast<float>(weight) *
               in_.load(in_.at(is_lower ? down.second : down.first,
                               is_right ? across.second : across.first, block),
                        lane);
      }
      out_.store(out_.at(y, x, block), lane, sum / static_cast<float>(all * all));
    }
  }

  StepKind kind_;
  int factor_;
  int parts_;
  Cells in_, out_;
};

}  // namespace

StepPointer make_resize(const StepContext& context, const format::Step& step) {
  return std::make_unique<ResizeStep>(context, step);
}

}  // namespace atto::edge
