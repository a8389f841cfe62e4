#include "export/lowering/passes.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "design_specs/errors.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// Follows which node now stands for which, and removes the nodes that nothing stands on.
class Substitution {
 public:
  explicit Substitution(std::size_t nodes) : stands_for_(nodes) {
    std::iota(stands_for_.begin(), stands_for_.end(), 0);
  }
  /// Lets every reader of `gone` read `by` instead. `by` is an earlier node.
  void replace(int gone, int by) { stands_for_[at(gone)] = stands_for_[at(by)]; }
  int operator()(int node) const { return stands_for_[at(node)]; }

  /// Applies the replacements and drops the replaced nodes.
  FusedNetwork apply(FusedNetwork network) const {
    std::vector<int> index(network.nodes.size(), -1);
    FusedNetwork result{network.name, network.structure_hash, {}, network.outputs};
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
      if (stands_for_[i] != static_cast<int>(i)) continue;
      FusedNode node = std::move(network.nodes[i]);
      for (int& input : node.inputs) input = index[at(stands_for_[at(input)])];
      if (node.residual >= 0) node.residual = index[at(stands_for_[at(node.residual)])];
      index[i] = static_cast<int>(result.nodes.size());
      result.nodes.push_back(std::move(node));
    }
    for (net::Output& output : result.outputs)
      output.layer = index[at(stands_for_[at(output.layer)])];
    return result;
  }

 private:
  std::vector<int> stands_for_;
};

/// Makes `node` cover what `later` did, and take its name.
void absorb(FusedNode& node, const FusedNode& later) {
  node.name = later.name;
  node.layers.insert(node.layers.end(), later.layers.begin(), later.layers.end());
  std::sort(node.layers.begin(), node.layers.end());
}

bool has_weights(const FusedNode& node) {
  return std::holds_alternative<FusedConv>(node.op) || std::holds_alternative<FusedDense>(node.op);
}

/// A 1x1 depthwise convolution with one output per channel.
bool is_scale(const FusedNode& node) {
  const auto* conv = std::get_if<FusedConv>(&node.op);
  return conv != nullptr && conv->kernel == net::Sides(1) && conv->stride == net::Sides(1) &&
         conv->groups == node.shape.channels &&
         conv->weights.size() == static_cast<std::size_t>(node.shape.channels);
}

bool is_plain(const FusedNode& node) {
  return node.activation == net::Activation::None && node.residual < 0;
}

template <class Weighted>
void scale_outputs(Weighted& op, const FusedConv& scale) {
  const std::size_t outputs = op.bias.size(), each = op.weights.size() / outputs;
  for (std::size_t o = 0; o < outputs; ++o) {
    const double factor = scale.weights[o];
    for (std::size_t i = 0; i < each; ++i)
      op.weights[o * each + i] = static_cast<float>(op.weights[o * each + i] * factor);
    op.bias[o] = static_cast<float>(op.bias[o] * factor + scale.bias[o]);
  }
}

/// Whether every output adds up all channels of its pixels, and never padding.
bool mixes_pixels(const FusedNode& node, const net::Shape& in) {
  if (std::holds_alternative<FusedDense>(node.op)) return true;
  const auto* conv = std::get_if<FusedConv>(&node.op);
  if (conv == nullptr || conv->groups != 1 || conv->is_transposed) return false;
  const net::WindowSide rows = net::rows_of(*conv), columns = net::columns_of(*conv);
  return rows.before() == 0 && rows.after(in.height) == 0 && columns.before() == 0 &&
         columns.after(in.width) == 0;
}

/// Lets the convolution or dense layer take what `scale` takes.
template <class Weighted>
void scale_inputs(Weighted& op, const FusedConv& scale) {
  const std::size_t inputs = scale.bias.size(), each = op.weights.size() / op.bias.size();
  const std::size_t taps = each / inputs;
  for (std::size_t o = 0; o < op.bias.size(); ++o) {
    double bias = op.bias[o];
    for (std::size_t i = 0; i < each; ++i) {
      float& weight = op.weights[o * each + i];
      bias += double{weight} * scale.bias[i / taps];
      weight = static_cast<float>(double{weight} * scale.weights[i / taps]);
    }
    op.bias[o] = static_cast<float>(bias);
  }
}

