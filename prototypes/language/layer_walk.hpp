#pragma once
// The IR layers that net::realise() makes of a resolved structure, told to a sink in their order
// without being built. Costs and hashes are sinks; tests hold both equal to those of the built
// network.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "prototypes/language/structure.hpp"

namespace atto::gen {

/// Storage that walks reuse.
struct WalkStorage {
  std::vector<std::int32_t> last_layer;   ///< the layer that holds each node's result
  std::vector<std::int32_t> first_layer;  ///< the first layer that each node may have made
  std::vector<std::int32_t> gathered;
};

/// Walks one structure on construction. `Sink` has, for every IR operation `Op`,
/// `void layer(const Op&, const net::Shape& in, const net::Shape& out, std::span<const
/// std::int32_t> inputs)` where `inputs` are numbers of earlier layers and `in` is the shape of the
/// first of them.
template <class Sink>
class LayerWalk {
 public:
  LayerWalk(const net::Structure& structure, std::span<const net::Shape> shapes, Sink& sink,
            WalkStorage& storage)
      : structure_(structure), shapes_(shapes), sink_(sink), storage_(storage) {
    storage_.last_layer.resize(structure.nodes.size());
    storage_.first_layer.resize(structure.nodes.size());
    for (std::size_t n = 0; n < structure.nodes.size(); ++n) {
      storage_.first_layer[n] = count_;
      storage_.last_layer[n] = visit(structure.nodes[n], shapes[n]);
    }
  }

 private:
  using Node = net::Node;
  using Shape = net::Shape;
  using Kind = net::Node::Kind;

  std::size_t source(const Node& node, std::int32_t i) const {
    return static_cast<std::size_t>(
        structure_.inputs[static_cast<std::size_t>(node.first_input + i)]);
  }
  const Shape& shape_of(const Node& node, std::int32_t i) const { return shapes_[source(node, i)]; }
  std::int32_t layer_of(const Node& node, std::int32_t i) const {
    return storage_.last_layer[source(node, i)];
  }

  template <class Op>
  std::int32_t emit(const Op& op, const Shape& in, const Shape& out,
                    std::initializer_list<std::int32_t> inputs) {
    sink_.layer(op, in, out, std::span<const std::int32_t>(inputs.begin(), inputs.size()));
    return count_++;
  }
  template <class Op>
  std::int32_t emit_gathered(const Op& op, const Shape& in, const Shape& out) {
    sink_.layer(op, in, out, std::span<const std::int32_t>(storage_.gathered));
    return count_++;
  }
  std::int32_t activate(net::Activation kind, const Shape& shape, std::int32_t layer) {
    if (kind == net::Activation::None) return layer;
    return emit(net::Activate{kind}, shape, shape, {layer});
  }

