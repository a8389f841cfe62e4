#include "generator/space/enumeration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <unordered_set>

#include "generator/space/reach_search.hpp"
#include "generator/space/space_parts.hpp"
#include "generator/space/structure_enumeration.hpp"

namespace atto::gen {
namespace {

class DesignWalk {
 public:
  DesignWalk(const FeasibleSpace& space, std::size_t limit, bool is_hopeful,
             const DesignVisit& visit)
      : model_(space.parts().model),
        forest_(space.parts().forest),
        visit_(visit),
        left_(limit),
        is_hopeful_(is_hopeful),
        ends_(forest_) {}

  bool run() {
    std::vector<net::DecisionId> all(forest_.size());
    std::iota(all.begin(), all.end(), 0);
    return enumerate_structures(forest_, all, net::Assignment(forest_.size(), net::kInactive),
                                left_,
                                [&](net::Assignment& assignment) { return structure(assignment); });
  }

 private:
  bool structure(net::Assignment& assignment) {
    if (is_hopeful_ &&
        misses_always(ends_, model_.prototype(), model_.input(), model_.limits(), assignment))
      return true;
    model_.build(assignment, built_);
    widths_.clear();
    for (std::size_t d = 0; d < assignment.size(); ++d)
      if (const auto id = static_cast<net::DecisionId>(d);
          forest_.is_width(id) && assignment[d] != net::kInactive)
        widths_.push_back(id);
    return widths_from(0, assignment);
  }

  bool widths_from(std::size_t at, net::Assignment& assignment) {
    if (at == widths_.size()) return design(assignment);
    for (const std::int32_t alternative : forest_.allowed(widths_[at])) {
      assignment[static_cast<std::size_t>(widths_[at])] = alternative;
      if (!widths_from(at + 1, assignment)) return false;
    }
    return true;
  }

  bool design(const net::Assignment& assignment) {
    if (left_ == 0) return false;
    --left_;
    spec::Costs required;
    return !model_.count_required(assignment, built_, required) ||
           visit_(assignment, required, built_);
  }

  const CostModel& model_;
  const DecisionForest& forest_;
  const DesignVisit& visit_;
  std::size_t left_;
  bool is_hopeful_;
  StructureEnds ends_;
  BuiltStructure built_;
  std::vector<net::DecisionId> widths_;  ///< of the structure under work
};

}  // namespace

bool for_each_design(const FeasibleSpace& space, std::size_t limit, bool is_hopeful,
                     const DesignVisit& visit) {
  return DesignWalk(space, limit, is_hopeful, visit).run();
}

std::optional<Enumeration> enumerate_feasible(const FeasibleSpace& space, std::size_t limit) {
  Enumeration all;
  const FeasibleSpace::Parts& parts = space.parts();
  if (parts.forest.log10_size() > std::log10(double(limit)) + 1e-9) return {};
  const bool is_complete = for_each_design(
      space, limit, false,
      [&](const net::Assignment& assignment, const spec::Costs& required, BuiltStructure& built) {
        ++all.well_formed;
        if (parts.model.limits().met(required))
          all.feasible.push_back(parts.candidate(assignment, built).value());
        return true;
      });
  if (!is_complete) return {};
  std::sort(all.feasible.begin(), all.feasible.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.hash, a.assignment) < std::tie(b.hash, b.assignment);
  });
  all.feasible.erase(
      std::unique(all.feasible.begin(), all.feasible.end(),
                  [](const Candidate& a, const Candidate& b) { return a.hash == b.hash; }),
      all.feasible.end());
  return all;
}

std::optional<std::size_t> fewer_designs_than(const FeasibleSpace& space, std::size_t wanted) {
  const FeasibleSpace::Parts& parts = space.parts();
  if (parts.forest.log10_size() > std::log10(double(kSmallSpace))) return {};
  std::unordered_set<std::uint64_t> distinct;
  const bool is_complete = for_each_design(
      space, kSmallSpace, true,
      [&](const net::Assignment& assignment, const spec::Costs& required, BuiltStructure& built) {
        if (parts.model.limits().met(required))
          distinct.insert(parts.candidate(assignment, built).value().hash);
        return distinct.size() < wanted;
      });
  return is_complete ? std::optional(distinct.size()) : std::nullopt;
}

}  // namespace atto::gen
