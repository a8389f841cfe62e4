#include "generator/space/reach_search.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "generator/space/structure_enumeration.hpp"

namespace atto::gen {
namespace {

constexpr std::size_t kExhaustive = 4000;  ///< structures that are all measured
constexpr std::size_t kPerScope = 1500;    ///< alternatives of one scope
constexpr std::size_t kTotal = 60'000;     ///< structures measured in all
constexpr std::size_t kTieCombinations = 64;
constexpr std::string_view kDepthSuffix = ".modules";
constexpr std::int32_t kOutside = -1, kWhole = -2;  ///< in place of a module's running number

std::vector<net::DecisionId> all_decisions(const DecisionForest& forest) {
  std::vector<net::DecisionId> ids(forest.size());
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

/// Keeps the network of a measured end where it is further out than what is known.
void take_found(CostEnd& end, bool is_largest, bool is_first, std::int64_t value,
                const net::Assignment& assignment) {
  if (!is_first && (is_largest ? value <= end.found : value >= end.found)) return;
  end.found = value;
  end.assignment = assignment;
}

void take_bound(CostEnd& end, bool is_largest, bool is_first, std::int64_t bound, bool is_bound) {
  end.bound = is_first     ? bound
              : is_largest ? std::max(end.bound, bound)
                           : std::min(end.bound, bound);
  end.is_bound = (is_first || end.is_bound) && is_bound;
}

void take_all_found(CostReach& reach, const StructureEnds& ends) {
  for (int cost = 0; cost < kCosts; ++cost) {
    take_found(reach.smallest[cost], false, !reach.found_any,
               ends.smallest().costs.*kAllCosts[cost], ends.assignment(false));
    take_found(reach.largest[cost], true, !reach.found_any, ends.largest().costs.*kAllCosts[cost],
               ends.assignment(true));
  }
}

void take_all_bounds(CostReach& reach, const StructureEnds& ends) {
  for (int cost = 0; cost < kCosts; ++cost) {
    const StructureEnd &low = ends.smallest(), &high = ends.largest();
    take_bound(reach.smallest[cost], false, !reach.found_any, low.bound.*kAllCosts[cost],
               low.is_bound[cost]);
    take_bound(reach.largest[cost], true, !reach.found_any, high.bound.*kAllCosts[cost],
               high.is_bound[cost]);
  }
}

/// A shared choice ("let") outside modules acts on several scopes at once.
bool is_tie(const net::Decision& decision) {
  return module_of(decision.path).empty() && decision.path.find("let") != std::string::npos;
}

bool flows_agree(const StructureEnd& a, const StructureEnd& b) {
  if (a.outside != b.outside || a.modules.size() != b.modules.size()) return false;
  for (std::size_t m = 0; m < a.modules.size(); ++m)
    if (a.modules[m].channels != 0 && b.modules[m].channels != 0 && a.modules[m] != b.modules[m])
      return false;
  return true;
}

/// The search over scopes.
class ScopeSearch {
 public:
  ScopeSearch(const net::Prototype& prototype, const net::TaskInput& input,
              const DecisionForest& forest, std::size_t most, CostReach& reach)
      : prototype_(prototype),
        input_(input),
        forest_(forest),
        most_(most),
        reach_(reach),
        ends_(forest) {}

  void run() {
    context_ = deepest();
    if (!settle_context()) return;
    for (int cost = 0; cost < kCosts; ++cost) composed_[0][cost] = composed_[1][cost] = context_;
    for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(forest_.scopes()); ++scope)
      explore(scope);
    for (int cost = 0; cost < kCosts; ++cost) {
      conclude(cost, false);
      conclude(cost, true);
    }
  }

 private:
  /// Every module exists, every other choice is the first.
  net::Assignment deepest() const {
    net::Assignment assignment(forest_.size(), net::kInactive);
    for (std::size_t d = 0; d < forest_.size(); ++d) {
      const auto id = static_cast<net::DecisionId>(d);
      if (!forest_.exists(assignment, id)) continue;
      const auto allowed = forest_.allowed(id);
      assignment[d] = is_depth(id) ? allowed.back() : allowed.front();
    }
    return assignment;
  }
  bool is_depth(net::DecisionId id) const {
    const net::Decision& decision = forest_.at(id);
    return decision.path.ends_with(kDepthSuffix) && !decision.values.empty();
  }
  /// Finds a context that keeps all rules: the deepest, else drawn ones.
  bool settle_context() {
    spec::Random random(1);
    for (int attempt = 0; attempt < 64; ++attempt) {
      if (measure(context_)) {
        context_smallest_ = ends_.smallest();
        context_largest_ = ends_.largest();
        return true;
      }
      context_.assign(forest_.size(), net::kInactive);
      for (std::size_t d = 0; d < forest_.size(); ++d)
        if (is_depth(static_cast<net::DecisionId>(d)) &&
            forest_.exists(context_, static_cast<net::DecisionId>(d)))
          context_[d] = forest_.allowed(static_cast<net::DecisionId>(d)).back();
      forest_.fill(context_, random);
      is_separable_ = false;
    }
    return false;
  }

  bool measure(net::Assignment& assignment) {
    ++reach_.structures;
    if (!ends_.measure(prototype_, input_, assignment)) return false;
    take_all_found(reach_, ends_);
    reach_.found_any = true;
    // The peak adds up over scopes (as a maximum) only where tensors stay inside them.
    is_peak_local_ &= ends_.smallest().is_local;
    is_tight_ &= ends_.smallest().costs == ends_.smallest().bound;
    is_footprint_known_ &= ends_.smallest().costs.least_flash_bytes > 0;
    return true;
  }

  void explore(std::int32_t scope) {
    const auto members = forest_.members(scope);
    const bool is_free = std::any_of(members.begin(), members.end(), [&](net::DecisionId id) {
      return !forest_.is_width(id) && forest_.allowed(id).size() > 1;
    });
    if (!is_free) return;
    if (is_tie(forest_.at(members[0]))) is_separable_ = false;
    const bool changes_depth = is_depth(members[0]);
    free_outside_ += !changes_depth && module_of(forest_.at(members[0]).path).empty();
    std::int64_t best[2][kCosts];
    bool any = false;
    const std::size_t limit = std::min(kPerScope, most_ - std::min(most_, reach_.structures));
    const auto module = module_number(members[0]);
    is_separable_ &=
        enumerate_structures(forest_, members, context_, limit, [&](net::Assignment& assignment) {
          if (!measure(assignment)) return true;
          is_separable_ &= flows_agree(ends_.smallest(), context_smallest_) &&
                           flows_agree(ends_.largest(), context_largest_);
          note(members, assignment, changes_depth ? kWhole : module, !any, best);
          any = true;
          return true;
        });
  }
  /// Returns the running number of the module of a decision, or kOutside.
  std::int32_t module_number(net::DecisionId id) const {
    const std::string_view module = module_of(forest_.at(id).path);
    if (module.empty()) return kOutside;
    net::Structure structure;
    prototype_.instantiate(context_, input_, structure);
    for (const net::Node& node : structure.nodes)
      if (node.module >= 0 && module_of(prototype_.place(node.place)) == module) return node.module;
    return kOutside;
  }
  /// Keeps the choices of this scope that are best for each end of each cost.
  void note(std::span<const net::DecisionId> members, const net::Assignment& assignment,
            std::int32_t module, bool is_first, std::int64_t (&best)[2][kCosts]) {
    for (int largest = 0; largest < 2; ++largest) {
      const StructureEnd& end = largest ? ends_.largest() : ends_.smallest();
      for (int cost = 0; cost < kCosts; ++cost) {
        std::int64_t value = end.bound.*kAllCosts[cost];
        if (is_largest_of_parts(cost) && module != kWhole)
          value = (cost == kPeak ? end.peak : end.least_ram).of(module);
        if (!is_first && (largest ? value < best[largest][cost] : value >= best[largest][cost]))
          continue;
        best[largest][cost] = value;
        for (const net::DecisionId id : members)
          composed_[largest][cost][static_cast<std::size_t>(id)] =
              assignment[static_cast<std::size_t>(id)];
      }
    }
  }

  /// Measures the whole made of the best scopes; where scopes are separable its bound holds for
  /// all.
  void conclude(int cost, bool largest) {
    net::Assignment& assignment = composed_[largest][cost];
    for (std::size_t d = 0; d < forest_.size(); ++d) {
      const auto id = static_cast<net::DecisionId>(d);
      if (!forest_.exists(assignment, id))
        assignment[d] = net::kInactive;
      else if (assignment[d] == net::kInactive)
        assignment[d] = forest_.allowed(id).front();
    }
    CostEnd& end = largest ? reach_.largest[cost] : reach_.smallest[cost];
    end.is_bound = false;
    if (!measure(assignment)) return;
    const StructureEnd& measured = largest ? ends_.largest() : ends_.smallest();
    end.bound = measured.bound.*kAllCosts[cost];
    end.is_bound =
        is_separable_ && measured.is_bound[cost] && (is_footprint_known_ || cost < kLeastFlash) &&
        (!is_largest_of_parts(cost) ||
         (is_tight_ && (largest || free_outside_ <= 1) && (cost != kPeak || is_peak_local_)));
  }

  const net::Prototype& prototype_;
  const net::TaskInput& input_;
  const DecisionForest& forest_;
  std::size_t most_;  ///< structures that are measured
  CostReach& reach_;
  StructureEnds ends_;
  net::Assignment context_, composed_[2][kCosts];
  StructureEnd context_smallest_, context_largest_;
  bool is_separable_ = true, is_peak_local_ = true, is_tight_ = true;
  bool is_footprint_known_ = true;  ///< zeros hide it
  int free_outside_ = 0;            ///< scopes outside modules that are not depths
};

/// Takes the reach of a part of the space into that of the whole.
void merge(const CostReach& part, CostReach& whole) {
  whole.structures += part.structures;
  for (int cost = 0; cost < kCosts; ++cost)
    for (const bool is_largest : {false, true}) {
      const CostEnd& from = is_largest ? part.largest[cost] : part.smallest[cost];
      CostEnd& to = is_largest ? whole.largest[cost] : whole.smallest[cost];
      take_found(to, is_largest, !whole.found_any, from.found, from.assignment);
      take_bound(to, is_largest, !whole.found_any, from.bound, from.is_bound);
    }
  whole.found_any = true;
}

/// Searches scopes under every combination of a few ties, or under all at once where they are many:
/// then nothing is separable.
void search_by_ties(const net::Prototype& prototype, const net::TaskInput& input,
                    const DecisionForest& forest, CostReach& reach) {
  std::vector<DecisionForest> parts = {forest};
  for (std::size_t d = 0; d < forest.size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    const bool is_free = !forest.is_width(id) && forest.allowed(id).size() > 1 &&
                         forest.at(id).parent == net::kNoDecision;
    if (!is_free || !is_tie(forest.at(id))) continue;
    std::vector<DecisionForest> finer;
    for (const DecisionForest& part : parts)
      for (const std::int32_t alternative : part.allowed(id))
        finer.push_back(part.taking(id, alternative));
    parts = std::move(finer);
    if (parts.size() <= kTieCombinations) continue;
    parts = {forest};
    break;
  }
  bool all_found = true;
  for (const DecisionForest& part : parts) {
    CostReach found;
    ScopeSearch(prototype, input, part, kTotal / parts.size(), found).run();
    if (found.found_any) merge(found, reach);
    all_found &= found.found_any;
  }
  for (int cost = 0; cost < kCosts && !all_found; ++cost)
    reach.smallest[cost].is_bound = reach.largest[cost].is_bound = false;
}

}  // namespace

CostReach search_reach(const net::Prototype& prototype, const net::TaskInput& input,
                       const DecisionForest& forest) {
  CostReach reach;
  StructureEnds ends(forest);
  const std::vector<net::DecisionId> all = all_decisions(forest);
  bool every_measured = true;
  reach.is_exhaustive =
      enumerate_structures(forest, all, net::Assignment(forest.size(), net::kInactive), kExhaustive,
                           [&](net::Assignment& assignment) {
                             ++reach.structures;
                             if (ends.measure(prototype, input, assignment)) {
                               take_all_found(reach, ends);
                               take_all_bounds(reach, ends);
                               reach.found_any = true;
                             } else {
                               every_measured &= ends.breaks_for_all_widths();
                             }
                             return true;
                           });
  if (reach.is_exhaustive) {
    // A structure that breaks a rule at its ends may keep it in between.
    for (int cost = 0; cost < kCosts && !every_measured; ++cost)
      reach.smallest[cost].is_bound = reach.largest[cost].is_bound = false;
    return reach;
  }
  reach = {};
  search_by_ties(prototype, input, forest, reach);
  return reach;
}

bool misses_always(StructureEnds& ends, const net::Prototype& prototype,
                   const net::TaskInput& input, const Limits& limits, net::Assignment& assignment) {
  spec::Costs low, high;
  for (const Limits::Slot& slot : limits.slots()) {
    net::TaskInput there = input;
    there.input = slot.input;
    if (!ends.measure(prototype, there, assignment)) return ends.breaks_for_all_widths();
    for (int cost = 0; cost < kCosts; ++cost) {
      const auto member = kAllCosts[cost];
      const bool counts_here =
          std::find(slot.costs.begin(), slot.costs.end(), member) != slot.costs.end();
      if (!counts_here) continue;
      low.*member = ends.smallest().bound.*member;
      high.*member = ends.largest().is_bound[cost] ? ends.largest().bound.*member
                                                   : std::numeric_limits<std::int64_t>::max();
    }
  }
  return limits.use(low) > 1 || limits.band_use(high) < limits.band().any ||
         limits.floor_share(high) < 1;
}

bool all_structures_miss(const net::Prototype& prototype, const net::TaskInput& input,
                         const DecisionForest& forest, const Limits& limits,
                         std::size_t& structures) {
  StructureEnds ends(forest);
  bool all_miss = true;
  structures = 0;
  const std::vector<net::DecisionId> all = all_decisions(forest);
  const bool complete = enumerate_structures(
      forest, all, net::Assignment(forest.size(), net::kInactive), kExhaustive,
      [&](net::Assignment& assignment) {
        ++structures;
        return all_miss = misses_always(ends, prototype, input, limits, assignment);
      });
  return complete && all_miss;
}

}  // namespace atto::gen
