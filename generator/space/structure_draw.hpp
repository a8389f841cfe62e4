#pragma once
// Structures that can hold a feasible design: drawn decision by decision, and repaired by redrawing
// scopes where their smallest widths cross a ceiling, or their largest fall short of band or
// floors.

#include "design_specs/seeds/random.hpp"
#include "generator/space/width_solver.hpp"

namespace atto::gen {

class StructureDraw {
 public:
  StructureDraw(const CostModel& model, const DecisionForest& forest);

  /// Takes what is kInactive and should exist, then redraws scopes until the structure's ends fit
  /// the limits, within a bounded effort. Leaves the structure built and the solver started on it.
  bool draw(net::Assignment& assignment, BuiltStructure& built, WidthSolver& solver,
            WidthEnds& ends, spec::Random& random, const Preference* preference = nullptr) const;
  /// Builds what is decided; returns how far it is from fitting: 0 fits, infinity breaks a rule.
  double distance(net::Assignment& assignment, BuiltStructure& built, WidthSolver& solver,
                  WidthEnds& ends) const;

 private:
  std::int32_t scope_to_redraw(const BuiltStructure& built, std::int32_t broken_node,
                               spec::Random& random) const;
  void redraw(std::int32_t scope, net::Assignment& assignment, spec::Random& random,
              const Preference* preference) const;

  const CostModel* model_;
  const DecisionForest* forest_;
  std::vector<std::int32_t> redrawable_;  ///< scopes with a free structure decision, modules
  std::vector<std::int32_t> outside_;     ///< the same, outside modules
};

}  // namespace atto::gen
