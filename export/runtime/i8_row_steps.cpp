// Everything but convolutions in int8, row by row, in plain loops.
#include <algorithm>
#include <cmath>
#include <vector>

#include "export/runtime/byte_view.hpp"

namespace atto::edge {
namespace {

using format::kLanes;
using format::StepKind;

/// A piece of a row, on its way from floats to bytes.
constexpr int kPiece = 256;

/// Takes values by copy: a byte that is stored could be any of them, and nothing would be vectors.
void store_rounded(std::uint8_t* __restrict to, const float* __restrict from, int count,
                   float scale, Clamp clamp, float zero_point) {
  for (int i = 0; i < count; ++i) {
    float x = from[i] / scale;
    x = x > clamp.low ? x : clamp.low;
    x = x < clamp.high ? x : clamp.high;
    to[i] = i8_rounded(x, zero_point);
  }
}

class I8RowStep : public StepRun {
 public:
  I8RowStep(const Ground& ground, const format::Step& step)
      : parts_(ground.parts),
        step_(step),
        out_(byte_view_of(ground.program, step.output, ground.arena)),
        clamp_(i8_clamp_of(step.activation, out_.scale)),
        weights_(ground.weights.data()) {
    for (const std::uint32_t input : step.inputs)
      in_.push_back(byte_view_of(ground.program, input, ground.arena));
  }
  void run(const Call& call) const noexcept final {
    const Range mine = share(out_.shape.height, call.part, parts_);
    for (int y = mine.begin; y < mine.end; ++y)
      for (int b = 0; b < out_.shape.blocks; ++b) make_row(y, b, call);
    fill_halo(out_, mine.begin, mine.end, 0, out_.shape.blocks);
  }

 protected:
  virtual void make_row(int y, int block, const Call& call) const = 0;
  int values() const { return out_.shape.width * kLanes; }
  /// Of a step that has some: 256 bytes an input.
  const std::uint8_t* tables() const {
    return reinterpret_cast<const std::uint8_t*>(weights_ + step_.parameters.weights);
  }

  int parts_;
  const format::Step& step_;
  ByteView out_;
  Clamp clamp_;
  const std::byte* weights_;
  std::vector<ByteView> in_;
};

class I8Import final : public I8RowStep {
 public:
  I8Import(const Ground& ground, const format::Step& step)
      : I8RowStep(ground, step), program_(ground.program) {
    const format::Tensor& tensor = program_.tensors[step.output];
    for (std::int64_t lane = 0; lane < tensor.blocks() * kLanes; ++lane)
      channels_.push_back(!tensor.lanes.empty()    ? tensor.lanes[static_cast<std::size_t>(lane)]
                          : lane < tensor.channels ? static_cast<int>(lane)
                                                   : -1);
    for (int c = 0; c < program_.channels; ++c)
      normalisation_.push_back(normalisation_of(program_, c));
  }
  std::string kernels() const override { return "i8import"; }

 private:
  static constexpr int kQuad = 4;

  void make_row(int y, int block, const Call& call) const override {
    std::uint8_t* row = out_.row(y, block);
    std::memset(row, out_.zero_point, static_cast<std::size_t>(values()));
    const int* channels = channels_.data() + block * kLanes;
    for (int lane = 0; lane < kLanes; lane += kQuad) {
      if (std::all_of(channels + lane, channels + lane + kQuad, [](int c) { return c < 0; }))
        continue;
      for (int first = 0; first < out_.shape.width; first += kPiece)
        make_quads(row + std::ptrdiff_t{first} * kLanes + lane, y, first,
                   std::min(kPiece, out_.shape.width - first), channels + lane, call);
    }
  }
  /// Four lanes of `count` pixels.
  void make_quads(std::uint8_t* to, int y, int first, int count, const int* channels,
                  const Call& call) const {
    std::uint8_t bytes[kQuad][kPiece];
    for (int k = 0; k < kQuad; ++k) {
      if (channels[k] < 0)
        std::memset(bytes[k], out_.zero_point, kPiece);
      else
        quantise(bytes[k], std::ptrdiff_t{y} * program_.width + first, count, channels[k], call);
    }
    for (int x = 0; x < count; ++x, to += kLanes) {
      const std::uint8_t four[kQuad] = {bytes[0][x], bytes[1][x], bytes[2][x], bytes[3][x]};
      std::memcpy(to, four, kQuad);
    }
  }
  void quantise(std::uint8_t* to, std::ptrdiff_t pixel, int count, int channel,
                const Call& call) const {
    float normalised[kPiece];
    const float* from = normalised;
    if (call.image != nullptr) {
      from = call.image + std::ptrdiff_t{channel} * program_.height * program_.width + pixel;
    } else {
      const Normalisation n = normalisation_[static_cast<std::size_t>(channel)];
      const std::uint8_t* pixels = call.pixels + pixel * program_.channels + channel;
      for (int x = 0; x < count; ++x)
        normalised[x] =
            static_cast<float>(pixels[std::ptrdiff_t{x} * program_.channels]) * n.scale + n.shift;
    }
    store_rounded(to, from, count, out_.scale, clamp_, static_cast<float>(out_.zero_point));
  }

