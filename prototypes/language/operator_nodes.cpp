#include "prototypes/language/operator_nodes.hpp"

namespace atto::net {
namespace {

void convolution(const Operator& op, const Decided& decided, Node& node) {
  node.kind = Node::Kind::Unit;
  node.kernel = decided.value(op.kernel);
  node.dilation = decided.value(op.dilation);
  node.padding = decided.option(op.padding);
  node.norm = decided.option(op.norm) != 0;
  node.bias = op.bias.options.empty() ? !node.norm : decided.option(op.bias) != 0;
  node.activation = decided.option(op.activation);
  node.one_group_per_channel = op.kind == OperatorKind::Depthwise;
  node.is_transposed = op.kind == OperatorKind::Deconv;
  if (op.kind == OperatorKind::Grouped) node.groups = decided.value(op.groups);
}

Pool pool_of(Pool::Kind kind, const Operator& op, const Decided& decided, const Sides& stride) {
  return {kind, decided.value(op.kernel), stride, decided.option(op.padding)};
}
/// An operator that is an operation of the IR.
void stands(const Op& op, Node& node) {
  node.kind = Node::Kind::Operation;
  node.op = op;
}

}  // namespace

void fill_node(const Operator& op, const Decided& decided, Node& node) {
  switch (op.kind) {
    case OperatorKind::MaxPool:
      return stands(pool_of(Pool::Kind::Max, op, decided, node.stride), node);
    case OperatorKind::AveragePool:
      return stands(pool_of(Pool::Kind::Average, op, decided, node.stride), node);
    case OperatorKind::GlobalAveragePool:
      return stands(GlobalAveragePool{}, node);
    case OperatorKind::ChannelShuffle:
      return stands(Shuffle{decided.value(op.groups)}, node);
    case OperatorKind::Upsample:
      return stands(
          Upsample{decided.value(op.factor), static_cast<Upsample::Mode>(decided.option(op.mode))},
          node);
    case OperatorKind::Softmax:
      return stands(Softmax{}, node);
    case OperatorKind::BatchNorm:
      return stands(BatchNorm{}, node);
    case OperatorKind::LayerNorm:
      return stands(LayerNorm{}, node);
    case OperatorKind::LayerScale:
      return stands(LayerScale{decided.option(op.init)}, node);
    case OperatorKind::Dropout:
      return stands(Dropout{decided.option(op.rate)}, node);
    case OperatorKind::Zero:
      return stands(Zero{node.stride}, node);
    case OperatorKind::SqueezeExcite:
      node.kind = Node::Kind::SqueezeExcite;
      node.reduction = decided.value(op.reduction);
      node.squeezed = decided.value(op.squeezed);
      node.activation = decided.option(op.activation);
      node.gate = decided.option(op.gate);
      return;
    case OperatorKind::Dense:
      node.kind = Node::Kind::Dense;
      return;
    case OperatorKind::Activation:
      node.kind = Node::Kind::Activate;
      node.activation = decided.option(op.activation);
      return;
    case OperatorKind::Conv:
    case OperatorKind::Pointwise:
    case OperatorKind::Depthwise:
    case OperatorKind::Grouped:
    case OperatorKind::Deconv:
      return convolution(op, decided, node);
  }
}

bool has_width(const Node& node) {
  return node.kind == Node::Kind::Dense ||
         (node.kind == Node::Kind::Unit && !node.one_group_per_channel);
}

}  // namespace atto::net
