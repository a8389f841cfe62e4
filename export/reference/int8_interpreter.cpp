#include "export/reference/int8_interpreter.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "design_specs/errors.hpp"
#include "export/reference/plain_ops.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Sums = std::vector<std::int32_t>;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::size_t plane(const net::Shape& shape) {
  return at(shape.height) * at(shape.width);
}

/// [first, last) of an axis.
struct Range {
  int first = 0, last = 0;
};

/// q - zero_point of every value.
Sums centred(const Bytes& values, int zero_point) {
  Sums result(values.begin(), values.end());
  for (std::int32_t& value : result) value -= zero_point;
  return result;
}

/// Output places whose window begins inside at this tap.
Range places(int offset, int stride, int from, int to) {
  Range range{0, to};
  while (range.first < to && range.first * stride + offset < 0) ++range.first;
  while (range.last > range.first && (range.last - 1) * stride + offset >= from) --range.last;
  return range;
}

/// sums[O, plane] += weights * src; what lies outside of the map adds nothing.
void convolve(const Sums& src, const net::Shape& in, const FusedConv& conv,
              const std::vector<std::int8_t>& weights, const net::Shape& out, Sums& sums) {
  const int group_in = in.channels / conv.groups, group_out = out.channels / conv.groups;
  const net::WindowSide down = net::rows_of(conv), across = net::columns_of(conv);
  const std::int8_t* weight = weights.data();
  for (int o = 0; o < out.channels; ++o)
    for (int i = 0; i < group_in; ++i)
      for (int ky = 0; ky < down.kernel; ++ky)
        for (int kx = 0; kx < across.kernel; ++kx) {
          const std::int32_t w = *weight++;
          const int dy = ky * conv.dilation - down.before(),
                    dx = kx * conv.dilation - across.before();
          const Range rows = places(dy, down.stride, in.height, out.height);
          const Range columns = places(dx, across.stride, in.width, out.width);
          const std::int32_t* from = src.data() + at(o / group_out * group_in + i) * plane(in);
          std::int32_t* to = sums.data() + at(o) * plane(out);
          for (int y = rows.first; y < rows.last; ++y)
            for (int x = columns.first; x < columns.last; ++x)
              to[at(y) * at(out.width) + at(x)] +=
                  w * from[at(y * down.stride + dy) * at(in.width) + at(x * across.stride + dx)];
        }
}

/// As convolve(): of a deconv.
void spread(const Sums& src, const net::Shape& in, int kernel,
            const std::vector<std::int8_t>& weights, const net::Shape& out, Sums& sums) {
  const std::size_t taps = at(kernel * kernel);
  for (std::size_t o = 0; o < at(out.channels); ++o)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x)
        for (std::size_t i = 0; i < at(in.channels); ++i)
          sums[o * plane(out) + at(y) * at(out.width) + at(x)] +=
              weights[(o * at(in.channels) + i) * taps + at(y % kernel * kernel + x % kernel)] *
              src[i * plane(in) + at(y / kernel) * at(in.width) + at(x / kernel)];
}

float clamped(float x, const ClampBounds& bounds) {
  return std::min(std::max(x, bounds.low), bounds.high);
}

}  // namespace

std::uint8_t round_to_u8(float x, int zero_point) {
  const float place = std::nearbyint(x) + static_cast<float>(zero_point);
  return static_cast<std::uint8_t>(std::min(std::max(place, 0.0F), 255.0F));
}

/// Runs one node: one overload an operation.
struct Int8Interpreter::Step {
  const FusedNetwork& network;
  const Quantisation& quantisation;
  const std::vector<Bytes>& values;
  std::size_t index;
  Bytes& dst;

  const FusedNode& node() const { return network.nodes[index]; }
  const TensorQuantisation& to() const { return quantisation.tensors[index]; }
  int input(std::size_t i) const { return node().inputs[i]; }
  const net::Shape& shape(std::size_t i) const { return network.nodes[at(input(i))].shape; }
  const Bytes& src(std::size_t i) const { return values[at(input(i))]; }
  const TensorQuantisation& from(std::size_t i) const { return quantisation.tensors[at(input(i))]; }
  Sums centre(std::size_t i) const { return centred(src(i), from(i).zero_point); }

