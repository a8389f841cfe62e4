#include "generator/space/cost_model.hpp"

namespace atto::gen {

bool CostModel::count_at(const net::Shape& input, const net::Assignment& assignment,
                         BuiltStructure& built, spec::Costs& costs) const {
  built.structure.input = input;
  const std::string_view broken = net::resolve(built.structure, prototype_->decisions(), assignment,
                                               built.shapes, &built.broken_node);
  if (!broken.empty()) return false;
  const std::int32_t output = built.structure.output_nodes.front();
  if (built.structure.parts.empty() &&
      built.shapes[static_cast<std::size_t>(output)] != net::Shape{built.structure.classes, 1, 1}) {
    built.broken_node = output;  // else as it was: redraws go by it
    return false;
  }
  costs = fast_costs(built.structure, built.shapes, built.tally, built.walk);
  return true;
}

bool CostModel::count_trained(const net::Assignment& assignment, BuiltStructure& built,
                              spec::Costs& costs) const {
  return count_at(input_.input, assignment, built, costs);
}

bool CostModel::count_required(const net::Assignment& assignment, BuiltStructure& built,
                               spec::Costs& required) const {
  const std::vector<Limits::Slot>& slots = limits_.slots();
  if (!count_at(slots[0].input, assignment, built, required)) return false;
  for (std::size_t s = 1; s < slots.size(); ++s) {
    spec::Costs there;
    if (!count_at(slots[s].input, assignment, built, there)) return false;
    for (const auto cost : slots[s].costs) required.*cost = there.*cost;
  }
  return true;
}

}  // namespace atto::gen
