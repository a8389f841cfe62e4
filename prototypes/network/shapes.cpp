#include "prototypes/network/shapes.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <unordered_set>

#include "design_specs/errors.hpp"

namespace atto::net {
namespace {

/// A broken rule; thrown and caught inside this file only.
struct Broken {
  std::string rule;
};

void require(bool holds, std::string_view rule) {
  if (!holds) throw Broken{std::string(rule)};
}

std::string text(const Shape& shape) {
  return fmt::format("[{}, {}, {}]", shape.channels, shape.height, shape.width);
}

void require_size(std::int64_t channels, std::int64_t height, std::int64_t width) {
  require(channels >= 1 && height >= 1 && width >= 1, "every side of a tensor must be at least 1");
  require(channels <= kMaxChannels, "a tensor has at most 65536 channels");
  require(height <= kMaxSide && width <= kMaxSide, "a map's sides are at most 65536");
  require(channels * height * width <= kMaxElements, "a tensor has at most 2^30 elements");
}

Shape strided(const Shape& in, int channels, int stride) {
  require(stride >= 1, "stride must be at least 1");
  if (stride > in.height || stride > in.width)
    throw Broken{
        fmt::format("stride {} on a {}x{} map goes below 1x1", stride, in.height, in.width)};
  return {channels, strided_side(in.height, stride), strided_side(in.width, stride)};
}

/// Makes a layer's output shape from those of its inputs, and checks the layer.
struct Inference {
  const Network& network;
  std::span<const Shape> shapes;
  const Layer& layer;

  const Shape& in(std::size_t i) const { return shapes[static_cast<std::size_t>(layer.inputs[i])]; }
  const Shape& only_input() const {
    require(layer.inputs.size() == 1, "takes exactly one input");
    return in(0);
  }

  Shape operator()(const InputLayer& /*op*/) const {
    require(layer.inputs.empty(), "the input layer takes no input");
    require(&layer == &network.layers.front(), "only the first layer may be the input layer");
    return network.input;
  }
  Shape operator()(const Conv& op) const {
    const Shape& from = only_input();
    require(op.out_channels >= 1, "out_channels must be at least 1");
    require(op.kernel >= 1 && op.kernel % 2 == 1, "kernel must be odd");
    require(op.kernel <= kMaxKernel, "kernel must be at most 63");
    require(op.dilation >= 1 && op.dilation <= kMaxSide, "dilation must be from 1 to 65536");
    require(op.groups >= 1, "groups must be at least 1");
    if (from.channels % op.groups != 0 || op.out_channels % op.groups != 0)
      throw Broken{fmt::format("groups {} must divide both {} input and {} output channels",
                               op.groups, from.channels, op.out_channels)};
    return strided(from, op.out_channels, op.stride);
  }
  Shape operator()(const BatchNorm& /*op*/) const { return only_input(); }
  Shape operator()(const Activate& op) const {
    require(static_cast<std::size_t>(op.kind) < kActivationNames.size(), "unknown activation");
    return only_input();
  }
  Shape operator()(const Softmax& /*op*/) const { return only_input(); }
  Shape operator()(const Add& /*op*/) const {
    require(layer.inputs.size() >= 2, "takes two or more inputs");
    for (std::size_t i = 1; i < layer.inputs.size(); ++i)
      if (!(in(i) == in(0)))
        throw Broken{fmt::format("cannot add {} to {}", text(in(i)), text(in(0)))};
    return in(0);
  }
  Shape operator()(const Concat& /*op*/) const {
    require(!layer.inputs.empty(), "takes one or more inputs");
    std::int64_t channels = 0;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      if (in(i).height != in(0).height || in(i).width != in(0).width)
        throw Broken{fmt::format("cannot concatenate {} to {}", text(in(i)), text(in(0)))};
      channels += in(i).channels;
    }
    require_size(channels, in(0).height, in(0).width);
    return {static_cast<int>(channels), in(0).height, in(0).width};
  }
  Shape operator()(const Slice& op) const {
    const Shape& from = only_input();
    if (op.begin < 0 || op.end <= op.begin || op.end > from.channels)
      throw Broken{fmt::format("channels [{}, {}) are not inside the input's {}", op.begin, op.end,
                               from.channels)};
    return {op.end - op.begin, from.height, from.width};
  }
  Shape operator()(const Shuffle& op) const {
    const Shape& from = only_input();
    require(op.groups >= 1, "groups must be at least 1");
    if (from.channels % op.groups != 0)
      throw Broken{fmt::format("groups {} must divide {} channels", op.groups, from.channels)};
    return from;
  }
  Shape operator()(const Pool& op) const {
    const Shape& from = only_input();
    require(op.kernel >= 1 && op.kernel <= kMaxKernel, "kernel must be from 1 to 63");
    require(op.kernel % 2 == 1 || op.stride == op.kernel, "an even kernel needs an equal stride");
    return strided(from, from.channels, op.stride);
  }
  Shape operator()(const PoolTo& /*op*/) const {
    require(layer.inputs.size() == 2, "takes exactly two inputs");
    require(in(1).height <= in(0).height && in(1).width <= in(0).width,
            "pools to a map that is larger than its input");
    return {in(0).channels, in(1).height, in(1).width};
  }
  Shape operator()(const GlobalAveragePool& /*op*/) const { return {only_input().channels, 1, 1}; }
  Shape operator()(const Multiply& /*op*/) const {
    require(layer.inputs.size() == 2, "takes exactly two inputs");
    const bool is_broadcast = in(1) == Shape{in(0).channels, 1, 1};
    if (!is_broadcast && !(in(1) == in(0)))
      throw Broken{fmt::format("cannot multiply {} by {}", text(in(0)), text(in(1)))};
    return in(0);
  }
  Shape operator()(const Upsample& op) const {
    const Shape& from = only_input();
    require(op.factor >= 1 && op.factor <= kMaxSide, "factor must be from 1 to 65536");
    const std::int64_t height = std::int64_t{from.height} * op.factor;
    const std::int64_t width = std::int64_t{from.width} * op.factor;
    require_size(from.channels, height, width);
    return {from.channels, static_cast<int>(height), static_cast<int>(width)};
  }
  Shape operator()(const Dense& op) const {
    only_input();
    require(op.out_features >= 0, "out_features must not be negative");
    require(op.out_features > 0 || network.classes >= 1, "the network must have classes");
    return {op.out_features > 0 ? op.out_features : network.classes, 1, 1};
  }
};

/// Fills `shapes` with the output of every layer; returns the first broken rule, or "".
std::string infer(const Network& network, std::vector<Shape>& shapes) {
  if (network.layers.empty()) return "network: must have an input layer";
  if (!std::holds_alternative<InputLayer>(network.layers.front().op))
    return network.layers.front().name + ": the first layer must be the input layer";
  shapes.reserve(network.layers.size());
  for (const Layer& layer : network.layers) {
    try {
      for (const int input : layer.inputs)
        require(input >= 0 && static_cast<std::size_t>(input) < shapes.size(),
                "an input must be an earlier layer");
      const Shape shape = std::visit(Inference{network, shapes, layer}, layer.op);
      require_size(shape.channels, shape.height, shape.width);
      shapes.push_back(shape);
    } catch (const Broken& broken) {
      return layer.name + ": " + broken.rule;
    }
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
