#pragma once
// The network after folding: convolutions with their batch norm folded in, activations and residual
// adds attached to the node that makes the tensor, channel moves merged. Plain values; passes.hpp
// makes it from the IR, lower.hpp turns it into a runtime program, the quantiser reads it.

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::deploy {

struct FusedInput {};
/// Convolution with padding as in the IR. A norm or scale that could not be folded is a
/// convolution with kernel 1 and as many groups as channels. Transposed, it is a deconv: of one
/// group, its windows stride = kernel apart on the output.
struct FusedConv {
  net::Sides kernel = 1;
  net::Sides stride = 1;
  int groups = 1;
  int dilation = 1;
  std::vector<float> weights;  ///< [O, I / groups, kernel height, kernel width]
  std::vector<float> bias;     ///< [O]
  bool is_transposed = false;
  net::Padding padding = net::Padding::Same;
};
struct FusedDense {
  std::vector<float> weights;  ///< [O, C * H * W] of the input
  std::vector<float> bias;     ///< [O]
};
struct FusedActivate {};  ///< the input itself; what it does is FusedNode::activation
struct FusedAdd {};       ///< two or more inputs
struct FusedMultiply {};  ///< two inputs; the second may be [C, 1, 1]
/// Where an output channel of FusedChannels comes from.
struct ChannelSource {
  int input = 0;  ///< index into FusedNode::inputs
  int channel = 0;
  friend bool operator==(const ChannelSource&, const ChannelSource&) = default;
};
/// Concat, slice and shuffle, and any sequence of them: one source per output channel.
struct FusedChannels {
  std::vector<ChannelSource> sources;
};
/// Whether fusion makes something else of an operation of the IR.
template <class Op, class... Others>
inline constexpr bool kIsOneOf = (std::is_same_v<Op, Others> || ...);
template <class Op>
inline constexpr bool kIsReplaced =
    kIsOneOf<Op, net::InputLayer, net::Conv, net::BatchNorm, net::Activate, net::Add, net::Concat,
             net::Slice, net::Shuffle, net::Multiply, net::Dense, net::Deconv, net::LayerScale,
             net::Dropout, net::Zero>;

/// The operations above, and those of the IR that fusion leaves alone; net::PoolTo has its first
/// input alone, net::LayerNorm is without scale and shift, which follow it.
template <class Fused, class Ir>
struct WithKept;
template <class... Fused>
struct WithKept<std::variant<Fused...>, std::variant<>> {
  using Type = std::variant<Fused...>;
};
template <class... Fused, class Op, class... Rest>
struct WithKept<std::variant<Fused...>, std::variant<Op, Rest...>>
    : WithKept<
          std::conditional_t<kIsReplaced<Op>, std::variant<Fused...>, std::variant<Fused..., Op>>,
          std::variant<Rest...>> {};
using FusedOp = WithKept<std::variant<FusedInput, FusedConv, FusedDense, FusedActivate, FusedAdd,
                                      FusedMultiply, FusedChannels>,
                         net::Op>::Type;

/// One tensor and how it is made:
///   joined_activation(activation(op(inputs) + bias) + residual)
/// The residual exists on convolutions and dense layers only. Activations other than None exist on
/// FusedConv, FusedDense, FusedActivate, FusedAdd and FusedMultiply only.
struct FusedNode {
  std::string name;  ///< of the last IR layer that it covers; unique
  FusedOp op;
  std::vector<int> inputs;  ///< earlier nodes
  net::Shape shape;         ///< of the tensor it makes
  net::Activation activation = net::Activation::None;
  int residual = -1;  ///< an earlier node of the same shape, or -1
  net::Activation joined_activation = net::Activation::None;
  std::vector<int> layers;  ///< the IR layers it covers, ascending; the last makes the tensor
};

/// nodes[0] is the input; every node is read or an output. Outputs keep the IR's names and order.
struct FusedNetwork {
  std::string name;
  std::uint64_t structure_hash = 0;  ///< net::structure_hash of the IR
  std::vector<FusedNode> nodes;
  std::vector<net::Output> outputs;  ///< Output::layer is a node here
};

/// Returns how often each node is read: as input, as residual, as output of the network.
std::vector<int> count_readers(const FusedNetwork& network);

}  // namespace atto::deploy