bool copies_input(const FusedNetwork& network, const FusedNode& node) {
  if (!is_plain(node)) return false;
  if (std::holds_alternative<FusedActivate>(node.op)) return true;
  if (const auto* pool = std::get_if<net::Pool>(&node.op))
    return pool->kernel == net::Sides(1) && pool->stride == net::Sides(1);
  const auto same_shape = [&] { return node.shape == network.nodes[at(node.inputs[0])].shape; };
  if (const auto* upsample = std::get_if<net::Upsample>(&node.op)) return upsample->factor == 1;
  if (std::holds_alternative<net::PoolTo>(node.op) ||
      std::holds_alternative<net::GlobalAveragePool>(node.op))
    return same_shape();
  const auto* moves = std::get_if<FusedChannels>(&node.op);
  if (moves == nullptr || node.inputs.size() != 1 || !same_shape()) return false;
  for (std::size_t c = 0; c < moves->sources.size(); ++c)
    if (moves->sources[c].channel != static_cast<int>(c)) return false;
  return true;
}

}  // namespace

bool is_clamp(net::Activation activation) {
  return activation == net::Activation::None || activation == net::Activation::Relu ||
         activation == net::Activation::Relu6;
}

std::vector<int> count_readers(const FusedNetwork& network) {
  std::vector<int> readers(network.nodes.size());
  for (const FusedNode& node : network.nodes) {
    for (const int input : node.inputs) ++readers[at(input)];
    if (node.residual >= 0) ++readers[at(node.residual)];
  }
  for (const net::Output& output : network.outputs) ++readers[at(output.layer)];
  return readers;
}

FusedNetwork fold_scales(FusedNetwork network) {
  const std::vector<int> readers = count_readers(network);
  Substitution now(network.nodes.size());
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    FusedNode& node = network.nodes[i];
    if (!is_scale(node)) continue;
    const int source = now(node.inputs[0]);
    FusedNode& target = network.nodes[at(source)];
    if (readers[at(node.inputs[0])] != 1 || !has_weights(target) || !is_plain(target)) continue;
    const auto& scale = std::get<FusedConv>(node.op);
    if (auto* conv = std::get_if<FusedConv>(&target.op))
      scale_outputs(*conv, scale);
    else
      scale_outputs(std::get<FusedDense>(target.op), scale);
    target.activation = node.activation;
    absorb(target, node);
    now.replace(static_cast<int>(i), source);
  }
  return now.apply(std::move(network));
}

FusedNetwork fold_scales_ahead(FusedNetwork network) {
  const std::vector<int> readers = count_readers(network);
  Substitution now(network.nodes.size());
  for (FusedNode& node : network.nodes) {
    if (!has_weights(node)) continue;
    const int input = node.inputs[0];
    const FusedNode& scale = network.nodes[at(input)];
    if (!mixes_pixels(node, scale.shape)) continue;
    if (readers[at(input)] != 1 || !is_scale(scale) || !is_plain(scale)) continue;
    const FusedConv& taken = std::get<FusedConv>(scale.op);
    if (auto* conv = std::get_if<FusedConv>(&node.op))
      scale_inputs(*conv, taken);
    else
      scale_inputs(std::get<FusedDense>(node.op), taken);
    node.layers.insert(node.layers.begin(), scale.layers.begin(), scale.layers.end());
    now.replace(input, now(scale.inputs[0]));
  }
  return now.apply(std::move(network));
}

FusedNetwork remove_identities(FusedNetwork network) {
  Substitution now(network.nodes.size());
  for (std::size_t i = 1; i < network.nodes.size(); ++i)
    if (copies_input(network, network.nodes[i]))
      now.replace(static_cast<int>(i), now(network.nodes[i].inputs[0]));
  return now.apply(std::move(network));
}

FusedNetwork merge_channel_moves(FusedNetwork network) {
  for (FusedNode& node : network.nodes) {
    auto* moves = std::get_if<FusedChannels>(&node.op);
    if (moves == nullptr) continue;
    std::vector<int> inputs;
    for (ChannelSource& source : moves->sources) {
      int from = node.inputs[at(source.input)], channel = source.channel;
      if (const auto* before = std::get_if<FusedChannels>(&network.nodes[at(from)].op)) {
        const ChannelSource deeper = before->sources[at(channel)];
        from = network.nodes[at(from)].inputs[at(deeper.input)];
        channel = deeper.channel;
      }
      const auto known = std::find(inputs.begin(), inputs.end(), from);
      source = {static_cast<int>(known - inputs.begin()), channel};
      if (known == inputs.end()) inputs.push_back(from);
    }
    node.inputs = std::move(inputs);
  }
  return network;
}