  void operator()(const FusedInput& /*op*/) const {}  // run() fills it
  void operator()(const FusedConv& op) const {
    Sums sums = start(plane(node().shape));
    const std::vector<std::int8_t>& weights = quantisation.weights[index].weights;
    if (op.is_transposed)
      spread(centre(0), shape(0), op.kernel.height, weights, node().shape, sums);
    else
      convolve(centre(0), shape(0), op, weights, node().shape, sums);
    requantise(sums);
  }
  void operator()(const FusedDense& /*op*/) const {
    const Sums input = centre(0);
    const std::int8_t* weight = quantisation.weights[index].weights.data();
    Sums sums = start(1);
    for (std::int32_t& sum : sums)
      for (const std::int32_t q : input) sum += *weight++ * q;
    requantise(sums);
  }
  void operator()(const FusedActivate& /*op*/) const {
    const auto table = table_of(from(0));
    std::transform(src(0).begin(), src(0).end(), dst.begin(),
                   [&](std::uint8_t q) { return table[q]; });
  }
  void operator()(const FusedAdd& /*op*/) const {
    const ClampBounds bounds = clamp_bounds(node().activation, to().scale);
    for (std::size_t e = 0; e < dst.size(); ++e) {
      float x = 0;
      for (std::size_t i = 0; i < node().inputs.size(); ++i) {
        const float term = static_cast<float>(src(i)[e] - from(i).zero_point) *
                           multiplier(from(i).scale, 1, to().scale);
        x = i == 0 ? term : x + term;
      }
      dst[e] = round_to_u8(clamped(x, bounds), to().zero_point);
    }
  }
  void operator()(const FusedMultiply& /*op*/) const {
    const ClampBounds bounds = clamp_bounds(node().activation, to().scale);
    const float factor = multiplier(from(0).scale, from(1).scale, to().scale);
    const std::size_t each = src(0).size() / src(1).size();  // 1, or a plane when broadcast
    for (std::size_t e = 0; e < dst.size(); ++e) {
      const std::int32_t product =
          (src(0)[e] - from(0).zero_point) * (src(1)[e / each] - from(1).zero_point);
      dst[e] = round_to_u8(clamped(static_cast<float>(product) * factor, bounds), to().zero_point);
    }
  }
  void operator()(const FusedChannels& op) const {
    const std::size_t each = plane(node().shape);
    for (std::size_t c = 0; c < op.sources.size(); ++c) {
      const auto source = at(op.sources[c].input);
      const float factor = multiplier(from(source).scale, 1, to().scale);
      for (std::size_t p = 0; p < each; ++p) {
        const int q = src(source)[at(op.sources[c].channel) * each + p];
        dst[c * each + p] =
            round_to_u8(static_cast<float>(q - from(source).zero_point) * factor, to().zero_point);
      }
    }
  }
  void operator()(const net::Pool& op) const {
    const auto range = [](const net::WindowSide& window) {
      return [window](int cell, int side) {
        const int first = cell * window.stride - window.before();
        return Range{std::max(first, 0), std::min(first + window.kernel, side)};
      };
    };
    pool(op.kind, range(net::rows_of(op)), range(net::columns_of(op)));
  }
  void operator()(const net::PoolTo& /*op*/) const { pool_to_shape(); }
  void operator()(const net::GlobalAveragePool& /*op*/) const { pool_to_shape(); }
  void operator()(const net::LayerNorm& /*op*/) const {
    const Sums centred = centre(0);
    const std::size_t each = plane(node().shape), channels = at(node().shape.channels);
    const double count = node().shape.channels;
    const double epsilon = 1e-6 * (count / from(0).scale) * (count / from(0).scale);
    for (std::size_t p = 0; p < each; ++p) {
      std::int64_t sum = 0, squares = 0;
      for (std::size_t c = 0; c < channels; ++c) {
        const std::int64_t q = centred[c * each + p];
        sum += q;
        squares += q * q;
      }
      const auto wide = static_cast<std::int64_t>(channels);
      const auto spread = static_cast<double>(wide * squares - sum * sum);
      const double factor = 1 / (std::sqrt(spread + epsilon) * to().scale);
      for (std::size_t c = 0; c < channels; ++c) {
        const auto distance = static_cast<double>(wide * centred[c * each + p] - sum);
        dst[c * each + p] = round_to_u8(static_cast<float>(distance * factor), to().zero_point);
      }
    }
  }
  void operator()(const net::Upsample& op) const {
    if (op.mode == net::Upsample::Mode::Bilinear) return blend(op.factor);
    const net::Shape &in = shape(0), &out = node().shape;
    for (int c = 0; c < out.channels; ++c)
      for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x)
          dst[at(c) * plane(out) + at(y) * at(out.width) + at(x)] =
              src(0)[at(c) * plane(in) + at(y / op.factor) * at(in.width) + at(x / op.factor)];
  }
  void operator()(const net::Softmax& /*op*/) const {}  // run() makes it of its input

  /// Weights out of 2 * factor to a side.
  void blend(int factor) const {
    const net::Shape &in = shape(0), &out = node().shape;
    const Sums centred = centre(0);
    const int all = 2 * factor;
    for (int c = 0; c < out.channels; ++c)
      for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x) {
          const int down = std::max(2 * y + 1 - factor, 0),
                    across = std::max(2 * x + 1 - factor, 0);
          const auto value = [&](int row, int column) {
            return centred[at(c) * plane(in) + at(std::min(row, in.height - 1)) * at(in.width) +
                           at(std::min(column, in.width - 1))];
          };
          const auto line = [&](int row) {
            return (all - across % all) * value(row, across / all) +
                   across % all * value(row, across / all + 1);
          };
          const std::int32_t sum =
              (all - down % all) * line(down / all) + down % all * line(down / all + 1);
          dst[at(c) * plane(out) + at(y) * at(out.width) + at(x)] =
              round_to_u8(static_cast<float>(sum) / static_cast<float>(all * all), to().zero_point);
        }
  }

  /// Sums that begin with the bias.
  Sums start(std::size_t each) const {
    Sums sums;
    for (const std::int32_t bias : quantisation.weights[index].bias)
      sums.insert(sums.end(), each, bias);
    return sums;
  }

  void requantise(const Sums& sums) const {
    const std::vector<float>& scales = quantisation.weights[index].scales;
    const std::size_t each = sums.size() / scales.size();
    const ClampBounds bounds = clamp_bounds(node().activation, to().scale);
    const ClampBounds joined = clamp_bounds(node().joined_activation, to().scale);
    for (std::size_t e = 0; e < sums.size(); ++e) {
      const float factor = multiplier(from(0).scale, scales[e / each], to().scale);
      float x = clamped(static_cast<float>(sums[e]) * factor, bounds);
      if (node().residual >= 0) {
        const TensorQuantisation& other = quantisation.tensors[at(node().residual)];
        const float term = static_cast<float>(values[at(node().residual)][e] - other.zero_point) *
                           multiplier(other.scale, 1, to().scale);
        x = clamped(x + term, joined);
      }
      dst[e] = round_to_u8(x, to().zero_point);
    }
  }

  /// The node's activation of every value of a tensor.
  std::array<std::uint8_t, 256> table_of(const TensorQuantisation& source) const {
    std::array<std::uint8_t, 256> table{};
    for (int q = 0; q < 256; ++q) {
      const double real = double{source.scale} * (q - source.zero_point);
      const double place =
          std::nearbyint(plain::activation(node().activation, real) / double{to().scale}) +
          to().zero_point;
      table[at(q)] = static_cast<std::uint8_t>(std::clamp(place, 0.0, 255.0));
    }
    return table;
  }

  void pool_to_shape() const {
    const net::Shape& out = node().shape;
    const auto cells = [](int sides) {
      return [sides](int cell, int side) {
        const std::int64_t wide = side;
        return Range{static_cast<int>(cell * wide / sides),
                     static_cast<int>(((cell + 1) * wide + sides - 1) / sides)};
      };
    };
    pool(net::Pool::Kind::Average, cells(out.height), cells(out.width));
  }

  /// `rows` and `columns` tell what a cell covers of a side.
  template <class Rows, class Columns>
  void pool(net::Pool::Kind kind, Rows&& rows, Columns&& columns) const {
    const net::Shape &in = shape(0), &out = node().shape;
    for (int c = 0; c < out.channels; ++c)
      for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x) {
          const Range down = rows(y, in.height), across = columns(x, in.width);
          std::int32_t sum = 0;
          std::uint8_t largest = 0;
          for (int sy = down.first; sy < down.last; ++sy)
            for (int sx = across.first; sx < across.last; ++sx) {
              const std::uint8_t q = src(0)[at(c) * plane(in) + at(sy) * at(in.width) + at(sx)];
              largest = std::max(largest, q);
              sum += q - from(0).zero_point;
            }
          const int count = (down.last - down.first) * (across.last - across.first);
          const float share = multiplier(from(0).scale, 1, to().scale) / static_cast<float>(count);
          dst[at(c) * plane(out) + at(y) * at(out.width) + at(x)] =
              kind == net::Pool::Kind::Max
                  ? largest
                  : round_to_u8(static_cast<float>(sum) * share, to().zero_point);
        }
  }
};

