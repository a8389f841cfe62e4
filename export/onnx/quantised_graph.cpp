#include "export/onnx/quantised_graph.hpp"

#include <cstring>

#include "design_specs/errors.hpp"
#include "export/onnx/layer_nodes.hpp"

namespace atto::deploy::onnx {
namespace {

using Sides = std::vector<std::int64_t>;
using Type = net::Tensor::Type;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

template <class Value>
net::Tensor tensor_of(Type type, Sides shape, const std::vector<Value>& values) {
  net::Tensor tensor{type, std::move(shape),
                     std::vector<std::uint8_t>(values.size() * sizeof(Value))};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

std::vector<std::string> output_names(const FusedNetwork& network) {
  std::vector<std::string> names;
  for (const net::Output& output : network.outputs) names.push_back(output.name);
  return names;
}

class QuantisedWriter {
 public:
  QuantisedWriter(const FusedNetwork& network, const Quantisation& quantisation)
      : network_(network),
        quantisation_(quantisation),
        graph_(network.name, output_names(network)),
        tensors_(network.nodes.size()) {}

  Graph write(std::map<std::string, std::string> metadata) {
    for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
      index_ = i;
      std::string made = std::visit(*this, node().op);
      if (std::holds_alternative<net::Softmax>(node().op)) {
        tensors_[i] = made;
        continue;
      }
      tensors_[i] = through_u8(finish(std::move(made)));
    }
    for (const net::Output& output : network_.outputs) add_output(output);
    return graph_.finish(std::move(metadata));
  }

  std::string operator()(const FusedInput& /*op*/) {
    const net::Shape& shape = node().shape;
    return graph_.input({node().name, {shape.channels, shape.height, shape.width}});
  }
  std::string operator()(const FusedConv& op) {
    if (op.is_transposed) return deconv(op);
    const std::int64_t outputs = node().shape.channels;
    const auto each = static_cast<std::int64_t>(op.weights.size()) / outputs;
    return graph_.add("Conv", node().name + "/conv",
                      {map(node().inputs[0]),
                       weights({outputs, each / (op.kernel.height * op.kernel.width),
                                op.kernel.height, op.kernel.width}),
                       bias()},
                      convolution_attributes(op, network_.nodes[at(node().inputs[0])].shape));
  }
  std::string deconv(const FusedConv& op) {
    const std::int64_t outputs = node().shape.channels, side = op.kernel.height, taps = side * side;
    const std::vector<std::int8_t>& own = quantisation_.weights[index_].weights;
    const std::int64_t inputs = static_cast<std::int64_t>(own.size()) / taps / outputs;
    std::vector<std::int8_t> turned;  // [I, O, k, k]
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t o = 0; o < outputs; ++o)
        turned.insert(turned.end(), own.begin() + (o * inputs + i) * taps,
                      own.begin() + (o * inputs + i + 1) * taps);
    return graph_.add(
        "ConvTranspose", node().name + "/deconv",
        {map(node().inputs[0]), weights({inputs, outputs, side, side}, turned, 1), bias()},
        {{"kernel_shape", Sides{side, side}}, {"strides", Sides{side, side}}});
  }
  std::string operator()(const FusedDense& op) {
    const auto outputs = static_cast<std::int64_t>(op.bias.size());
    const int input = node().inputs[0];
    std::string from = tensors_[at(input)];
    if (!is_flat(input))
      from = graph_.add("Flatten", node().name + "/flat", {from}, {{"axis", std::int64_t{1}}});
    return graph_.add(
        "Gemm", node().name + "/gemm",
        {from, weights({outputs, static_cast<std::int64_t>(op.weights.size()) / outputs}), bias()},
        {{"transB", std::int64_t{1}}});
  }
  std::string operator()(const FusedActivate& /*op*/) { return tensors_[at(node().inputs[0])]; }
  std::string operator()(const FusedAdd& /*op*/) {
    return onnx::write(graph_, site("/add"), net::Add{});
  }
  std::string operator()(const FusedMultiply& /*op*/) {
    return onnx::write(graph_, site("/mul"), net::Multiply{});
  }
  std::string operator()(const FusedChannels& op) {
    const LayerSite from = site("");
    std::string joined = from.inputs[0];
    if (from.inputs.size() > 1)
      joined =
          graph_.add("Concat", node().name + "/joined", from.inputs, {{"axis", std::int64_t{1}}});
    Sides first = {0}, places;
    for (const net::Shape& shape : from.from) first.push_back(first.back() + shape.channels);
    for (const ChannelSource& source : op.sources)
      places.push_back(first[at(source.input)] + source.channel);
    return graph_.add("Gather", node().name + "/moved",
                      {joined, graph_.integers(node().name + "/channels", places)},
                      {{"axis", std::int64_t{1}}});
  }
  template <class Kept>
  std::string operator()(const Kept& op) {
    return onnx::write(graph_, site("/" + std::string(Kept::kIdentity.short_name)), op);
  }
  std::string operator()(const net::Softmax& /*op*/) {
    return graph_.add("Softmax", node().name, {tensors_[at(node().inputs[0])]},
                      {{"axis", std::int64_t{1}}}, claimed());
  }

 private:
  const FusedNode& node() const { return network_.nodes[index_]; }
  const net::Shape& shape_of(int index) const { return network_.nodes[at(index)].shape; }

  /// Dense makes [batch, features]; activations and softmax keep it, all others want a map.
  bool is_flat(int index) const {
    const FusedNode& of = network_.nodes[at(index)];
    if (std::holds_alternative<FusedDense>(of.op)) return true;
    return (std::holds_alternative<FusedActivate>(of.op) ||
            std::holds_alternative<net::Softmax>(of.op)) &&
           is_flat(of.inputs[0]);
  }

