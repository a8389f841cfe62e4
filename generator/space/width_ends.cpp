#include "generator/space/width_ends.hpp"

#include <algorithm>

namespace atto::gen {

using net::Node;

namespace {

using Kind = net::Node::Kind;

bool same_side(const net::Shape& a, const net::Shape& b) {
  return a.height == b.height && a.width == b.width;
}

}  // namespace

bool StructureEnds::measure(const net::Prototype& prototype, const net::TaskInput& input,
                            net::Assignment& assignment) {
  prototype.instantiate(assignment, input, built_.structure);
  built_.structure.input = input.input;
  breaks_for_all_widths_ = !domains_.compute(built_.structure, *forest_, assignment);
  if (breaks_for_all_widths_) return false;
  return measure_end(prototype, assignment, false) && measure_end(prototype, assignment, true);
}

bool StructureEnds::measure_end(const net::Prototype& prototype, net::Assignment& assignment,
                                bool largest) {
  for (const WidthDomains::Domain& domain : domains_.domains()) {
    const auto alternatives = domains_.alternatives(domain);
    assignment[static_cast<std::size_t>(domain.decision)] =
        largest ? alternatives.back() : alternatives.front();
  }
  if (!net::resolve(built_.structure, prototype.decisions(), assignment, built_.shapes).empty())
    return false;
  StructureEnd& end = ends_[largest];
  end.costs = fast_costs(built_.structure, built_.shapes, built_.tally, built_.walk);
  note_flows(end);
  if (largest)
    bound_above(end);
  else
    bound_below(end);
  assignments_[largest] = assignment;
  return true;
}

/// A join whose layers depend on widths that may match or not.
bool StructureEnds::is_loose(std::size_t n) const {
  const Node& node = built_.structure.nodes[n];
  const bool is_join = (node.kind == Kind::Gather && !node.concat) ||
                       (node.kind == Kind::Shortcut && node.shortcut != Node::ShortcutMode::None);
  if (!is_join) return false;
  const auto source = [&](std::int32_t i) {
    return built_.structure.inputs[static_cast<std::size_t>(node.first_input + i)];
  };
  for (std::int32_t i = 1; i < node.input_count; ++i) {
    const net::Shape& from = built_.shapes[static_cast<std::size_t>(source(i))];
    const bool can_match = node.kind == Kind::Gather || same_side(from, built_.shapes[n]);
    if (can_match && domains_.may_match_or_differ(static_cast<std::int32_t>(n), source(i)))
      return true;
  }
  return false;
}

// A loose join is left out: what it reads dies earlier and what it would add is not counted.
void StructureEnds::bound_below(StructureEnd& end) {
  relaxed_ = built_.structure;
  bool is_relaxed = false;
  for (std::size_t n = 0; n < relaxed_.nodes.size(); ++n) {
    if (!is_loose(n)) continue;
    Node& node = relaxed_.nodes[n];
    node.shortcut = Node::ShortcutMode::None;
    if (node.kind == Kind::Gather) node.kind = Kind::Activate;
    is_relaxed = true;
  }
  end.bound =
      is_relaxed ? fast_costs(relaxed_, built_.shapes, built_.tally, built_.walk) : end.costs;
  std::fill(std::begin(end.is_bound), std::end(end.is_bound), true);
}

// A loose join that is free of weights here is counted with its projection; its peak is not
// bounded, and a device's needs have no floors that would ask.
void StructureEnds::bound_above(StructureEnd& end) {
  end.bound = end.costs;
  std::fill(std::begin(end.is_bound), std::end(end.is_bound), true);
  for (std::size_t n = 0; n < built_.structure.nodes.size(); ++n) {
    if (!is_loose(n)) continue;
    for (const int cost : {kPeak, kLeastFlash, kLeastRam}) end.is_bound[cost] = false;
    const Node& node = built_.structure.nodes[n];
    const bool projects =
        node.kind == Kind::Gather || node.shortcut == Node::ShortcutMode::Projection;
    const net::Shape& out = built_.shapes[n];
    for (std::int32_t i = 1; projects && i < node.input_count; ++i) {
      const auto source = static_cast<std::size_t>(
          built_.structure.inputs[static_cast<std::size_t>(node.first_input + i)]);
      if (built_.shapes[source].channels != out.channels) continue;
      const std::int64_t weights = std::int64_t{out.channels} * out.channels;
      end.bound.params += weights + 2 * out.channels;
      end.bound.macs += most_runs(n) * weights * out.height * out.width;
      end.bound.model_bytes += 4 * (weights + out.channels);
    }
  }
}

/// How often a node's layers run at most, on maps as large as its own.
std::int64_t StructureEnds::most_runs(std::size_t n) const {
  const std::vector<net::Part>& parts = built_.structure.parts;
  std::size_t part = parts.size();
  while (part > 0 && parts[part - 1].first_node > static_cast<std::int32_t>(n)) --part;
  if (part == 0) return 1;
  const net::PartLoad load =
      net::load_of(built_.structure, built_.shapes, static_cast<net::PartKind>(part - 1));
  return std::max(load.times, load.levels);
}

void StructureEnds::note_flows(StructureEnd& end) {
  const net::Structure& structure = built_.structure;
  end.outside.clear();
  end.modules.clear();
  for (const std::int32_t node : structure.module_nodes)
    end.modules.push_back(node < 0 ? net::Shape{} : built_.shapes[static_cast<std::size_t>(node)]);
  note_parts(built_.tally.live_bytes(), end.peak);
  note_parts(built_.tally.least_ram(), end.least_ram);
  end.is_local = structure.output_nodes.size() == 1;
  for (const net::Node& node : structure.nodes) {
    end.is_local &= node.kind != Kind::Gather;
    if (node.module < 0)
      end.outside.push_back(
          built_.shapes[static_cast<std::size_t>(&node - structure.nodes.data())]);
  }
}

void StructureEnds::note_parts(std::span<const std::int64_t> by_layer,
                               StructureEnd::Parts& parts) const {
  const net::Structure& structure = built_.structure;
  parts.modules.assign(structure.module_nodes.size(), 0);
  parts.outside = 0;
  for (std::size_t n = 0; n < structure.nodes.size(); ++n) {
    const std::int32_t module = structure.nodes[n].module;
    const auto first = static_cast<std::size_t>(built_.walk.first_layer[n]);
    const std::size_t last = n + 1 < structure.nodes.size()
                                 ? static_cast<std::size_t>(built_.walk.first_layer[n + 1])
                                 : by_layer.size();
    std::int64_t& most =
        module < 0 ? parts.outside : parts.modules.at(static_cast<std::size_t>(module));
    for (std::size_t layer = first; layer < last; ++layer) most = std::max(most, by_layer[layer]);
  }
}

}  // namespace atto::gen