  std::int32_t unit(const Node& node, const Shape& out) {
    const Shape& in = shape_of(node, 0);
    const std::int32_t groups = node.one_group_per_channel ? in.channels : node.groups;
    std::int32_t layer =
        emit(net::Conv{out.channels, node.kernel, node.stride, groups, node.dilation, !node.norm},
             in, out, {layer_of(node, 0)});
    if (node.norm) layer = emit(net::BatchNorm{}, out, out, {layer});
    return activate(node.activation, out, layer);
  }
  std::int32_t project(const Shape& in, const Shape& out, std::int32_t stride, std::int32_t input) {
    const std::int32_t conv =
        emit(net::Conv{out.channels, 1, stride, 1, 1, false}, in, out, {input});
    return emit(net::BatchNorm{}, out, out, {conv});
  }
  std::int32_t squeeze_excite(const Node& node, const Shape& shape) {
    const std::int32_t input = layer_of(node, 0);
    const Shape pooled{shape.channels, 1, 1};
    const Shape squeezed{std::max(1, shape.channels / node.reduction), 1, 1};
    std::int32_t gate = emit(net::GlobalAveragePool{}, shape, pooled, {input});
    gate = emit(net::Conv{squeezed.channels, 1, 1, 1, 1, true}, pooled, squeezed, {gate});
    gate = emit(net::Activate{net::Activation::Relu}, squeezed, squeezed, {gate});
    gate = emit(net::Conv{shape.channels, 1, 1, 1, 1, true}, squeezed, pooled, {gate});
    gate = emit(net::Activate{net::Activation::HardSigmoid}, pooled, pooled, {gate});
    return emit(net::Multiply{}, shape, shape, {input, gate});
  }
  std::int32_t shortcut(const Node& node, const Shape& out) {
    const Shape& in = shape_of(node, 1);
    std::int32_t joined = layer_of(node, 0);
    if (node.shortcut == Node::ShortcutMode::None ||
        (node.shortcut == Node::ShortcutMode::Identity && in != out))
      return activate(node.activation, out, joined);
    std::int32_t other = layer_of(node, 1);
    if (in != out) other = project(in, out, node.stride, other);
    joined = emit(net::Add{}, out, out, {joined, other});
    return activate(node.activation, out, joined);
  }
  std::int32_t gather(const Node& node, const Shape& out) {
    std::vector<std::int32_t>& terms = storage_.gathered;
    terms.assign(1, layer_of(node, 0));
    for (std::int32_t i = 1; i < node.input_count; ++i) {
      Shape in = shape_of(node, i);
      std::int32_t layer = layer_of(node, i);
      const Shape sized{in.channels, out.height, out.width};
      if (in != sized) layer = emit(net::PoolTo{}, in, sized, {layer, terms[0]});
      if (sized != out) layer = project(sized, out, 1, layer);
      terms.push_back(layer);
    }
    return activate(node.activation, out, emit_gathered(net::Add{}, out, out));
  }
  template <class Op>
  std::int32_t join(const Op& op, const Node& node, const Shape& out) {
    storage_.gathered.clear();
    for (std::int32_t i = 0; i < node.input_count; ++i)
      storage_.gathered.push_back(layer_of(node, i));
    return activate(node.activation, out, emit_gathered(op, shape_of(node, 0), out));
  }
  template <class Op>
  std::int32_t simple(const Op& op, const Node& node, const Shape& out) {
    return emit(op, shape_of(node, 0), out, {layer_of(node, 0)});
  }
  std::int32_t visit(const Node& node, const Shape& out) {
    switch (node.kind) {
      case Kind::Input:
        return emit(net::InputLayer{}, out, out, {});
      case Kind::Unit:
        return unit(node, out);
      case Kind::Pool:
        return simple(net::Pool{node.pool, node.kernel, node.stride}, node, out);
      case Kind::GlobalPool:
        return simple(net::GlobalAveragePool{}, node, out);
      case Kind::SqueezeExcite:
        return squeeze_excite(node, out);
      case Kind::Slice:
        return simple(slice_of(node), node, out);
      case Kind::Shuffle:
        return simple(net::Shuffle{node.groups}, node, out);
      case Kind::Upsample:
        return simple(net::Upsample{node.factor}, node, out);
      case Kind::Activate:
        return activate(node.activation, out, layer_of(node, 0));
      case Kind::Softmax:
        return simple(net::Softmax{}, node, out);
      case Kind::Dense:
        return simple(net::Dense{out.channels}, node, out);
      case Kind::Add:
        return join(net::Add{}, node, out);
      case Kind::Concat:
        return join(net::Concat{}, node, out);
      case Kind::Shortcut:
        return shortcut(node, out);
      case Kind::Gather:
        return gather(node, out);
    }
    return -1;
  }
  net::Slice slice_of(const Node& node) const {
    const double channels = shape_of(node, 0).channels;
    return {static_cast<int>(std::lround(node.slice_begin * channels)),
            static_cast<int>(std::lround(node.slice_end * channels))};
  }

  const net::Structure& structure_;
  std::span<const Shape> shapes_;
  Sink& sink_;
  WalkStorage& storage_;
  std::int32_t count_ = 0;
};

}  // namespace atto::gen
