// Convolutions and dense layers. Weights are [outputs, height, width, inputs], of depthwise ones
// [1, height, width, outputs].
#include <limits>
#include <utility>

#include "export/quantisation/quantise.hpp"
#include "export/tflite/layers.hpp"
#include "export/tflite/windows.hpp"

namespace atto::deploy::tflite {
namespace {

/// [blocks][rows][columns] -> [blocks][columns][rows].
template <class Value>
std::vector<Value> turned(const std::vector<Value>& values, std::size_t rows, std::size_t columns) {
  std::vector<Value> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t block = i / (rows * columns), row = i / columns % rows, column = i % columns;
    result[(block * columns + column) * rows + row] = values[i];
  }
  return result;
}

/// Weights whose scales lie along `axis`; each block of ours is [rows][columns].
int weight_tensor(const Site& site, const std::vector<float>& real, Dims dims, int axis, int rows,
                  int columns) {
  const std::string name = site.node.name + ".weight";
  const auto r = static_cast<std::size_t>(rows), c = static_cast<std::size_t>(columns);
  if (!site.is_int8()) return site.graph.floats(name, std::move(dims), turned(real, r, c));
  return site.graph.bytes(name, std::move(dims), turned(site.weights->weights, r, c),
                          site.weights->scales, axis);
}

int bias_tensor(const Site& site, const std::vector<float>& real, int input) {
  const std::string name = site.node.name + ".bias";
  if (!site.is_int8()) return site.graph.floats(name, {static_cast<int>(real.size())}, real);
  std::vector<float> scales;
  for (const float scale : site.weights->scales)
    scales.push_back(site.graph[input].scales[0] * scale);
  return site.graph.sums(name, site.weights->bias, std::move(scales));
}

/// int8 clamps by what eight bits hold: a clamped tensor's range ends where its clamp does.
int write_deconv(const Site& site, const FusedConv& op) {
  const int input = site.inputs[0], channels = site.from[0].channels;
  const int outputs = site.node.shape.channels, side = op.kernel.height;
  const Dims dims = site.dims();
  Options options;
  options.stride = op.stride;
  const int shape = site.graph.integers(site.node.name + "/shape", {4}, dims);
  const int weights =
      weight_tensor(site, op.weights, {outputs, side, side, channels}, 0, channels, side * side);
  const net::Activation activation = site.node.activation;
  const bool has_clamp = activation != net::Activation::None && !site.is_int8();
  const int made =
      site.make(Op::TransposeConv, has_clamp ? "/deconv" : "",
                {shape, weights, input, bias_tensor(site, op.bias, input)}, dims, options);
  if (!has_clamp) return made;
  return site.make(activation == net::Activation::Relu ? Op::Relu : Op::Relu6, "", {made}, dims);
}

}  // namespace

int write(const Site& site, const FusedConv& op) {
  if (op.is_transposed) return write_deconv(site, op);
  const net::Shape& in = site.from[0];
  const int outputs = site.node.shape.channels, taps = op.kernel.height * op.kernel.width;
  const bool is_depthwise = op.groups > 1 && op.groups == in.channels;
  const Padded way = padded(op, in);
  const int input = way == Padded::Apart
                        ? pad_map(site, site.inputs[0], in, net::rows_of(op), net::columns_of(op))
                        : site.inputs[0];
  Options options;
  options.is_same = way == Padded::Same;
  options.stride = op.stride;
  options.dilation = op.dilation;
  options.activation = site.node.activation;
  const int group_in = in.channels / op.groups;
  int weights = 0;
  if (is_depthwise) {
    options.depth_multiplier = outputs / in.channels;
    weights = weight_tensor(site, op.weights, {1, op.kernel.height, op.kernel.width, outputs}, 3,
                            outputs, taps);
  } else {
    weights =
        weight_tensor(site, op.weights, {outputs, op.kernel.height, op.kernel.width, group_in}, 0,
                      group_in, taps);
  }
  return site.make(is_depthwise ? Op::DepthwiseConv : Op::Conv, "",
                   {input, weights, bias_tensor(site, op.bias, input)}, site.dims(), options);
}

int write(const Site& site, const FusedDense& op) {
  const net::Shape& in = site.from[0];
  const int outputs = site.node.shape.channels, input = site.inputs[0];
  const int plane = in.height * in.width;
  Options options;
  options.activation = site.node.activation;
  const Dims dims = site.is_int8() ? Dims{outputs, in.height, in.width, in.channels}
                                   : Dims{outputs, plane * in.channels};
  const int weights = weight_tensor(site, op.weights, dims, 0, in.channels, plane);
  return site.make(site.is_int8() ? Op::Conv : Op::FullyConnected, "",
                   {input, weights, bias_tensor(site, op.bias, input)},
                   site.is_int8() ? site.dims() : Dims{1, outputs}, options);
}

int write_constant_conv(const Site& site, const std::string& part, int input, const net::Shape& in,
                        const net::Shape& out, FusedConv conv) {
  FusedNode node;
  node.name = site.node.name + part;
  node.shape = out;
  node.op = std::move(conv);
  std::optional<WeightQuantisation> weights;
  if (site.is_int8()) weights = quantise_weights(node, site.graph[input].scales[0], true);
  return write({site.graph, node, {input}, {in}, site.parameters, weights ? &*weights : nullptr},
               std::get<FusedConv>(node.op));
}

int pad_map(const Site& site, int input, const net::Shape& in, const net::WindowSide& rows,
            const net::WindowSide& columns, bool lowest) {
  const int top = rows.before(), bottom = rows.after(in.height), left = columns.before(),
            right = columns.after(in.width);
  const std::string name = site.node.name + "/padding";
  std::vector<int> inputs = {
      input, site.graph.integers(name + ".sides", {4, 2}, {0, 0, top, bottom, left, right, 0, 0})};
  if (lowest) {
    const Tensor of = site.graph[input];
    inputs.push_back(
        of.element == Element::I8
            ? site.graph.bytes(name + ".value", {}, {std::int8_t{-128}}, of.scales, 0,
                               of.zero_point)
            : site.graph.floats(name + ".value", {}, {std::numeric_limits<float>::lowest()}));
  }
  return site.like(input, lowest ? Op::PadV2 : Op::Pad, "/padding", std::move(inputs),
                   {1, in.height + top + bottom, in.width + left + right, in.channels});
}

}  // namespace atto::deploy::tflite
