#include "generator/space/feasible_space.hpp"

#include <algorithm>

#include "generator/space/fast_hash.hpp"
#include "generator/space/space_parts.hpp"

namespace atto::gen {
namespace {

// One draw in so many is uniform over decisions and kept only when feasible: it gives every
// feasible design a positive probability, whatever the solver prefers.
constexpr std::uint64_t kUniformShare = 16;
constexpr int kUniformTries = 8;
// The effort of one draw: a structure whose widths did not work out costs 1, one that no redraw
// made fit this much more.
constexpr int kEffort = 96, kUnfitEffort = 8;

}  // namespace

Workspace::Workspace() : parts_(std::make_unique<Parts>()) {}
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;

FeasibleSpace::Parts::Parts(const net::Prototype& prototype, const net::TaskInput& input,
                            const spec::Requirements& require, const spec::Band& band,
                            const std::vector<Restriction>& restrictions)
    : forest(prototype, restrictions),
      model(prototype, input,
            Limits(require, forest.has_free_width() ? band : spec::Band(), input)),
      structures(model, forest) {}

FeasibleSpace::FeasibleSpace(const net::Prototype& prototype, const net::TaskInput& input,
                             const spec::Requirements& require, const spec::Band& band,
                             const std::vector<Restriction>& restrictions)
    : parts_(std::make_unique<Parts>(prototype, input, require, band, restrictions)) {}
FeasibleSpace::~FeasibleSpace() = default;

const net::Prototype& FeasibleSpace::prototype() const {
  return parts_->model.prototype();
}
const net::TaskInput& FeasibleSpace::input() const {
  return parts_->model.input();
}
const spec::Band& FeasibleSpace::band() const {
  return parts_->model.limits().band();
}
std::span<const std::int32_t> FeasibleSpace::allowed(net::DecisionId decision) const {
  return parts_->forest.allowed(decision);
}

std::optional<Candidate> FeasibleSpace::Parts::candidate(const net::Assignment& assignment,
                                                         BuiltStructure& built) const {
  Candidate made;
  if (!model.count_trained(assignment, built, made.costs)) return {};
  made.hash = fast_hash(built.structure, built.shapes, built.tally.layers(), built.walk);
  made.assignment = assignment;
  return made;
}

std::optional<Candidate> FeasibleSpace::Parts::uniform(Workspace::Parts& work,
                                                       spec::Random& random) const {
  for (int attempt = 0; attempt < kUniformTries; ++attempt) {
    work.assignment.assign(forest.size(), net::kInactive);
    forest.fill(work.assignment, random);
    model.build(work.assignment, work.built);
    spec::Costs required;
    if (model.count_required(work.assignment, work.built, required) && model.limits().met(required))
      return candidate(work.assignment, work.built);
  }
  return {};
}

std::optional<Candidate> FeasibleSpace::Parts::solved(Workspace::Parts& work, spec::Random& random,
                                                      bool& fits) const {
  WidthSolver& solver = work.solver_for(*this);
  WidthEnds ends;
  work.assignment.assign(forest.size(), net::kInactive);
  fits = structures.draw(work.assignment, work.built, solver, ends, random, work.preference);
  if (!fits) return {};
  solver.draw_odds(random, work.preference);
  if (!solver.solve(ends, random)) return {};
  return candidate(work.assignment, work.built);
}

std::optional<Candidate> FeasibleSpace::sample(spec::Random& random) const {
  Workspace workspace;
  return sample(random, workspace);
}

std::optional<Candidate> FeasibleSpace::sample(spec::Random& random, Workspace& workspace,
                                               const Preference* preference) const {
  workspace.parts().preference = preference;
  for (int effort = kEffort; effort > 0;) {
    if (random.below(kUniformShare) == 0)
      if (auto found = parts_->uniform(workspace.parts(), random)) return found;
    bool fits = false;
    if (auto found = parts_->solved(workspace.parts(), random, fits)) return found;
    effort -= fits ? 1 : kUnfitEffort;
  }
  return parts_->uniform(workspace.parts(), random);
}

std::optional<Candidate> FeasibleSpace::evaluate(const net::Assignment& assignment) const {
  if (!parts_->forest.is_complete(assignment)) return {};
  BuiltStructure built;
  parts_->model.build(assignment, built);
  return parts_->candidate(assignment, built);
}

bool FeasibleSpace::allows(const net::Assignment& assignment) const {
  for (std::size_t d = 0; d < assignment.size(); ++d) {
    const auto left = allowed(static_cast<net::DecisionId>(d));
    if (assignment[d] != net::kInactive &&
        !std::binary_search(left.begin(), left.end(), assignment[d]))
      return false;
  }
  return misses(assignment).empty() && tightest_use(assignment) <= 1;
}

std::vector<spec::Miss> FeasibleSpace::misses(const net::Assignment& assignment) const {
  BuiltStructure built;
  spec::Costs required;
  if (!parts_->forest.is_complete(assignment))
    return {{"decisions", "decisions: some are not taken"}};
  parts_->model.build(assignment, built);
  if (!parts_->model.count_required(assignment, built, required))
    return {{"rules", "rules: the choices do not fit together"}};
  const Limits& limits = parts_->model.limits();
  return spec::cost_misses(limits.require(), limits.band(), required);
}

double FeasibleSpace::tightest_use(const net::Assignment& assignment) const {
  BuiltStructure built;
  spec::Costs required;
  parts_->model.build(assignment, built);
  if (!parts_->model.count_required(assignment, built, required)) return 0;
  return parts_->model.limits().use(required);
}

}  // namespace atto::gen
