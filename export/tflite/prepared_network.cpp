#include "export/tflite/prepared_network.hpp"

#include <utility>

#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "export/tflite/windows.hpp"

namespace atto::deploy::tflite {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// Copies a network node by node; some become several.
class Preparation {
 public:
  explicit Preparation(FusedNetwork from) : from_(std::move(from)) {}

  FusedNetwork run() {
    FusedNetwork made{from_.name, from_.structure_hash, {}, from_.outputs};
    made_ = &made;
    for (FusedNode& node : from_.nodes) {
      for (int& input : node.inputs) input = now_[at(input)];
      if (std::holds_alternative<FusedAdd>(node.op))
        sum_pairs(node);
      else if (std::holds_alternative<FusedActivate>(node.op) &&
               node.activation == net::Activation::Swish)
        split_swish(node);
      now_.push_back(static_cast<int>(made.nodes.size()));
      made.nodes.push_back(std::move(node));
    }
    for (net::Output& output : made.outputs) output.layer = now_[at(output.layer)];
    return made;
  }

 private:
  /// Adds a node before the one that is at hand, and returns it.
  int before(const FusedNode& node, const char* part, FusedOp op, std::vector<int> inputs,
             net::Activation activation = net::Activation::None) {
    FusedNode more;
    more.name = node.name + part;
    more.op = std::move(op);
    more.inputs = std::move(inputs);
    more.shape = node.shape;
    more.activation = activation;
    made_->nodes.push_back(std::move(more));
    return static_cast<int>(made_->nodes.size()) - 1;
  }

  void sum_pairs(FusedNode& node) {
    while (node.inputs.size() > 2) {
      const int sum = before(node, "/sum", FusedAdd{}, {node.inputs[0], node.inputs[1]});
      node.inputs.erase(node.inputs.begin());
      node.inputs[0] = sum;
    }
  }
  void split_swish(FusedNode& node) {
    const int gate =
        before(node, "/sigmoid", FusedActivate{}, node.inputs, net::Activation::Sigmoid);
    node.op = FusedMultiply{};
    node.inputs.push_back(gate);
    node.activation = net::Activation::None;
  }

  FusedNetwork from_;
  FusedNetwork* made_ = nullptr;
  std::vector<int> now_;  ///< by node of `from_`
};

/// Whether a node hands on its input's parameters, as the format demands.
struct KeepsParameters {
  const FusedNode& node;
  const net::Shape& in;

  bool operator()(const net::Pool& op) const {
    return op.kind == net::Pool::Kind::Max || padded(op, in) != Padded::Apart;
  }
  bool operator()(const net::PoolTo& /*op*/) const {
    return node.shape.height * node.shape.width > 1 && has_even_cells(in, node.shape);
  }
  bool operator()(const net::Upsample& /*op*/) const { return true; }
  bool operator()(const FusedChannels& /*op*/) const { return node.inputs.size() == 1; }
  template <class Other>
  bool operator()(const Other& /*op*/) const {
    return false;
  }
};

}  // namespace

FusedNetwork prepared_network(const net::Network& network, const net::TensorFile& weights) {
  return Preparation(fuse(network, weights, Attach::Clamps, Residuals::Apart)).run();
}

std::optional<TensorQuantisation> prescribed_parameters(
    const FusedNetwork& network, std::size_t index, std::span<const TensorQuantisation> before) {
  const FusedNode& node = network.nodes[index];
  if (node.inputs.empty()) return std::nullopt;
  const net::Shape& in = network.nodes[at(node.inputs[0])].shape;
  if (std::visit(KeepsParameters{node, in}, node.op)) return before[at(node.inputs[0])];
  if (!std::holds_alternative<FusedActivate>(node.op)) return std::nullopt;
  switch (node.activation) {
    case net::Activation::Sigmoid:
      return TensorQuantisation{1.0F / 256, 0};
    case net::Activation::Tanh:
      return TensorQuantisation{1.0F / 128, 128};
    case net::Activation::HardSigmoid:  // a convolution, clamped by what 8 bits hold
      return TensorQuantisation{short_scale(1.0F / 255), 0};
    default:
      return std::nullopt;
  }
}

Quantisation quantise_prepared(const FusedNetwork& network, std::span<const float> images) {
  QuantiseOptions options;
  options.has_short_scales = true;
  options.prescribed = prescribed_parameters;
  return quantise(network, images, options);
}

}  // namespace atto::deploy::tflite