Int8Interpreter::Int8Interpreter(const FusedNetwork& network, const Quantisation& quantisation)
    : network_(network), quantisation_(quantisation) {
  if (quantisation.tensors.size() != network.nodes.size() ||
      quantisation.weights.size() != network.nodes.size())
    throw InternalError("a quantisation must have an entry for every node");
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const FusedNode& node = network.nodes[i];
    const auto* conv = std::get_if<FusedConv>(&node.op);
    const auto* dense = std::get_if<FusedDense>(&node.op);
    if (!conv && !dense) continue;
    const WeightQuantisation& of = quantisation.weights[i];
    const std::size_t outputs = conv ? conv->bias.size() : dense->bias.size();
    const std::size_t weights = conv ? conv->weights.size() : dense->weights.size();
    if (of.weights.size() != weights || of.scales.size() != outputs || of.bias.size() != outputs)
      throw InternalError(node.name + ": the quantisation must have its weights");
    const std::int64_t products = static_cast<std::int64_t>(weights / outputs) * 255 * 127;
    for (const std::int32_t bias : of.bias)
      if (products + std::abs(std::int64_t{bias}) > std::numeric_limits<std::int32_t>::max())
        throw InternalError(node.name + ": a sum could leave 32 bits");
  }
}

std::vector<std::vector<float>> Int8Interpreter::run(std::span<const float> image,
                                                     const Watch& watch) const {
  if (static_cast<std::int64_t>(image.size()) != network_.nodes[0].shape.elements())
    throw InternalError("an image must have the elements of the network's input");
  std::vector<Bytes> values(network_.nodes.size());
  for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
    if (std::holds_alternative<net::Softmax>(network_.nodes[i].op)) continue;
    values[i].resize(static_cast<std::size_t>(network_.nodes[i].shape.elements()));
    const TensorQuantisation& to = quantisation_.tensors[i];
    if (i == 0)
      std::transform(image.begin(), image.end(), values[0].begin(),
                     [&](float value) { return round_to_u8(value / to.scale, to.zero_point); });
    std::visit(Step{network_, quantisation_, values, i, values[i]}, network_.nodes[i].op);
    if (watch) watch(static_cast<int>(i), values[i]);
  }
  std::vector<std::vector<float>> outputs;
  for (const net::Output& output : network_.outputs) {
    const FusedNode& node = network_.nodes[at(output.layer)];
    const bool is_softmax = std::holds_alternative<net::Softmax>(node.op);
    const auto made = at(is_softmax ? node.inputs[0] : output.layer);
    const TensorQuantisation& of = quantisation_.tensors[made];
    std::vector<float>& real = outputs.emplace_back();
    for (const std::uint8_t q : values[made])
      real.push_back(static_cast<float>(q - of.zero_point) * of.scale);
    if (is_softmax) plain::softmax(std::vector<float>(real), node.shape, real);
  }
  return outputs;
}

}  // namespace atto::deploy
