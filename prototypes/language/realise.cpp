// From a decided prototype to its network: every node becomes its layers, named after their place;
// or to the rule that its choices break.
#include <fmt/format.h>

#include "prototypes/language/ast.hpp"
#include "prototypes/language/attempt.hpp"
#include "prototypes/language/layer_walk.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/dot.hpp"

namespace atto::net {
namespace {

/// Builds the layers that a walk tells of.
class NetworkBuilder {
 public:
  NetworkBuilder(const Prototype& prototype, const Structure& structure,
                 const std::vector<Shape>& shapes)
      : prototype_(prototype) {
    network_.name = prototype.name();
    network_.input = structure.input;
    network_.classes = structure.classes;
    for (const Stage& stage : prototype.model().stages) network_.stages.push_back(stage.name);
    WalkStorage storage;
    LayerWalk<NetworkBuilder>(structure, shapes, *this, storage);
    for (std::size_t i = 0; i < structure.output_nodes.size(); ++i)
      network_.outputs.push_back(
          {prototype.output_names()[i],
           storage.last_layer[static_cast<std::size_t>(structure.output_nodes[i])]});
  }

  Network take() { return std::move(network_); }

  template <class Of>
  void layer(const LayerName& name, const Of& op, const Shape& /*in*/, const Shape& /*out*/,
             std::span<const std::int32_t> inputs) {
    network_.layers.push_back({text(name), op, {inputs.begin(), inputs.end()}});
  }

 private:
  std::string text(const LayerName& name) const {
    if (name.part.empty()) return "input";
    std::string text = prototype_.place(name.node.place);
    if (!name.group.empty()) text.append(".").append(name.group);
    if (name.index >= 0) text += fmt::format("[{}]", name.index);
    return text.append(".").append(name.part);
  }

  const Prototype& prototype_;
  Network network_;
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
    const auto* shuffle = std::get_if<Shuffle>(&node.op);
    text += fmt::format(" (groups {}, input width {})", shuffle ? shuffle->groups : node.groups,
                        first.channels);
  } else if (rule.starts_with("the stride")) {
    text +=
        fmt::format(" (stride {} on {}x{})", sides_text(node.stride), first.height, first.width);
  } else if (rule.starts_with("the window")) {
    const auto* pool = std::get_if<Pool>(&node.op);
    const Sides& kernel = pool ? pool->kernel : node.kernel;
    text += fmt::format(" ({}x{}{} on {}x{})", kernel.height, kernel.width,
                        node.dilation > 1 ? fmt::format(" dilated {}", node.dilation) : "",
                        first.height, first.width);
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
    result.network = NetworkBuilder(prototype, structure, shapes).take();
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
