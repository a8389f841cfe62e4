#include "prototypes/network/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <unordered_set>
#include <utility>

#include "design_specs/errors.hpp"
#include "prototypes/network/dot.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::net {
namespace {

constexpr std::string_view kKept = "";
constexpr std::string_view kOneInput = "takes exactly one input";
constexpr std::string_view kTwoInputs = "takes exactly two inputs";
constexpr std::string_view kLargerThanMap =
    "the window is larger than the map, and \"valid\" padding adds nothing";

inline std::string_view sized(std::int64_t channels, std::int64_t height, std::int64_t width,
                              Shape& out) {
  if (channels < 1 || height < 1 || width < 1) return "every side of a tensor must be at least 1";
  if (channels > kMaxChannels) return "a tensor has at most 65536 channels";
  if (height > kMaxSide || width > kMaxSide) return "a map's sides are at most 65536";
  if (channels * height * width > kMaxElements) return "a map has at most 2^30 elements";
  out = {static_cast<int>(channels), static_cast<int>(height), static_cast<int>(width)};
  return kKept;
}

/// Makes an operation's output shape from those of its inputs: one overload an operation.
struct Inference {
  const InputShapes& in;
  int classes;
  Shape& out;

  std::string_view same() const {
    if (in.size() != 1) return kOneInput;
    out = in[0];
    return kKept;
  }
  template <class Windowed>
  std::string_view windowed(int channels, const Windowed& op) const {
    const auto [kernel, stride] = std::pair(op.kernel, op.stride);
    if (std::min(kernel.height, kernel.width) < 1) return "kernel must be at least 1";
    if (std::max(kernel.height, kernel.width) > kMaxKernel) return "kernel must be at most 63";
    if (std::min(stride.height, stride.width) < 1) return "stride must be at least 1";
    const Shape& from = in[0];
    const auto leaves = [](int step, int side) { return step == 1 || step <= side; };
    if (op.padding == Padding::Same &&
        !(leaves(stride.height, from.height) && leaves(stride.width, from.width)))
      return "the stride takes the map below 1x1";
    const int height = rows_of(op).output(from.height), width = columns_of(op).output(from.width);
    if (height < 1 || width < 1) return kLargerThanMap;
    return sized(channels, height, width, out);
  }

  std::string_view operator()(const InputLayer& /*op*/) const {
    return in.size() == 0 ? "only the first layer may be the input layer"
                          : "the input layer takes no input";
  }
  std::string_view operator()(const Conv& op) const {
    if (in.size() != 1) return kOneInput;
    if (op.out_channels < 1) return "out_channels must be at least 1";
    if (op.dilation < 1 || op.dilation > kMaxSide) return "dilation must be from 1 to 65536";
    if (op.groups < 1) return "groups must be at least 1";
    if (op.groups > 1 && in[0].channels % op.groups != 0)
      return "groups must divide the input width";
    if (op.groups > 1 && op.out_channels % op.groups != 0)
      return "groups must divide the output width";
    return windowed(op.out_channels, op);
  }
  std::string_view operator()(const BatchNorm& /*op*/) const { return same(); }
  std::string_view operator()(const Activate& op) const {
    if (static_cast<std::size_t>(op.kind) >= kActivationNames.size()) return "unknown activation";
    return same();
  }
  std::string_view operator()(const Softmax& /*op*/) const { return same(); }
  std::string_view operator()(const Add& /*op*/) const {
    if (in.size() < 2) return "takes two or more inputs";
    for (std::size_t i = 1; i < in.size(); ++i) {
      if (in[i].channels != in[0].channels) return "branches that are added must be equally wide";
      if (in[i] != in[0]) return "branches that are joined must have maps of one size";
    }
    out = in[0];
    return kKept;
  }
  std::string_view operator()(const Concat& /*op*/) const {
    if (in.size() == 0) return "takes one or more inputs";
    std::int64_t channels = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i].height != in[0].height || in[i].width != in[0].width)
        return "branches that are joined must have maps of one size";
      channels += in[i].channels;
    }
    return sized(channels, in[0].height, in[0].width, out);
  }
  std::string_view operator()(const Slice& op) const {
    if (in.size() != 1) return kOneInput;
    if (op.begin < 0 || op.end <= op.begin || op.end > in[0].channels)
      return "the split must give every branch a width";
    out = {op.end - op.begin, in[0].height, in[0].width};
    return kKept;
  }
  std::string_view operator()(const Shuffle& op) const {
    if (op.groups < 1) return "groups must be at least 1";
    if (in.size() == 1 && in[0].channels % op.groups != 0)
      return "groups must divide the width that is shuffled";
    return same();
  }
  std::string_view operator()(const Pool& op) const {
    if (in.size() != 1) return kOneInput;
    return windowed(in[0].channels, op);
  }
  std::string_view operator()(const PoolTo& /*op*/) const {
    if (in.size() != 2) return kTwoInputs;
    if (in[1].height > in[0].height || in[1].width > in[0].width)
      return "an earlier map must be no smaller than the one that it joins";
    out = {in[0].channels, in[1].height, in[1].width};
    return kKept;
  }
  std::string_view operator()(const GlobalAveragePool& /*op*/) const {
    if (in.size() != 1) return kOneInput;
    out = {in[0].channels, 1, 1};
    return kKept;
  }
  std::string_view operator()(const Multiply& /*op*/) const {
    if (in.size() != 2) return kTwoInputs;
    if (in[1] != Shape{in[0].channels, 1, 1} && in[1] != in[0])
      return "a factor must have the map's shape, or one value a channel";
    out = in[0];
    return kKept;
  }
  std::string_view operator()(const Upsample& op) const {
    if (in.size() != 1) return kOneInput;
    if (op.factor < 1 || op.factor > kMaxSide) return "factor must be from 1 to 65536";
    if (op.mode == Upsample::Mode::Bilinear && op.factor > kMaxBilinear)
      return "a bilinear factor must be at most 128";
    return sized(in[0].channels, std::int64_t{in[0].height} * op.factor,
                 std::int64_t{in[0].width} * op.factor, out);
  }
  std::string_view operator()(const Deconv& op) const {
    if (in.size() != 1) return kOneInput;
    if (op.out_channels < 1) return "out_channels must be at least 1";
    if (op.kernel < 1 || op.kernel > kMaxKernel) return "kernel must be from 1 to 63";
    if (std::int64_t{op.kernel} * op.kernel * op.out_channels > kMaxChannels)
      return "a deconv has at most 65536 channels times pixels of its kernel";
    return sized(op.out_channels, std::int64_t{in[0].height} * op.kernel,
                 std::int64_t{in[0].width} * op.kernel, out);
  }
  std::string_view operator()(const LayerNorm& /*op*/) const { return same(); }
  std::string_view operator()(const LayerScale& /*op*/) const { return same(); }
  std::string_view operator()(const Dropout& op) const {
    return op.rate >= 0 && op.rate < 1 ? same() : "rate must be from 0 to below 1";
  }
  std::string_view operator()(const Zero& op) const {
    if (in.size() != 1) return kOneInput;
    return windowed(in[0].channels, Pool{Pool::Kind::Average, 1, op.stride});
  }
  std::string_view operator()(const Dense& op) const {
    if (in.size() != 1) return kOneInput;
    if (op.out_features < 0) return "out_features must not be negative";
    if (op.out_features == 0 && classes < 1) return "the network must have classes";
    return sized(op.out_features > 0 ? op.out_features : classes, 1, 1, out);
  }
};

