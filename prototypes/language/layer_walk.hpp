#pragma once
// The IR layers of a resolved structure, told to a sink in their order. The built network
// (realise.cpp), the generator's costs and its hashes are sinks.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "prototypes/language/structure.hpp"

namespace atto::net {

/// Storage that walks reuse.
struct WalkStorage {
  std::vector<std::int32_t> last_layer;   ///< the layer that holds each node's result
  std::vector<std::int32_t> first_layer;  ///< the first layer that each node may have made
  std::vector<std::int32_t> gathered;
};

/// What a layer is called: PLACE.PART, PLACE.GROUP.PART or PLACE.GROUP[INDEX].PART. The input layer
/// has none of them.
struct LayerName {
  const Node& node;  ///< whose place it is
  std::string_view part = {};
  std::string_view group = {};  ///< of the layers that fit another branch to a join
  std::int32_t index = -1;      ///< of that branch
};

/// Walks one structure on construction. `Sink` has, for every IR operation `Op`,
/// `void layer(const LayerName&, const Op&, const Shape& in, const Shape& out,
/// std::span<const std::int32_t> inputs)` where `inputs` are numbers of earlier layers and `in` is
/// the shape of the first of them. For detectors it may have
/// `void begin_part(PartKind, const PartLoad&)`, told before the first layer of every part but the
/// trunk.
template <class Sink>
class LayerWalk {
 public:
  LayerWalk(const Structure& structure, std::span<const Shape> shapes, Sink& sink,
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
  using Kind = Node::Kind;

  std::size_t source(const Node& node, std::int32_t i) const {
    return static_cast<std::size_t>(
        structure_.inputs[static_cast<std::size_t>(node.first_input + i)]);
  }
  const Shape& shape_of(const Node& node, std::int32_t i) const { return shapes_[source(node, i)]; }
  std::int32_t layer_of(const Node& node, std::int32_t i) const {
    return storage_.last_layer[source(node, i)];
  }

  template <class Op>
  std::int32_t emit(const LayerName& name, const Op& op, const Shape& in, const Shape& out,
                    std::span<const std::int32_t> inputs) {
    sink_.layer(name, op, in, out, inputs);
    return count_++;
  }
  template <class Op>
  std::int32_t emit(const LayerName& name, const Op& op, const Shape& in, const Shape& out,
                    std::initializer_list<std::int32_t> inputs) {
    return emit(name, op, in, out, std::span(inputs.begin(), inputs.size()));
  }
  /// A layer that is called after what it does, and reads one tensor.
  template <class Op>
  std::int32_t add(const Node& node, const Op& op, const Shape& in, const Shape& out,
                   std::int32_t input) {
    return emit({node, Op::kIdentity.short_name}, op, in, out, {input});
  }
  std::int32_t activate(const Node& node, const Shape& shape, std::int32_t layer) {
    if (node.activation == Activation::None) return layer;
    return add(node, Activate{node.activation}, shape, shape, layer);
  }

  std::int32_t unit(const Node& node, const Shape& out) {
    const Shape& in = shape_of(node, 0);
    const std::int32_t groups = node.one_group_per_channel ? in.channels : node.groups;
    std::int32_t layer = node.is_transposed
                             ? add(node, Deconv{out.channels, node.kernel.height, node.bias}, in,
                                   out, layer_of(node, 0))
                             : add(node,
                                   Conv{out.channels, node.kernel, node.stride, groups,
                                        node.dilation, node.bias, node.padding},
                                   in, out, layer_of(node, 0));
    if (node.norm) layer = add(node, BatchNorm{}, out, out, layer);
    return activate(node, out, layer);
  }
  /// Adds a 1x1 convolution and its norm. `name` is that of their group.
  std::int32_t project(LayerName name, const Shape& in, const Shape& out, const Sides& stride,
                       std::int32_t input) {
    name.part = Conv::kIdentity.short_name;
    const std::int32_t conv =
        emit(name, Conv{out.channels, 1, stride, 1, 1, false}, in, out, {input});
    name.part = BatchNorm::kIdentity.short_name;
    return emit(name, BatchNorm{}, out, out, {conv});
  }
  std::int32_t squeeze_excite(const Node& node, const Shape& shape) {
    const std::int32_t input = layer_of(node, 0);
    const Shape pooled{shape.channels, 1, 1};
    const int inside = node.squeezed > 0 ? node.squeezed : shape.channels / node.reduction;
    const Shape squeezed{std::max(1, inside), 1, 1};
    std::int32_t gate = add(node, GlobalAveragePool{}, shape, pooled, input);
    gate =
        emit({node, "reduce"}, Conv{squeezed.channels, 1, 1, 1, 1, true}, pooled, squeezed, {gate});
    gate = emit({node, "reduce_act"}, Activate{node.activation}, squeezed, squeezed, {gate});
    gate = emit({node, "expand"}, Conv{shape.channels, 1, 1, 1, 1, true}, squeezed, pooled, {gate});
    gate = emit({node, "gate"}, Activate{node.gate}, pooled, pooled, {gate});
    return emit({node, "scale"}, Multiply{}, shape, shape, {input, gate});
  }
  std::int32_t shortcut(const Node& node, const Shape& out) {
    const Shape& in = shape_of(node, 1);
    std::int32_t joined = layer_of(node, 0);
    if (node.shortcut == Node::ShortcutMode::None ||
        (node.shortcut == Node::ShortcutMode::Identity && in != out))
      return activate(node, out, joined);
    std::int32_t other = layer_of(node, 1);
    if (in != out) other = project({node, "", "shortcut"}, in, out, node.stride, other);
    joined = emit({node, "add"}, Add{}, out, out, {joined, other});
    return activate(node, out, joined);
  }
  std::int32_t gather(const Node& node, const Shape& out) {
    std::vector<std::int32_t>& terms = storage_.gathered;
    terms.clear();
    const std::int32_t main = layer_of(node, node.main_input);
    for (std::int32_t i = 0; i < node.input_count; ++i) {
      const Shape& in = shape_of(node, i);
      const Shape sized{in.channels, out.height, out.width};
      std::int32_t layer = layer_of(node, i);
      if (in != sized) layer = emit({node, "pool", "from", i}, PoolTo{}, in, sized, {layer, main});
      if (!node.concat && sized != out)
        layer = project({node, "", "from", i}, sized, out, 1, layer);
      terms.push_back(layer);
    }
    if (!node.concat) return emit({node, "add", "from"}, Add{}, out, out, terms);
    const Shape first{shape_of(node, 0).channels, out.height, out.width};
    return emit({node, "concat", "from"}, Concat{}, first, out, terms);
  }
  template <class Op>
  std::int32_t join(const Op& op, const Node& node, const Shape& out) {
    storage_.gathered.clear();
    for (std::int32_t i = 0; i < node.input_count; ++i)
      storage_.gathered.push_back(layer_of(node, i));
    return activate(
        node, out,
        emit({node, Op::kIdentity.short_name}, op, shape_of(node, 0), out, storage_.gathered));
  }
  template <class Op>
  std::int32_t simple(const Op& op, const Node& node, const Shape& out) {
    return add(node, op, shape_of(node, 0), out, layer_of(node, 0));
  }
  std::int32_t visit(const Node& node, const Shape& out) {
    switch (node.kind) {
      case Kind::Input:
        return emit({node}, InputLayer{}, out, out, {});
      case Kind::Unit:
        return unit(node, out);
      case Kind::Operation:
        return std::visit([&](const auto& op) { return simple(op, node, out); }, node.op);
      case Kind::SqueezeExcite:
        return squeeze_excite(node, out);
      case Kind::Slice:
        return simple(slice_of(node), node, out);
      case Kind::Activate:
        return activate(node, out, layer_of(node, 0));
      case Kind::Dense:
        return simple(Dense{node.width.is_classes() ? 0 : out.channels}, node, out);
      case Kind::Add:
        return join(Add{}, node, out);
      case Kind::Concat:
        return join(Concat{}, node, out);
      case Kind::Shortcut:
        return shortcut(node, out);
      case Kind::Gather:
        return gather(node, out);
      case Kind::Merge:
        return merge(node, out);
      case Kind::Border:
        return border(node, out);
    }
    return -1;
  }
  std::int32_t merge(const Node& node, const Shape& out) {
    const std::int32_t doubled = add(node, Upsample{}, shape_of(node, 1), out, layer_of(node, 1));
    return emit({node, Add::kIdentity.short_name}, Add{}, out, out, {layer_of(node, 0), doubled});
  }
  /// The next part of a detector has an input of its own.
  std::int32_t border(const Node& node, const Shape& out) {
    ++part_;
    if constexpr (requires { sink_.begin_part(PartKind{}, PartLoad{}); })
      sink_.begin_part(PartKind{part_}, load_of(structure_, shapes_, PartKind{part_}));
    return emit({node}, InputLayer{}, out, out, {});
  }
  Slice slice_of(const Node& node) const {
    const double channels = shape_of(node, 0).channels;
    return {static_cast<int>(std::lround(node.slice_begin * channels)),
            static_cast<int>(std::lround(node.slice_end * channels))};
  }

  const Structure& structure_;
  std::span<const Shape> shapes_;
  Sink& sink_;
  WalkStorage& storage_;
  std::int32_t count_ = 0;
  std::uint8_t part_ = 0;
};

}  // namespace atto::net
