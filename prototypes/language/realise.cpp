// From a decided prototype to its network: every node becomes its layers, named after their place.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prototypes/language/attempt.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::net {
namespace {

/// Builds the layers of one resolved structure. prototypes/language/layer_walk.hpp tells the same
/// layers in the same order without building them.
class NetworkBuilder {
 public:
  NetworkBuilder(const Prototype& prototype, const Structure& structure,
                 const std::vector<Shape>& shapes)
      : prototype_(prototype), structure_(structure), shapes_(shapes) {
    network_.name = prototype.name();
    network_.input = structure.input;
    network_.classes = structure.classes;
  }

  Network build() {
    for (std::size_t i = 0; i < structure_.nodes.size(); ++i) {
      const Node& node = structure_.nodes[i];
      out_ = shapes_[i];
      place_ = node.kind == Node::Kind::Input ? "input" : prototype_.place(node.place);
      last_.push_back(layers_of(node));
    }
    for (std::size_t i = 0; i < structure_.output_nodes.size(); ++i)
      network_.outputs.push_back({prototype_.output_names()[i],
                                  last_[static_cast<std::size_t>(structure_.output_nodes[i])]});
    return std::move(network_);
  }

 private:
  std::size_t source(const Node& node, std::int32_t i) const {
    return static_cast<std::size_t>(
        structure_.inputs[static_cast<std::size_t>(node.first_input + i)]);
  }
  const Shape& shape_of(const Node& node, std::int32_t i) const { return shapes_[source(node, i)]; }
  int layer_of(const Node& node, std::int32_t i) const { return last_[source(node, i)]; }

  int add(std::string_view part, Op op, std::vector<int> inputs) {
    std::string name = place_;
    if (!part.empty()) name.append(".").append(part);
    network_.layers.push_back({std::move(name), op, std::move(inputs)});
    return static_cast<int>(network_.layers.size()) - 1;
  }
  int activated(Activation activation, int layer) {
    return activation == Activation::None ? layer : add("act", Activate{activation}, {layer});
  }

  int layers_of(const Node& node) {
    switch (node.kind) {
      case Node::Kind::Input:
        return add("", InputLayer{}, {});
      case Node::Kind::Unit:
        return unit(node);
      case Node::Kind::Pool:
        return add("pool", Pool{node.pool, node.kernel, node.stride}, {layer_of(node, 0)});
      case Node::Kind::GlobalPool:
        return add("pool", GlobalAveragePool{}, {layer_of(node, 0)});
      case Node::Kind::SqueezeExcite:
        return squeeze_excite(node);
      case Node::Kind::Slice:
        return slice(node);
      case Node::Kind::Shuffle:
        return add("shuffle", Shuffle{node.groups}, {layer_of(node, 0)});
      case Node::Kind::Upsample:
        return add("upsample", Upsample{node.factor}, {layer_of(node, 0)});
      case Node::Kind::Activate:
        return activated(node.activation, layer_of(node, 0));
      case Node::Kind::Softmax:
        return add("softmax", Softmax{}, {layer_of(node, 0)});
      case Node::Kind::Dense:
        return dense(node);
      case Node::Kind::Add:
        return activated(node.activation, add("add", Add{}, layers_of_inputs(node)));
      case Node::Kind::Concat:
        return activated(node.activation, add("concat", Concat{}, layers_of_inputs(node)));
      case Node::Kind::Shortcut:
        return shortcut(node);
      case Node::Kind::Gather:
        return gather(node);
    }
    return -1;
  }

