// Convolutions and full connections.
#include <algorithm>
#include <cmath>

#include "export/tflite/operators.hpp"

namespace atto::deploy::tflite {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// What an int8 operator counts from; 0 of floats.
double zero_of(const Tensor& tensor) {
  return tensor.element == Element::I8 ? tensor.zero_point : 0;
}

/// Rounds the sums of all outputs at one place, and keeps them from `first` on.
class Finish {
 public:
  Finish(const Arguments& arguments, std::size_t input, std::size_t weights) : of_(arguments) {
    if (of_.to().element != Element::I8) return;
    const float from = of_.tensor(input).scales[0], to = of_.to().scales[0];
    for (const float scale : of_.tensor(weights).scales)
      factors_.push_back(multiplier(from, scale, to));
    bounds_ = clamp_bounds(of_.options().activation, to);
  }

  void operator()(const Values& sums, std::size_t first) const {
    for (std::size_t o = 0; o < sums.size(); ++o) {
      if (factors_.empty()) {
        of_.store(first + o, sums[o]);
        continue;
      }
      const float x = static_cast<float>(sums[o]) * factors_[factors_.size() == 1 ? 0 : o];
      const float clamped = std::min(std::max(x, bounds_.low), bounds_.high);
      of_.out[first + o] = std::clamp(
          std::nearbyint(clamped) + static_cast<float>(of_.to().zero_point), -128.0F, 127.0F);
    }
  }

 private:
  const Arguments& of_;
  std::vector<float> factors_;
  ClampBounds bounds_;
};

/// A window over a map: calls tap(sums' place y, x, tap, map's place) for what lies inside.
struct Sliding {
  Map in, out;
  int height, width;  ///< of the kernel
  int down, across, dilation, top, left;

  Sliding(const Arguments& of, int rows, int columns)
      : in(of.tensor(0).dims), out(of.to().dims), height(rows), width(columns) {
    const Options& options = of.options();
    down = options.stride.height;
    across = options.stride.width;
    dilation = options.dilation;
    top = padding_before(options, rows, down, in.height, out.height);
    left = padding_before(options, columns, across, in.width, out.width);
  }

  template <class Tap>
  void visit(int y, int x, Tap&& tap) const {
    for (int ky = 0; ky < height; ++ky) {
      const int row = y * down + ky * dilation - top;
      if (row < 0 || row >= in.height) continue;
      for (int kx = 0; kx < width; ++kx) {
        const int column = x * across + kx * dilation - left;
        if (column >= 0 && column < in.width) tap(at(ky * width + kx), in.at(row, column));
      }
    }
  }
};

/// [O][taps][I] -> [taps][I][O], along which sums lie.
Values outputs_last(const Values& weights, std::size_t outputs) {
  const std::size_t each = weights.size() / outputs;
  Values turned(weights.size());
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < each; ++i) turned[i * outputs + o] = weights[o * each + i];
  return turned;
}

/// Each window's sums, which begin with the biases; `add(tap, place, sums)` adds what a tap of the
/// weights makes of the place of the input below it.
template <class Add>
void convolve(const Arguments& of, Add&& add) {
  const Dims& dims = of.tensor(1).dims;
  const Sliding window(of, dims[1], dims[2]);
  const Finish finish(of, 0, 1);
  Values sums;
  for (int y = 0; y < window.out.height; ++y)
    for (int x = 0; x < window.out.width; ++x) {
      sums = of.in(2);
      window.visit(y, x, [&](std::size_t tap, std::size_t place) { add(tap, place, sums); });
      finish(sums, window.out.at(y, x));
    }
}

void conv(const Arguments& of) {
  const Dims& dims = of.tensor(1).dims;
  const std::size_t outputs = at(dims[0]), group_in = at(dims[3]);
  const std::size_t inputs = at(Map(of.tensor(0).dims).channels);
  const std::size_t group_out = outputs / (inputs / group_in);
  const Values weights = outputs_last(of.in(1), outputs);
  const double zero = zero_of(of.tensor(0));
  convolve(of, [&](std::size_t tap, std::size_t place, Values& sums) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const double value = of.in(0)[place + i] - zero;
      const std::size_t first = i / group_in * group_out;
      const double* weight = weights.data() + (tap * group_in + i % group_in) * outputs + first;
      for (std::size_t o = 0; o < group_out; ++o) sums[first + o] += value * weight[o];
    }
  });
}

void depthwise_conv(const Arguments& of) {
  const std::size_t outputs = at(of.tensor(1).dims[3]);
  const std::size_t each = outputs / at(Map(of.tensor(0).dims).channels);
  const double zero = zero_of(of.tensor(0));
  convolve(of, [&](std::size_t tap, std::size_t place, Values& sums) {
    for (std::size_t o = 0; o < outputs; ++o)
      sums[o] += of.in(1)[tap * outputs + o] * (of.in(0)[place + o / each] - zero);
  });
}

/// Inputs: shape, weights [O, k, k, I], map, bias. Windows do not meet.
void transpose_conv(const Arguments& of) {
  const Dims& dims = of.tensor(1).dims;
  const std::size_t outputs = at(dims[0]), inputs = at(dims[3]);
  const int side = dims[1];
  const Map in(of.tensor(2).dims), out(of.to().dims);
  const double zero = zero_of(of.tensor(2));
  const Finish finish(of, 2, 1);
  Values sums;
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      sums = of.in(3);
      const std::size_t tap = at(y % side * side + x % side);
      const std::size_t place = in.at(y / side, x / side);
      for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t i = 0; i < inputs; ++i)
          sums[o] +=
              of.in(1)[(o * at(side * side) + tap) * inputs + i] * (of.in(2)[place + i] - zero);
      finish(sums, out.at(y, x));
    }
}

void fully_connected(const Arguments& of) {
  const std::size_t outputs = at(of.tensor(1).dims[0]), inputs = at(of.tensor(1).dims[1]);
  const double zero = zero_of(of.tensor(0));
  Values sums = of.in(2);
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < inputs; ++i)
      sums[o] += of.in(1)[o * inputs + i] * (of.in(0)[i] - zero);
  Finish(of, 0, 1)(sums, 0);
}

constexpr KnownOperator kOperators[] = {{Op::Conv, conv},
                                        {Op::DepthwiseConv, depthwise_conv},
                                        {Op::TransposeConv, transpose_conv},
                                        {Op::FullyConnected, fully_connected}};

}  // namespace

std::span<const KnownOperator> weighted_operators() {
  return kOperators;
}

}  // namespace atto::deploy::tflite