FusedNetwork attach_activations(FusedNetwork network, Attach attach) {
  const std::vector<int> readers = count_readers(network);
  Substitution now(network.nodes.size());
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    FusedNode& node = network.nodes[i];
    if (!std::holds_alternative<FusedActivate>(node.op)) continue;
    const int source = now(node.inputs[0]);
    FusedNode& target = network.nodes[at(source)];
    const bool takes = has_weights(target) || std::holds_alternative<FusedAdd>(target.op) ||
                       std::holds_alternative<FusedMultiply>(target.op);
    if (!takes || readers[at(node.inputs[0])] != 1) continue;
    if (attach == Attach::Clamps && !is_clamp(node.activation)) continue;
    net::Activation& slot = target.residual >= 0 ? target.joined_activation : target.activation;
    if (slot != net::Activation::None) continue;
    slot = node.activation;
    absorb(target, node);
    now.replace(static_cast<int>(i), source);
  }
  return now.apply(std::move(network));
}

FusedNetwork attach_residuals(FusedNetwork network) {
  const std::vector<int> readers = count_readers(network);
  Substitution now(network.nodes.size());
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    FusedNode& node = network.nodes[i];
    if (!std::holds_alternative<FusedAdd>(node.op) || node.inputs.size() != 2) continue;
    const int later = std::max(node.inputs[0], node.inputs[1]);
    const int earlier = now(std::min(node.inputs[0], node.inputs[1]));
    FusedNode& target = network.nodes[at(later)];
    // An earlier substitution leaves a node where it was, so that `earlier` still comes first.
    const auto* conv = std::get_if<FusedConv>(&target.op);
    if (now(later) != later || readers[at(later)] != 1 || !has_weights(target) ||
        (conv != nullptr && conv->is_transposed) || target.residual >= 0 || earlier >= later)
      continue;
    target.residual = earlier;
    target.joined_activation = node.activation;
    absorb(target, node);
    now.replace(static_cast<int>(i), later);
  }
  return now.apply(std::move(network));
}

FusedNetwork remove_dead(FusedNetwork network) {
  std::vector<bool> needed(network.nodes.size());
  needed[0] = true;
  for (const net::Output& output : network.outputs) needed[at(output.layer)] = true;
  for (std::size_t i = network.nodes.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const int input : network.nodes[i].inputs) needed[at(input)] = true;
    if (network.nodes[i].residual >= 0) needed[at(network.nodes[i].residual)] = true;
  }
  std::vector<int> index(network.nodes.size(), -1);
  FusedNetwork result{network.name, network.structure_hash, {}, network.outputs};
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (!needed[i]) continue;
    FusedNode node = std::move(network.nodes[i]);
    for (int& input : node.inputs) input = index[at(input)];
    if (node.residual >= 0) node.residual = index[at(node.residual)];
    index[i] = static_cast<int>(result.nodes.size());
    result.nodes.push_back(std::move(node));
  }
  for (net::Output& output : result.outputs) output.layer = index[at(output.layer)];
  return result;
}

void expect_int8(const FusedNetwork& network) {
  for (const FusedNode& node : network.nodes) {
    std::vector<int> read = node.inputs;
    if (node.residual >= 0) read.push_back(node.residual);
    for (const int input : read)
      if (std::holds_alternative<net::Softmax>(network.nodes[at(input)].op))
        throw SpecError(
            {{network.name, node.name, "int8 has softmax only as an output of the network",
              network.nodes[at(input)].name}});
    const bool is_free = std::holds_alternative<FusedActivate>(node.op);
    if (!is_free && (!is_clamp(node.activation) || !is_clamp(node.joined_activation)))
      throw InternalError(node.name + ": int8 needs a network fused with Attach::Clamps");
  }
}

FusedNetwork fuse(const net::Network& network, const net::TensorFile& weights, Attach attach,
                  Residuals residuals) {
  FusedNetwork fused = remove_dead(translate(network, weights));
  fused = remove_identities(fold_scales(std::move(fused)));
  fused = fold_scales_ahead(std::move(fused));
  fused = remove_dead(merge_channel_moves(std::move(fused)));
  fused = remove_identities(std::move(fused));
  fused = attach_activations(std::move(fused), attach);
  if (residuals == Residuals::Attached) fused = attach_residuals(std::move(fused));
  return remove_dead(std::move(fused));
}

}  // namespace atto::deploy