  const format::Program& program_;
  std::vector<int> channels_;
  std::vector<Normalisation> normalisation_;
};

class I8Activate final : public I8RowStep {
 public:
  using I8RowStep::I8RowStep;
  std::string kernels() const override { return "i8table"; }

 private:
  void make_row(int y, int block, const Call& /*call*/) const override {
    const std::uint8_t* from = in_[0].row(y, block);
    std::uint8_t* to = out_.row(y, block);
    const std::uint8_t* table = tables();
    for (int i = 0; i < values(); ++i) to[i] = table[from[i]];
  }
};

class I8Add final : public I8RowStep {
 public:
  I8Add(const Ground& ground, const format::Step& step) : I8RowStep(ground, step) {
    for (const ByteView& in : in_) factors_.push_back(i8_multiplier(in.scale, 1, out_.scale));
  }
  std::string kernels() const override { return "i8add"; }

 private:
  void make_row(int y, int block, const Call& /*call*/) const override {
    const int count = values();
    for (int first = 0; first < count; first += kPiece) {
      float sums[kPiece];
      const int piece = std::min(kPiece, count - first);
      for (std::size_t k = 0; k < in_.size(); ++k) {
        const std::uint8_t* from = in_[k].row(y, block) + first;
        const int zero_point = in_[k].zero_point;
        const float factor = factors_[k];
        for (int i = 0; i < piece; ++i) {
          const float term = static_cast<float>(from[i] - zero_point) * factor;
          sums[i] = k == 0 ? term : sums[i] + term;
        }
      }
      store_rounded(out_.row(y, block) + first, sums, piece, 1, clamp_,
                    static_cast<float>(out_.zero_point));
    }
  }

  std::vector<float> factors_;
};

class I8Multiply final : public I8RowStep {
 public:
  I8Multiply(const Ground& ground, const format::Step& step) : I8RowStep(ground, step) {
    row_.is_gate = in_[1].shape.height == 1 && in_[1].shape.width == 1;
    row_.width = out_.shape.width;
    row_.a_zero = in_[0].zero_point;
    row_.b_zero = in_[1].zero_point;
    row_.factor = i8_multiplier(in_[0].scale, in_[1].scale, out_.scale);
    row_.zero_point = out_.zero_point;
    row_.low = i8_rounded(clamp_.low, static_cast<float>(out_.zero_point));
    row_.high = i8_rounded(clamp_.high, static_cast<float>(out_.zero_point));
    kernels_ = &i8_kernels_of(ground.level, row_.factor < kTame);
  }
  std::string kernels() const override { return "i8multiply"; }

 private:
  static constexpr float kTame = 1 << 14;  // times a product of two bytes: below 2^31

  void make_row(int y, int block, const Call& /*call*/) const override {
    I8ProductRow row = row_;
    row.a = in_[0].row(y, block);
    row.b = in_[1].row(row.is_gate ? 0 : y, block);
    row.dst = out_.row(y, block);
    kernels_->product_row(row);
  }

  I8ProductRow row_{};
  const I8Kernels* kernels_;
};

class I8Gather final : public I8RowStep {
 public:
  using I8RowStep::I8RowStep;
  std::string kernels() const override { return "i8gather"; }

