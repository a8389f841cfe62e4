// From a decided prototype to its network: every node becomes its layers, named after their place;
// or to the rule that its choices break.
#include <fmt/format.h>

#include <algorithm>

#include "prototypes/language/ast.hpp"
#include "prototypes/language/attempt.hpp"
#include "prototypes/language/layer_walk.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/dot.hpp"
#include "prototypes/network/identity.hpp"

namespace atto::net {
namespace {

constexpr int kLargestUnit = 256;  ///< that the sides of an input may have to be multiples of

/// Builds the layers that a walk tells of.
class NetworkBuilder {
 public:
  NetworkBuilder(const Prototype& prototype, const Structure& structure,
                 const std::vector<Shape>& shapes)
      : prototype_(prototype), structure_(structure), networks_(1) {
    networks_.front().name = prototype.name();
    networks_.front().input = structure.input;
    networks_.front().classes = structure.classes;
    for (const Stage& stage : prototype.model().stages)
      networks_.front().stages.push_back(stage.name);
    WalkStorage storage;
    LayerWalk<NetworkBuilder>(structure, shapes, *this, storage);
    for (std::size_t i = 0; i < structure.output_nodes.size(); ++i) {
      const std::int32_t layer =
          storage.last_layer[static_cast<std::size_t>(structure.output_nodes[i])];
      const auto part = static_cast<std::size_t>(
          std::upper_bound(first_layers_.begin(), first_layers_.end(), layer) -
          first_layers_.begin() - 1);
      networks_[part].outputs.push_back({output_name(i, part), layer - first_layers_[part]});
    }
  }

  Realised take() {
    Realised realised;
    if (structure_.parts.empty()) {
      realised.network = std::move(networks_.front());
      return realised;
    }
    DetectorParts& detector = realised.detector.emplace();
    detector.trunk = std::move(networks_[0]);
    detector.proposal = std::move(networks_[1]);
    detector.box = std::move(networks_[2]);
    if (networks_.size() > 3) detector.mask = std::move(networks_[3]);
    detector.mask_follows_box = structure_.run.mask_follows_box;
    detector.cropped_levels = static_cast<std::size_t>(structure_.run.cropped_levels);
    return realised;
  }

  template <class Of>
  void layer(const LayerName& name, const Of& op, const Shape& /*in*/, const Shape& out,
             std::span<const std::int32_t> inputs) {
    Network& network = networks_.back();
    if (network.layers.empty()) network.input = out;
    Layer& layer =
        network.layers.emplace_back(Layer{text(name), op, {inputs.begin(), inputs.end()}});
    for (int& input : layer.inputs) input -= first_layers_.back();
    ++count_;
  }
  void begin_part(PartKind part, const PartLoad& /*load*/) {
    const Network& trunk = networks_.front();
    Network network;
    network.name = fmt::format("{}.{}", trunk.name, kPartNames[static_cast<std::size_t>(part)]);
    network.classes = trunk.classes;
    networks_.push_back(std::move(network));
    first_layers_.push_back(count_);
  }

 private:
  std::string output_name(std::size_t i, std::size_t part) const {
    if (structure_.parts.empty()) return prototype_.output_names()[i];
    const std::size_t number = i - static_cast<std::size_t>(structure_.parts[part].first_output);
    constexpr const char* kProposal[] = {kObjectnessOutput, kDeltasOutput};
    constexpr const char* kBox[] = {kScoresOutput, kDeltasOutput, kFeaturesOutput};
    switch (static_cast<PartKind>(part)) {
      case PartKind::Trunk:
        return fmt::format("level[{}]", number);
      case PartKind::Proposal:
        return kProposal[number];
      case PartKind::Box:
        return kBox[number];
      case PartKind::Mask:
        break;
    }
    return kMasksOutput;
  }
  std::string text(const LayerName& name) const {
    if (name.part.empty()) return "input";
    std::string text = prototype_.place(name.node.place);
    if (name.node.level >= 0) text += fmt::format(".level[{}]", name.node.level);
    if (!name.group.empty()) text.append(".").append(name.group);
    if (name.index >= 0) text += fmt::format("[{}]", name.index);
    return text.append(".").append(name.part);
  }

  const Prototype& prototype_;
  const Structure& structure_;
  std::vector<Network> networks_;  ///< one, or the parts of a detector
  std::vector<std::int32_t> first_layers_ = {0};
  std::int32_t count_ = 0;
};

/// The sizes below and above of an input that lets the levels of a pyramid halve: "; 96x96 or
/// 128x128 would do". "" where none is near.
std::string fitting_sizes(const Prototype& prototype, const Assignment& assignment,
                          Structure structure) {
  const Shape given = structure.input;
  std::vector<Shape> shapes;
  const auto fits = [&](int height, int width) {
    structure.input.height = height;
    structure.input.width = width;
    return height > 0 && width > 0 &&
           resolve(structure, prototype.decisions(), assignment, shapes).empty();
  };
  std::string below, above;
  for (int unit = 2; unit <= kLargestUnit; unit *= 2) {
    const int low[] = {given.height / unit * unit, given.width / unit * unit};
    const int high[] = {(given.height + unit - 1) / unit * unit,
                        (given.width + unit - 1) / unit * unit};
    if (below.empty() && fits(low[0], low[1])) below = fmt::format("{}x{}", low[0], low[1]);
    if (above.empty() && fits(high[0], high[1])) above = fmt::format("{}x{}", high[0], high[1]);
  }
  if (below.empty() && above.empty()) return "";
  return fmt::format("; an input of {}{}{} would do", below,
                     below.empty() || above.empty() ? "" : " or ", above);
}

/// Adds the numbers to a rule that resolve() states as a static text.
std::string detailed(std::string_view rule, const Prototype& prototype,
                     const Assignment& assignment, const Structure& structure,
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
  } else if (rule == kHalving) {
    text += fmt::format(" ({}x{} over {}x{}){}", first.height, first.width, input(1).height,
                        input(1).width, fitting_sizes(prototype, assignment, structure));
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
    result.realised = NetworkBuilder(prototype, structure, shapes).take();
    if (result.realised.detector)
      result.realised.detector->settings = prototype.detector_settings(input);
  } else {
    const Node& node = structure.nodes[static_cast<std::size_t>(broken_node)];
    result.place = node.place;
    result.rule = detailed(rule, prototype, assignment, structure, shapes, node);
  }
  return result;
}

Realised realise(const Prototype& prototype, const Assignment& assignment,
                 const std::optional<TaskInput>& input) {
  Attempt result = attempt(prototype, assignment, input.value_or(prototype.written_input()));
  if (!result.rule.empty())
    result.realised.broken = prototype.place(result.place) + ": " + result.rule;
  return std::move(result.realised);
}

spec::Costs Realised::costs() const {
  return detector ? count_costs(*detector) : count_costs(network.value());
}

std::uint64_t Realised::hash() const {
  return detector ? structure_hash(*detector) : structure_hash(network.value());
}

}  // namespace atto::net