/// Names the layer and the rule, and what broke it.
std::string broken_layer(const Layer& layer, std::string_view rule, const InputShapes& in) {
  std::string read;
  for (std::size_t i = 0; i < in.size(); ++i)
    read += fmt::format("{}{}x{}x{}", i == 0 ? " of " : ", ", in[i].channels, in[i].height,
                        in[i].width);
  return fmt::format("{}: {}; got {}{}", layer.name, rule, op_text(layer.op), read);
}

/// Fills `shapes` with the output of every layer; returns the first broken rule, or "".
std::string infer(const Network& network, std::vector<Shape>& shapes) {
  if (network.layers.empty()) return "network: must have an input layer";
  if (!std::holds_alternative<InputLayer>(network.layers.front().op))
    return network.layers.front().name + ": the first layer must be the input layer";
  shapes.reserve(network.layers.size());
  for (const Layer& layer : network.layers) {
    for (const int input : layer.inputs)
      if (input < 0 || static_cast<std::size_t>(input) >= shapes.size())
        return layer.name + ": an input must be an earlier layer";
    const InputShapes in{shapes, layer.inputs};
    Shape shape;
    const Shape& given = network.input;
    const std::string_view rule = shapes.empty() && in.size() == 0
                                      ? sized(given.channels, given.height, given.width, shape)
                                      : infer_shape(layer.op, in, network.classes, shape);
    if (!rule.empty()) return broken_layer(layer, rule, in);
    shapes.push_back(shape);
  }
  return "";
}

std::string broken_names(const Network& network) {
  std::unordered_set<std::string_view> names;
  for (const Layer& layer : network.layers) {
    if (layer.name.empty()) return "network: every layer must have a name";
    if (!names.insert(layer.name).second) return layer.name + ": a layer's name must be unique";
  }
  if (network.outputs.empty()) return "network: must have an output";
  names.clear();
  for (const Output& output : network.outputs) {
    if (output.name.empty()) return "network: every output must have a name";
    if (!names.insert(output.name).second)
      return "output " + output.name + ": an output's name must be unique";
    if (output.layer < 0 || static_cast<std::size_t>(output.layer) >= network.layers.size())
      return "output " + output.name + ": must be a layer of the network";
  }
  return "";
}

}  // namespace

std::string_view infer_shape(const Op& op, const InputShapes& in, int classes, Shape& out) {
  return std::visit(Inference{in, classes, out}, op);
}

std::string_view infer_shape(const Conv& op, const InputShapes& in, Shape& out) {
  return Inference{in, 0, out}(op);
}

std::vector<Shape> infer_shapes(const Network& network) {
  std::vector<Shape> shapes;
  const std::string broken = infer(network, shapes);
  if (!broken.empty()) throw InternalError("malformed network: " + broken);
  return shapes;
}

std::string malformed(const Network& network) {
  std::vector<Shape> shapes;
  const std::string broken = infer(network, shapes);
  return broken.empty() ? broken_names(network) : broken;
}

}  // namespace atto::net
