#pragma once
// What a FeasibleSpace is made of, for the files that implement it.

#include <optional>

#include "generator/space/feasible_space.hpp"
#include "generator/space/structure_draw.hpp"

namespace atto::gen {

struct FeasibleSpace::Parts {
  Parts(const net::Prototype& prototype, const net::TaskInput& input,
        const spec::Requirements& require, const spec::Band& band,
        const std::vector<Restriction>& restrictions);

  /// Returns the candidate of a structure that is built; nothing when its widths break a rule.
  std::optional<Candidate> candidate(const net::Assignment& assignment,
                                     BuiltStructure& built) const;
  /// Draws uniformly over decisions, a few times, until a feasible design comes up.
  std::optional<Candidate> uniform(Workspace::Parts& work, spec::Random& random) const;
  /// Draws a structure that fits, then solves its widths; `fits` says how far it came.
  std::optional<Candidate> solved(Workspace::Parts& work, spec::Random& random, bool& fits) const;
  /// Makes a feasible design of complete choices with as few changes as it takes: structure scopes
  /// are redrawn only where nothing fits, widths are scaled only where limits do not hold.
  std::optional<Candidate> repaired(Workspace::Parts& work, spec::Random& random) const;

  DecisionForest forest;
  CostModel model;
  StructureDraw structures;
};

struct Workspace::Parts {
  BuiltStructure built;
  net::Assignment assignment, kept;
  const Preference* preference = nullptr;  ///< of the draws under way
  std::optional<WidthSolver> solver;
  const void* owner = nullptr;  ///< the space that the solver belongs to

  WidthSolver& solver_for(const FeasibleSpace::Parts& space) {
    if (owner != &space) {
      solver.emplace(space.model, space.forest);
      owner = &space;
    }
    return *solver;
  }
};

}  // namespace atto::gen