  std::vector<int> layers_of_inputs(const Node& node) const {
    std::vector<int> layers;
    for (std::int32_t i = 0; i < node.input_count; ++i) layers.push_back(layer_of(node, i));
    return layers;
  }
  int unit(const Node& node) {
    const int groups = node.one_group_per_channel ? shape_of(node, 0).channels : node.groups;
    int layer = add(
        "conv", Conv{out_.channels, node.kernel, node.stride, groups, node.dilation, !node.norm},
        {layer_of(node, 0)});
    if (node.norm) layer = add("norm", BatchNorm{}, {layer});
    return activated(node.activation, layer);
  }
  int dense(const Node& node) {
    return add("dense", Dense{node.width.is_classes() ? 0 : out_.channels}, {layer_of(node, 0)});
  }
  int slice(const Node& node) {
    const double channels = shape_of(node, 0).channels;
    return add("slice",
               Slice{static_cast<int>(std::lround(node.slice_begin * channels)),
                     static_cast<int>(std::lround(node.slice_end * channels))},
               {layer_of(node, 0)});
  }
  int squeeze_excite(const Node& node) {
    const int input = layer_of(node, 0);
    const int squeezed = std::max(1, out_.channels / node.reduction);
    int gate = add("pool", GlobalAveragePool{}, {input});
    gate = add("reduce", Conv{squeezed, 1, 1, 1, 1, true}, {gate});
    gate = add("reduce_act", Activate{Activation::Relu}, {gate});
    gate = add("expand", Conv{out_.channels, 1, 1, 1, 1, true}, {gate});
    gate = add("gate", Activate{Activation::HardSigmoid}, {gate});
    return add("scale", Multiply{}, {input, gate});
  }
  /// Adds a 1x1 convolution and its norm.
  int projected(const std::string& part, int stride, int input) {
    const int conv = add(part + ".conv", Conv{out_.channels, 1, stride, 1, 1, false}, {input});
    return add(part + ".norm", BatchNorm{}, {conv});
  }
  int shortcut(const Node& node) {
    const bool is_same = shape_of(node, 1) == out_;
    int layer = layer_of(node, 0);
    if (is_same || node.shortcut == Node::ShortcutMode::Projection) {
      int other = layer_of(node, 1);
      if (!is_same) other = projected("shortcut", node.stride, other);
      layer = add("add", Add{}, {layer, other});
    }
    return activated(node.activation, layer);
  }
  int gather(const Node& node) {
    std::vector<int> terms = {layer_of(node, 0)};
    for (std::int32_t i = 1; i < node.input_count; ++i) {
      const std::string part = fmt::format("from[{}]", i);
      const Shape& in = shape_of(node, i);
      int layer = layer_of(node, i);
      if (in.height != out_.height || in.width != out_.width)
        layer = add(part + ".pool", PoolTo{}, {layer, terms[0]});
      if (in.channels != out_.channels) layer = projected(part, 1, layer);
      terms.push_back(layer);
    }
    return add("from.add", Add{}, std::move(terms));
  }

  const Prototype& prototype_;
  const Structure& structure_;
  const std::vector<Shape>& shapes_;
  Network network_;
  std::vector<int> last_;
  Shape out_;
  std::string place_;
};

/// Adds the numbers to a rule that resolve() states as a static text.
std::string detailed(std::string_view rule, const Structure& structure,
                     const std::vector<Shape>& shapes, const Node& node) {
  std::string text(rule);
  if (node.input_count == 0) return text;
  const auto input = [&](std::int32_t i) {
    const auto at = static_cast<std::size_t>(node.first_input + i);
    return shapes[static_cast<std::size_t>(structure.inputs[at])];
  };
  const Shape& first = input(0);
  if (rule.starts_with("groups must")) {
    text += fmt::format(" (groups {}, input width {})", node.groups, first.channels);
  } else if (rule.starts_with("the stride")) {
    text += fmt::format(" (stride {} on {}x{})", node.stride, first.height, first.width);
  } else if (node.kind == Node::Kind::Slice) {
    text +=
        fmt::format(" ({} to {} of width {})", node.slice_begin, node.slice_end, first.channels);
  } else if (node.input_count > 1) {
    text += " (";
    for (std::int32_t i = 0; i < node.input_count; ++i) {
      const Shape shape = input(i);
      text +=
          fmt::format("{}{}x{}x{}", i == 0 ? "" : ", ", shape.channels, shape.height, shape.width);
    }
    text += ")";
  }
  return text;
}

}  // namespace

Attempt attempt(const Prototype& prototype, const Assignment& assignment, const TaskInput& input) {
  Structure structure;
  std::vector<Shape> shapes;
  Attempt result;
  prototype.instantiate(assignment, input, structure);
  std::int32_t broken_node = 0;
  const std::string_view rule =
      resolve(structure, prototype.decisions(), assignment, shapes, &broken_node);
  if (rule.empty()) {
    result.network = NetworkBuilder(prototype, structure, shapes).build();
  } else {
    const Node& node = structure.nodes[static_cast<std::size_t>(broken_node)];
    result.place = node.place;
    result.rule = detailed(rule, structure, shapes, node);
  }
  return result;
}

Realised realise(const Prototype& prototype, const Assignment& assignment,
                 const std::optional<TaskInput>& input) {
  Attempt result = attempt(prototype, assignment, input.value_or(prototype.written_input()));
  Realised realised;
  if (!result.network) realised.broken = prototype.place(result.place) + ": " + result.rule;
  realised.network = std::move(result.network);
  return realised;
}

}  // namespace atto::net
