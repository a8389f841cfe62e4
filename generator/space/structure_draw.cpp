#include "generator/space/structure_draw.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace atto::gen {
namespace {

// Redraws before a structure is given up; enough to bring tight budgets to fit, bounded for those
// that never do.
constexpr int kRedraws = 160;
// After this many redraws that did not help, a worse structure is taken, to leave a dead end.
constexpr int kPatience = 24;
constexpr double kBroken = std::numeric_limits<double>::infinity();

}  // namespace

StructureDraw::StructureDraw(const CostModel& model, const DecisionForest& forest)
    : model_(&model), forest_(&forest) {
  for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(forest.scopes()); ++scope) {
    const auto members = forest.members(scope);
    const bool is_free = std::any_of(members.begin(), members.end(), [&](net::DecisionId id) {
      return !forest.is_width(id) && forest.allowed(id).size() > 1;
    });
    if (!is_free) continue;
    const bool is_module = !module_of(forest.at(members[0]).path).empty();
    (is_module ? redrawable_ : outside_).push_back(scope);
  }
}

double StructureDraw::distance(net::Assignment& assignment, BuiltStructure& built,
                               WidthSolver& solver, WidthEnds& ends) const {
  model_->build(assignment, built);
  built.broken_node = -1;
  if (!solver.start(assignment, built)) {
    built.broken_node = solver.domains().broken_node();
    return kBroken;
  }
  if (!solver.measure_ends(ends)) return kBroken;
  const Limits& limits = model_->limits();
  double distance = std::max(0.0, std::log(std::max(ends.use_smallest, 1e-12)));
  if (ends.use_largest < limits.band().any)
    distance += std::log(limits.band().any / std::max(ends.use_largest, 1e-12));
  if (ends.floor_largest < 1) distance += -std::log(std::max(ends.floor_largest, 1e-12));
  return distance;
}

std::int32_t StructureDraw::scope_to_redraw(const BuiltStructure& built, std::int32_t broken_node,
                                            spec::Random& random) const {
  if (broken_node >= 0 && random.below(4) != 0) {
    const auto place = built.structure.nodes[static_cast<std::size_t>(broken_node)].place;
    const std::string_view module = module_of(model_->prototype().place(place));
    for (const std::int32_t scope : redrawable_)
      if (!module.empty() && module_of(forest_->at(forest_->members(scope)[0]).path) == module)
        return scope;
  }
  const bool from_outside = redrawable_.empty() || (!outside_.empty() && random.below(3) == 0);
  const std::vector<std::int32_t>& scopes = from_outside ? outside_ : redrawable_;
  return scopes[random.below(scopes.size())];
}

void StructureDraw::redraw(std::int32_t scope, net::Assignment& assignment, spec::Random& random,
                           const Preference* preference) const {
  for (const net::DecisionId id : forest_->members(scope))
    assignment[static_cast<std::size_t>(id)] = net::kInactive;
  forest_->fill(assignment, random, preference);
}

bool StructureDraw::draw(net::Assignment& assignment, BuiltStructure& built, WidthSolver& solver,
                         WidthEnds& ends, spec::Random& random,
                         const Preference* preference) const {
  forest_->fill(assignment, random, preference);
  double current = distance(assignment, built, solver, ends);
  if (current == 0) return true;
  if (redrawable_.empty() && outside_.empty()) return false;
  net::Assignment kept;
  int stale = 0;
  for (int attempt = 0; attempt < kRedraws; ++attempt) {
    kept = assignment;
    redraw(scope_to_redraw(built, built.broken_node, random), assignment, random, preference);
    const double next = distance(assignment, built, solver, ends);
    if (next == 0) return true;
    if (next < current || stale >= kPatience || (next == current && current == kBroken)) {
      stale = next < current ? 0 : stale;
      if (stale >= kPatience) stale = 0;
      current = next;
    } else {
      assignment = kept;
      ++stale;
    }
  }
  return false;
}

}  // namespace atto::gen