 private:
  void make_row(int y, int block, const Call& /*call*/) const override {
    for (int l = 0; l < kLanes; ++l) {
      const format::LaneSource source = step_.gather[static_cast<std::size_t>(block * kLanes + l)];
      std::uint8_t* to = out_.row(y, block) + l;
      if (source.input < 0) {
        for (int i = 0; i < values(); i += kLanes)
          to[i] = static_cast<std::uint8_t>(out_.zero_point);
        continue;
      }
      const std::uint8_t* table = tables() + std::ptrdiff_t{source.input} * 256;
      const std::uint8_t* from =
          in_[static_cast<std::size_t>(source.input)].row(y, source.lane / kLanes) +
          source.lane % kLanes;
      for (int i = 0; i < values(); i += kLanes) to[i] = table[from[i]];
    }
  }
};

/// The rounded mean of a rectangle, for one block.
class I8Mean {
 public:
  I8Mean(const Ground& ground, const ByteView& in, const ByteView& out, Clamp clamp)
      : kernels_(i8_kernels_of(ground.level)),
        zero_point_(in.zero_point),
        factor_(i8_multiplier(in.scale, 1, out.scale)),
        out_zero_point_(static_cast<float>(out.zero_point)),
        clamp_(clamp) {}

  void make(const ByteView& in, int block, Range rows, Range columns, std::uint8_t* to) const {
    std::uint64_t sums[kLanes] = {};
    for (int y = rows.begin; y < rows.end; ++y) {
      std::uint32_t of_row[kLanes] = {};
      for (int x = columns.begin; x < columns.end; x += kI8MaxSummed)
        kernels_.sum_row(of_row, in.row(y, block) + std::ptrdiff_t{x} * kLanes,
                         std::min(kI8MaxSummed, columns.end - x));
      for (int l = 0; l < kLanes; ++l) sums[l] += of_row[l];
    }
    const std::int64_t count = std::int64_t{rows.end - rows.begin} * (columns.end - columns.begin);
    const float share = factor_ / static_cast<float>(count);
    for (int l = 0; l < kLanes; ++l) {
      float x =
          static_cast<float>(static_cast<std::int64_t>(sums[l]) - count * zero_point_) * share;
      x = x > clamp_.low ? x : clamp_.low;
      x = x < clamp_.high ? x : clamp_.high;
      to[l] = i8_rounded(x, out_zero_point_);
    }
  }

 private:
  const I8Kernels& kernels_;
  int zero_point_;
  float factor_, out_zero_point_;
  Clamp clamp_;
};

/// Pools with a window: largest or mean.
class I8Pool final : public I8RowStep {
 public:
  I8Pool(const Ground& ground, const format::Step& step)
      : I8RowStep(ground, step), mean_(ground, in_[0], out_, clamp_) {}
  std::string kernels() const override { return is_max() ? "i8maxpool" : "i8mean"; }

 private:
  bool is_max() const { return step_.kind == StepKind::MaxPool; }
  void make_row(int y, int block, const Call& /*call*/) const override {
    const Range rows = covered(y, step_.window.height, in_[0].shape.height);
    for (int x = 0; x < out_.shape.width; ++x) {
      const Range columns = covered(x, step_.window.width, in_[0].shape.width);
      std::uint8_t* to = out_.row(y, block) + std::ptrdiff_t{x} * kLanes;
      is_max() ? make_largest(block, rows, columns, to)
               : mean_.make(in_[0], block, rows, columns, to);
    }
  }
  Range covered(int at, int taps, int size) const {
    const std::int64_t first = std::int64_t{at} * step_.window.stride - step_.window.pad;
    return {static_cast<int>(std::max<std::int64_t>(first, 0)),
            static_cast<int>(std::min<std::int64_t>(first + taps, size))};
  }
  void make_largest(int block, Range rows, Range columns, std::uint8_t* to) const {
    std::uint8_t largest[kLanes] = {};
    for (int y = rows.begin; y < rows.end; ++y)
      for (int x = columns.begin; x < columns.end; ++x) {
        const std::uint8_t* from = in_[0].row(y, block) + std::ptrdiff_t{x} * kLanes;
        for (int l = 0; l < kLanes; ++l) largest[l] = std::max(largest[l], from[l]);
      }
    std::copy_n(largest, kLanes, to);
  }

