#include "export/reference/fused_interpreter.hpp"

#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/lowering/bf16.hpp"
#include "export/reference/kept_ops.hpp"
#include "export/reference/plain_ops.hpp"

namespace atto::deploy {
namespace {

using Values = std::vector<float>;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

void activate(Values& values, net::Activation kind) {
  if (kind == net::Activation::None) return;
  for (float& x : values) x = static_cast<float>(plain::activation(kind, x));
}

}  // namespace

/// Runs one node's operation: one overload an operation; what fusion leaves alone is
/// kept_ops.cpp's.
struct FusedInterpreter::Step {
  const FusedNetwork& network;
  const FusedNode& node;
  const std::vector<Values>& values;
  Values& dst;
  bool is_bf16;  ///< this node multiplies in bf16

  const net::Shape& shape(std::size_t i) const { return network.nodes[at(node.inputs[i])].shape; }
  const Values& src(std::size_t i) const { return values[at(node.inputs[i])]; }
  /// What is multiplied; `room` holds it where it is not the values themselves.
  std::span<const float> operand(const Values& of, Values& room) const {
    if (!is_bf16) return of;
    room.resize(of.size());
    std::transform(of.begin(), of.end(), room.begin(), bf16_rounded);
    return room;
  }

  void operator()(const FusedInput& /*op*/) const {}  // run() fills it
  void operator()(const FusedConv& op) const {
    Values inputs, weights;
    if (op.is_transposed)
      return plain::deconv(operand(src(0), inputs), shape(0), operand(op.weights, weights), op.bias,
                           op.kernel.height, dst);
    plain::conv(operand(src(0), inputs), shape(0), operand(op.weights, weights), op.bias, op.groups,
                plain::window_of(op), node.shape, dst);
  }
  void operator()(const FusedDense& op) const {
    Values inputs, weights;
    plain::dense(operand(src(0), inputs), operand(op.weights, weights), op.bias, dst);
  }
  void operator()(const FusedActivate& /*op*/) const { dst = src(0); }
  void operator()(const FusedAdd& /*op*/) const {
    for (std::size_t e = 0; e < dst.size(); ++e) {
      double sum = 0;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) sum += src(i)[e];
      dst[e] = static_cast<float>(sum);
    }
  }
  void operator()(const FusedMultiply& /*op*/) const {
    const std::size_t each = src(0).size() / src(1).size();  // 1, or a plane when broadcast
    for (std::size_t e = 0; e < dst.size(); ++e) dst[e] = src(0)[e] * src(1)[e / each];
  }
  void operator()(const FusedChannels& op) const {
    const std::size_t plane = dst.size() / op.sources.size();
    for (std::size_t c = 0; c < op.sources.size(); ++c)
      std::copy_n(src(at(op.sources[c].input)).data() + at(op.sources[c].channel) * plane, plane,
                  dst.data() + c * plane);
  }
  template <class Kept>
  void operator()(const Kept& op) const {
    plain::Maps maps{{}, {}, node.shape, dst};
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      maps.src.emplace_back(src(i));
      maps.in.push_back(shape(i));
    }
    plain::run_kept(op, maps);
  }
};

FusedInterpreter::FusedInterpreter(const FusedNetwork& network, Precision precision)
    : network_(network),
      is_bf16_(precision == Precision::Bf16),
      last_reader_(network.nodes.size(), 0) {
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    for (const int input : network.nodes[i].inputs) last_reader_[at(input)] = static_cast<int>(i);
    if (network.nodes[i].residual >= 0)
      last_reader_[at(network.nodes[i].residual)] = static_cast<int>(i);
  }
  for (const net::Output& output : network.outputs)
    last_reader_[at(output.layer)] = static_cast<int>(network.nodes.size());
}

std::vector<Values> FusedInterpreter::run(std::span<const float> image, const Watch& watch) const {
  if (static_cast<std::int64_t>(image.size()) != network_.nodes[0].shape.elements())
    throw InternalError("an image must have the elements of the network's input");
  std::vector<Values> values(network_.nodes.size());
  for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
    const FusedNode& node = network_.nodes[i];
    Values& made = values[i];
    made.resize(static_cast<std::size_t>(node.shape.elements()));
    if (i == 0) made.assign(image.begin(), image.end());
    const bool is_bf16 = is_bf16_ && multiplies_in_bf16(network_, node);
    std::visit(Step{network_, node, values, made, is_bf16}, node.op);
    activate(made, node.activation);
    if (node.residual >= 0) {
      const Values& residual = values[at(node.residual)];
      for (std::size_t e = 0; e < made.size(); ++e) made[e] += residual[e];
      activate(made, node.joined_activation);
    }
    if (watch) watch(static_cast<int>(i), made);
    const auto done = [&](int read) {
      if (last_reader_[at(read)] == static_cast<int>(i)) Values().swap(values[at(read)]);
    };
    for (const int input : node.inputs) done(input);
    if (node.residual >= 0) done(node.residual);
  }
  std::vector<Values> outputs;
  for (const net::Output& output : network_.outputs) outputs.push_back(values[at(output.layer)]);
  return outputs;
}

}  // namespace atto::deploy
