#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "export/lowering/passes.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy {
namespace {

constexpr double kBatchNormEpsilon = 1e-5;  // prototypes/network/network.hpp

std::vector<float> values(const net::TensorFile& weights, const std::string& name) {
  const net::Tensor& tensor = weights.tensors.at(name);
  std::vector<float> result(static_cast<std::size_t>(tensor.elements()));
  std::memcpy(result.data(), tensor.bytes.data(), result.size() * sizeof(float));
  return result;
}

std::vector<ChannelSource> channels_of(int input, int begin, int end) {
  std::vector<ChannelSource> sources;
  for (int channel = begin; channel < end; ++channel) sources.push_back({input, channel});
  return sources;
}

/// Makes the node of one layer; `in` are its inputs' shapes.
struct Translation {
  const net::Network& network;
  const net::TensorFile& weights;
  const net::Layer& layer;
  const std::vector<net::Shape>& in;
  FusedNode& node;

  FusedOp operator()(const net::InputLayer& /*op*/) const { return FusedInput{}; }
  FusedOp operator()(const net::Conv& op) const {
    FusedConv conv{
        op.kernel, op.stride, op.groups, op.dilation, values(weights, layer.name + ".weight"), {}};
    conv.padding = op.padding;
    conv.bias = op.bias ? values(weights, layer.name + ".bias")
                        : std::vector<float>(static_cast<std::size_t>(op.out_channels));
    return conv;
  }
  FusedOp operator()(const net::BatchNorm& /*op*/) const {
    const auto gamma = values(weights, layer.name + ".weight");
    const auto beta = values(weights, layer.name + ".bias");
    const auto mean = values(weights, layer.name + ".running_mean");
    const auto variance = values(weights, layer.name + ".running_var");
    FusedConv scale{1, 1, in[0].channels, 1, {}, {}};
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      const double factor = gamma[c] / std::sqrt(double{variance[c]} + kBatchNormEpsilon);
      scale.weights.push_back(static_cast<float>(factor));
      scale.bias.push_back(static_cast<float>(beta[c] - mean[c] * factor));
    }
    return scale;
  }
  FusedOp operator()(const net::Deconv& op) const {
    const auto own = values(weights, layer.name + ".weight");
    FusedConv conv{op.kernel, op.kernel, 1, 1, {}, {}, true};
    const auto taps = static_cast<std::size_t>(op.kernel) * static_cast<std::size_t>(op.kernel);
    const auto inputs = static_cast<std::size_t>(in[0].channels),
               outputs = static_cast<std::size_t>(op.out_channels);
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t t = 0; t < taps; ++t)
          conv.weights.push_back(own[(i * outputs + o) * taps + t]);
    conv.bias = op.bias ? values(weights, layer.name + ".bias") : std::vector<float>(outputs);
    return conv;
  }
  FusedOp operator()(const net::LayerScale& /*op*/) const {
    const auto channels = static_cast<std::size_t>(in[0].channels);
    return FusedConv{1,
                     1,
                     in[0].channels,
                     1,
                     values(weights, layer.name + ".weight"),
                     std::vector<float>(channels)};
  }
  FusedOp operator()(const net::LayerNorm& /*op*/) const {
    return FusedConv{1,
                     1,
                     in[0].channels,
                     1,
                     values(weights, layer.name + ".weight"),
                     values(weights, layer.name + ".bias")};
  }
  FusedOp operator()(const net::Dropout& /*op*/) const { return FusedActivate{}; }
  FusedOp operator()(const net::Zero& op) const {
    const std::vector<float> zeros(static_cast<std::size_t>(in[0].channels));
    return FusedConv{1, op.stride, in[0].channels, 1, zeros, zeros};
  }
  FusedOp operator()(const net::Activate& op) const {
    node.activation = op.kind;
    return FusedActivate{};
  }
  /// Zeros are left out of sums; where there is nothing else, one of them stays.
  FusedOp operator()(const net::Add& /*op*/) const {
    std::vector<int> terms;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (!std::holds_alternative<net::Zero>(
              network.layers[static_cast<std::size_t>(layer.inputs[i])].op))
        terms.push_back(node.inputs[i]);
    if (terms.empty()) terms.push_back(node.inputs[0]);
    node.inputs = std::move(terms);
    if (node.inputs.size() == 1) return FusedActivate{};
    return FusedAdd{};
  }
  FusedOp operator()(const net::Concat& /*op*/) const {
    FusedChannels moves;
    for (std::size_t i = 0; i < in.size(); ++i)
      for (const ChannelSource source : channels_of(static_cast<int>(i), 0, in[i].channels))
        moves.sources.push_back(source);
    return moves;
  }
  FusedOp operator()(const net::Slice& op) const {
    return FusedChannels{channels_of(0, op.begin, op.end)};
  }
  FusedOp operator()(const net::Shuffle& op) const {
    const int channels = in[0].channels, each = channels / op.groups;
    FusedChannels moves;
    moves.sources.resize(static_cast<std::size_t>(channels));
    for (int c = 0; c < channels; ++c)
      moves.sources[static_cast<std::size_t>(c % each * op.groups + c / each)] = {0, c};
    return moves;
  }
  FusedOp operator()(const net::PoolTo& op) const {
    node.inputs.resize(1);  // the second input gives the size only
    return op;
  }
  FusedOp operator()(const net::Multiply& /*op*/) const { return FusedMultiply{}; }
  FusedOp operator()(const net::Dense& /*op*/) const {
    return FusedDense{values(weights, layer.name + ".weight"),
                      values(weights, layer.name + ".bias")};
  }
  template <class Kept>
  FusedOp operator()(const Kept& op) const {
    return op;
  }
};

}  // namespace

FusedNetwork translate(const net::Network& network, const net::TensorFile& weights) {
  net::check_weights(network, weights, "weights");
  const std::vector<net::Shape> shapes = net::infer_shapes(network);
  FusedNetwork fused{network.name, net::structure_hash(network), {}, network.outputs};
  std::vector<int> node_of;  // by layer
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const net::Layer& layer = network.layers[i];
    std::vector<int> inputs;
    for (const int input : layer.inputs) inputs.push_back(node_of[static_cast<std::size_t>(input)]);
    if (std::holds_alternative<net::LayerNorm>(layer.op)) {
      FusedNode& normalised = fused.nodes.emplace_back();
      normalised.name = layer.name + ".normalised";
      normalised.op = net::LayerNorm{};
      normalised.inputs = std::move(inputs);
      normalised.shape = shapes[i];
      inputs = {static_cast<int>(fused.nodes.size()) - 1};
    }
    node_of.push_back(static_cast<int>(fused.nodes.size()));
    FusedNode& node = fused.nodes.emplace_back();
    node.name = layer.name;
    node.inputs = std::move(inputs);
    node.shape = shapes[i];
    node.layers = {static_cast<int>(i)};
    std::vector<net::Shape> in;
    for (const int input : layer.inputs) in.push_back(shapes[static_cast<std::size_t>(input)]);
    node.op = std::visit(Translation{network, weights, layer, in, node}, layer.op);
  }
  for (net::Output& output : fused.outputs)
    output.layer = node_of[static_cast<std::size_t>(output.layer)];
  return fused;
}

}  // namespace atto::deploy
