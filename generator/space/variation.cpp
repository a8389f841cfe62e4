// Designs made from designs: mutation and crossover, repaired so that the result is feasible.
#include <algorithm>

#include "generator/space/space_parts.hpp"

namespace atto::gen {
namespace {

constexpr int kAttempts = 32;
// Half of the changed widths move to a near alternative, the others anywhere.
constexpr std::int32_t kNearSteps = 3;

/// Changes one decision to another allowed alternative.
void change(const DecisionForest& forest, net::DecisionId id, net::Assignment& assignment,
            spec::Random& random, const Preference* preference) {
  const auto allowed = forest.allowed(id);
  std::int32_t& choice = assignment[static_cast<std::size_t>(id)];
  const auto last = static_cast<std::int64_t>(allowed.size()) - 1;
  const auto at = std::clamp<std::int64_t>(
      std::lower_bound(allowed.begin(), allowed.end(), choice) - allowed.begin(), 0, last);
  std::int64_t next = 0;
  if (forest.is_width(id) && random.below(2) == 0) {
    const auto steps = 1 + static_cast<std::int64_t>(random.below(kNearSteps));
    next = std::clamp<std::int64_t>(random.below(2) == 0 ? at - steps : at + steps, 0, last);
    if (next == at) next = at == 0 ? 1 : at - 1;
  } else if (preference && !forest.is_width(id)) {
    std::vector<double> weights;
    preference->weigh(id, assignment, allowed, weights);
    weights[static_cast<std::size_t>(at)] = 0;
    next = static_cast<std::int64_t>(random.weighted(weights));
  } else {
    next = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last)));
    if (next >= at) ++next;
  }
  choice = allowed[static_cast<std::size_t>(next)];
}

/// Changes `changes` decisions that exist and are free: structure and widths with equal chances,
/// where both are free.
void change_some(const DecisionForest& forest, int changes, net::Assignment& assignment,
                 spec::Random& random, const Preference* preference) {
  std::vector<net::DecisionId> free[2];
  for (int c = 0; c < changes; ++c) {
    free[0].clear();
    free[1].clear();
    for (std::size_t d = 0; d < forest.size(); ++d) {
      const auto id = static_cast<net::DecisionId>(d);
      if (assignment[d] != net::kInactive && forest.allowed(id).size() > 1)
        free[forest.is_width(id)].push_back(id);
    }
    if (free[0].empty() && free[1].empty()) return;
    const bool pick_width = free[0].empty() || (!free[1].empty() && random.below(2) == 0);
    const std::vector<net::DecisionId>& from = free[pick_width];
    change(forest, from[random.below(from.size())], assignment, random, preference);
    forest.fill(assignment, random, preference);
  }
}

}  // namespace

std::optional<Candidate> FeasibleSpace::Parts::repaired(Workspace::Parts& work,
                                                        spec::Random& random) const {
  WidthSolver& solver = work.solver_for(*this);
  WidthEnds ends;
  work.kept = work.assignment;  // measuring the ends moves the widths
  const bool fits = structures.distance(work.assignment, work.built, solver, ends) == 0;
  const auto restore_widths = [&] {
    for (std::size_t d = 0; d < work.kept.size(); ++d)
      if (forest.is_width(static_cast<net::DecisionId>(d)) &&
          work.assignment[d] != net::kInactive && work.kept[d] != net::kInactive)
        work.assignment[d] = work.kept[d];
  };
  if (!fits) {
    restore_widths();
    if (!structures.draw(work.assignment, work.built, solver, ends, random, work.preference))
      return {};
  }
  restore_widths();
  solver.take_odds();
  if (!solver.try_unscaled() && !solver.solve(ends, random)) return {};
  return candidate(work.assignment, work.built);
}

std::optional<Candidate> FeasibleSpace::mutate(const net::Assignment& parent, int changes,
                                               spec::Random& random,
                                               const Preference* preference) const {
  const Parts& parts = *parts_;
  const std::optional<Candidate> before = evaluate(parent);
  Workspace workspace;
  Workspace::Parts& work = workspace.parts();
  work.preference = preference;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    work.assignment = parent;
    work.assignment.resize(parts.forest.size(), net::kInactive);
    parts.forest.restrict(work.assignment);
    parts.forest.fill(work.assignment, random);
    change_some(parts.forest, std::max(1, changes), work.assignment, random, preference);
    auto made = parts.repaired(work, random);
    if (made && made->assignment != parent && (!before || made->hash != before->hash)) return made;
  }
  return {};
}

std::optional<Candidate> FeasibleSpace::crossover(const net::Assignment& a,
                                                  const net::Assignment& b,
                                                  spec::Random& random) const {
  const Parts& parts = *parts_;
  const DecisionForest& forest = parts.forest;
  Workspace workspace;
  Workspace::Parts& work = workspace.parts();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    work.assignment.assign(forest.size(), net::kInactive);
    for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(forest.scopes()); ++scope) {
      const net::Assignment& first = random.below(2) == 0 ? a : b;
      const net::Assignment& other = &first == &a ? b : a;
      for (const net::DecisionId id : forest.members(scope)) {
        const auto d = static_cast<std::size_t>(id);
        if (d < first.size() && first[d] != net::kInactive)
          work.assignment[d] = first[d];
        else if (d < other.size())
          work.assignment[d] = other[d];
      }
    }
    forest.restrict(work.assignment);
    forest.fill(work.assignment, random);
    if (auto made = parts.repaired(work, random)) return made;
  }
  return {};
}

}  // namespace atto::gen