  I8Mean mean_;
};

/// Adaptive average, block by block.
class I8AverageRun final : public StripRun {
 public:
  I8AverageRun(const Ground& ground, const format::Step& step, const StripPlan& plan)
      : in_(byte_view_of(ground.program.tensors[step.inputs[0]], plan.in)),
        out_(byte_view_of(ground.program.tensors[step.output], plan.out)),
        mean_(ground, in_, out_, i8_clamp_of(step.activation, out_.scale)) {}
  void run(int /*turn*/, const Places& places, Range blocks,
           const Call& /*call*/) const noexcept override {
    const ByteView in = in_.at(places.in), out = out_.at(places.out);
    for (int b = blocks.begin; b < blocks.end; ++b)
      for (int y = 0; y < out.shape.height; ++y)
        for (int x = 0; x < out.shape.width; ++x)
          mean_.make(in, b, cell(y, in.shape.height, out.shape.height),
                     cell(x, in.shape.width, out.shape.width),
                     out.row(y, b) + std::ptrdiff_t{x} * kLanes);
    fill_halo(out, 0, out.shape.height, blocks.begin, blocks.end);
  }
  std::vector<int> pieces() const override {
    std::vector<int> firsts;
    for (int b = 0; b <= out_.shape.blocks; ++b) firsts.push_back(b);
    return firsts;
  }
  std::string kernels() const override { return "i8mean"; }

 private:
  ByteView in_, out_;
  I8Mean mean_;
};

class I8Upsample final : public I8RowStep {
 public:
  using I8RowStep::I8RowStep;
  std::string kernels() const override { return "i8upsample"; }

 private:
  void make_row(int y, int block, const Call& /*call*/) const override {
    const int factor = step_.window.stride;
    const std::uint8_t* from = in_[0].row(y / factor, block);
    for (int x = 0; x < out_.shape.width; ++x)
      std::copy_n(from + std::ptrdiff_t{x / factor} * kLanes, kLanes,
                  out_.row(y, block) + std::ptrdiff_t{x} * kLanes);
  }
};

/// Floats from bytes: only as an output of the network.
class I8Softmax final : public StepRun {
 public:
  I8Softmax(const Ground& ground, const format::Step& step)
      : in_(byte_view_of(ground.program, step.inputs[0], ground.arena)),
        out_(view_of(ground.program, step.output, ground.arena)) {
    const format::Tensor& tensor = ground.program.tensors[step.inputs[0]];
    for (std::int64_t lane = 0; lane < tensor.blocks() * kLanes; ++lane)
      if (tensor.lanes.empty() ? lane < tensor.channels
                               : tensor.lanes[static_cast<std::size_t>(lane)] >= 0)
        lanes_.push_back(static_cast<int>(lane));
  }
  void run(const Call& call) const noexcept override {
    if (call.part != 0) return;
    for (int y = 0; y < out_.height; ++y)
      for (int x = 0; x < out_.width; ++x) make_pixel(y, x);
    zero_halo(out_, 0, out_.height, 0, out_.blocks);
  }
  std::string kernels() const override { return "softmax"; }

 private:
  void make_pixel(int y, int x) const {
    const auto from = [&](int lane) {
      const int q = in_.row(y, lane / kLanes)[std::ptrdiff_t{x} * kLanes + lane % kLanes];
      return static_cast<float>(q - in_.zero_point) * in_.scale;
    };
    const auto to = [&](int lane) -> float& {
      return out_.row(y, lane / kLanes)[std::ptrdiff_t{x} * kLanes + lane % kLanes];
    };
    float largest = from(lanes_[0]), sum = 0;
    for (const int lane : lanes_) largest = std::max(largest, from(lane));
    for (const int lane : lanes_) sum += to(lane) = std::exp(from(lane) - largest);
    for (const int lane : lanes_) to(lane) /= sum;
  }

  ByteView in_;
  View out_;
  std::vector<int> lanes_;
};

}  // namespace

StepPointer make_i8_row_step(const Ground& ground, const format::Step& step) {
  switch (step.kind) {
    case StepKind::Import:
      return std::make_unique<I8Import>(ground, step);
    case StepKind::Activate:
      return std::make_unique<I8Activate>(ground, step);
    case StepKind::Add:
      return std::make_unique<I8Add>(ground, step);
    case StepKind::Multiply:
      return std::make_unique<I8Multiply>(ground, step);
    case StepKind::Gather:
      return std::make_unique<I8Gather>(ground, step);
    case StepKind::Upsample:
      return std::make_unique<I8Upsample>(ground, step);
    case StepKind::Softmax:
      return std::make_unique<I8Softmax>(ground, step);
    default:
      return std::make_unique<I8Pool>(ground, step);
  }
}

StripPointer make_i8_average(const Ground& ground, const format::Step& step,
                             const StripPlan& plan) {
  return std::make_unique<I8AverageRun>(ground, step, plan);
}

}  // namespace atto::edge