  /// A tensor as [batch, channels, height, width].
  std::string map(int index) {
    if (!is_flat(index)) return tensors_[at(index)];
    const std::string name = network_.nodes[at(index)].name + "/map";
    return graph_.add("Reshape", name,
                      {tensors_[at(index)],
                       graph_.integers(name + ".shape", {0, shape_of(index).channels, 1, 1})});
  }

  LayerSite site(const std::string& part) {
    LayerSite made{node().name + part, {}, {}, node().shape, {}};
    for (const int input : node().inputs) {
      made.inputs.push_back(map(input));
      made.from.push_back(shape_of(input));
    }
    return made;
  }

  std::string activate(std::string made, net::Activation kind, const char* part) {
    if (kind == net::Activation::None) return made;
    return onnx::write(graph_,
                       {node().name + part, {std::move(made)}, {node().shape}, node().shape, {}},
                       net::Activate{kind});
  }

  /// Activation, residual and joined activation.
  std::string finish(std::string made) {
    made = activate(std::move(made), node().activation, "/activation");
    if (node().residual < 0) return made;
    const int other = node().residual;
    std::string residual = tensors_[at(other)];
    if (std::holds_alternative<FusedDense>(node().op) && !is_flat(other))
      residual =
          graph_.add("Flatten", node().name + "/residual", {residual}, {{"axis", std::int64_t{1}}});
    else if (!std::holds_alternative<FusedDense>(node().op))
      residual = map(other);
    made = graph_.add("Add", node().name + "/joined", {std::move(made), residual});
    return activate(std::move(made), node().joined_activation, "/joined_activation");
  }

  /// A scale or zero point, or one for each output.
  template <class Value>
  std::string parameter(const std::string& name, Type type, const std::vector<Value>& values,
                        bool is_single) {
    const Sides shape = is_single ? Sides{} : Sides{static_cast<std::int64_t>(values.size())};
    return graph_.constant(node().name + name, tensor_of(type, shape, values));
  }

  /// float -> u8 -> float with the node's parameters.
  std::string through_u8(const std::string& made) {
    const TensorQuantisation& of = quantisation_.tensors[index_];
    const std::vector<float> scale = {of.scale};
    const std::vector<std::uint8_t> zero = {static_cast<std::uint8_t>(of.zero_point)};
    const std::string s = parameter("/scale", Type::F32, scale, true);
    const std::string z = parameter("/zero_point", Type::U8, zero, true);
    const std::string whole =
        graph_.add("QuantizeLinear", node().name + "/quantised", {made, s, z});
    return graph_.add("DequantizeLinear", index_ == 0 ? node().name + "/real" : node().name,
                      {whole, s, z}, {}, claimed());
  }

  std::string weights(const Sides& shape) {
    return weights(shape, quantisation_.weights[index_].weights, 0);
  }
  /// Outputs lie along `axis`.
  std::string weights(const Sides& shape, const std::vector<std::int8_t>& whole,
                      std::int64_t axis) {
    const std::vector<float>& scales = quantisation_.weights[index_].scales;
    return dequantised(
        ".weight", tensor_of(Type::I8, shape, whole), scales,
        parameter(".weight/zero_point", Type::I8, std::vector<std::int8_t>(scales.size()), false),
        axis);
  }

  std::string bias() {
    const WeightQuantisation& of = quantisation_.weights[index_];
    std::vector<float> scales;
    for (const float scale : of.scales)
      scales.push_back(quantisation_.tensors[at(node().inputs[0])].scale * scale);
    return dequantised(
        ".bias", tensor_of(Type::I32, {static_cast<std::int64_t>(of.bias.size())}, of.bias), scales,
        parameter(".bias/zero_point", Type::I32, std::vector<std::int32_t>(scales.size()), false));
  }

  std::string dequantised(const char* name, net::Tensor whole, const std::vector<float>& scales,
                          const std::string& zero, std::int64_t axis = 0) {
    const std::string full = node().name + name;
    const std::string scale = parameter(std::string(name) + "/scale", Type::F32, scales, false);
    return graph_.add("DequantizeLinear", full,
                      {graph_.constant(full + "/quantised", std::move(whole)), scale, zero},
                      {{"axis", axis}});
  }

  /// The name of the first output that is this node.
  std::string claimed() const {
    for (const net::Output& output : network_.outputs)
      if (output.layer == static_cast<int>(index_)) return output.name;
    return {};
  }

  void add_output(const net::Output& output) {
    const std::string& made = tensors_[at(output.layer)];
    if (made != output.name) graph_.add("Identity", output.name, {made}, {}, output.name);
    const net::Shape& shape = shape_of(output.layer);
    graph_.output({output.name, is_flat(output.layer)
                                    ? Sides{shape.channels}
                                    : Sides{shape.channels, shape.height, shape.width}});
  }

  const FusedNetwork& network_;
  const Quantisation& quantisation_;
  GraphBuilder graph_;
  std::vector<std::string> tensors_;  ///< by node: dequantised
  std::size_t index_ = 0;
};

}  // namespace

Graph quantised_graph(const FusedNetwork& network, const Quantisation& quantisation,
                      std::map<std::string, std::string> metadata) {
  if (quantisation.tensors.size() != network.nodes.size() ||
      quantisation.weights.size() != network.nodes.size())
    throw InternalError("a quantisation must have an entry for every node");
  metadata["precision"] = "int8";
  return QuantisedWriter(network, quantisation).write(std::move(metadata));
}

}  // namespace atto::deploy::onnx
