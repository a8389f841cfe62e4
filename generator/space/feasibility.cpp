#include "generator/space/feasibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "generator/space/enumeration.hpp"
#include "generator/space/nearest_miss.hpp"
#include "generator/space/reach_search.hpp"
#include "generator/space/space_parts.hpp"

namespace atto::gen {
namespace {

// Draws that look for a witness; each is a bounded effort of its own.
constexpr std::uint64_t kWitnessDraws = 24;

/// How messages name a cost, and its unit.
struct CostWords {
  std::string_view key;  ///< under "require"
  std::string_view has;  ///< "has {} parameters"
  double scale;          ///< from the count to the requirement's unit
};
constexpr CostWords kWords[kCosts] = {
    {"params", "has {} parameters", 1},
    {"macs", "needs {} multiply-adds", 1},
    {"peak_activation_kib", "needs {} KiB of activations at its peak", 1.0 / 1024},
    {"model_kib", "is a model of {} KiB", 1.0 / 1024},
    {"flash_kib", "has {} KiB of constants in int8 C, code not counted", 1.0 / 1024},
    {"ram_kib", "holds {} KiB of maps at once in int8 C", 1.0 / 1024},
};

std::string grouped(double value) {
  std::string text = fmt::format("{:.0f}", value);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

/// A limit as a person wrote it.
std::string asked(double limit) {
  return limit == std::floor(limit) ? grouped(limit) : fmt::format("{:.6g}", limit);
}

const spec::Bound& bound_of(const spec::Requirements& require, int cost) {
  const spec::Bound* bounds[kCosts] = {
      &require.params,    &require.macs,      &require.peak_activation_kib,
      &require.model_kib, &require.flash_kib, &require.ram_kib};
  return *bounds[cost];
}

/// Says that the end of a cost crosses a limit: "the smallest network of this prototype has 412,306
/// parameters; /require/params/max asks for 326,000".
std::string crossing_text(int cost, bool largest, const CostEnd& end, double limit) {
  const CostWords& words = kWords[cost];
  // Rounded away from the limit, so that the two figures never look alike.
  const double exact = static_cast<double>(end.bound) * words.scale;
  const std::string figure = grouped(largest ? std::floor(exact) : std::ceil(exact));
  return fmt::format("the {} network of this prototype {}{}; /require/{}/{} asks for {}",
                     largest ? "largest" : "smallest",
                     end.is_proved() ? ""
                     : largest       ? "at most "
                                     : "at least ",
                     fmt::format(fmt::runtime(words.has), figure), words.key,
                     largest ? "min" : "max", asked(limit));
}

double share_of(const spec::Band& band, int cost) {
  const double shares[kCosts] = {band.params,    band.macs, band.peak_activation_kib,
                                 band.model_kib, 0,         0};
  return shares[cost];
}

/// Says that no network uses the share of a ceiling that the band names.
std::string share_text(int cost, const CostEnd& end, double share, double ceiling) {
  const CostWords& words = kWords[cost];
  const double exact = static_cast<double>(end.bound) * words.scale;
  return fmt::format(
      "the largest network of this prototype {}{}, {:.1f}% of /require/{}/max; /search/band/{} "
      "asks for {:.1f}%",
      end.is_proved() ? "" : "at most ",
      fmt::format(fmt::runtime(words.has), grouped(std::floor(exact))),
      std::floor(1000 * exact / ceiling) / 10, words.key, words.key, 100 * share);
}

class Proof {
 public:
  explicit Proof(const FeasibleSpace& space)
      : space_(space), parts_(space.parts()), require_(parts_.model.limits().require()) {}

  /// Returns why nothing is feasible, or "" when that is not proved.
  std::string infeasible() {
    for (int cost = 0; cost < kCosts; ++cost) {
      const spec::Bound& bound = bound_of(require_, cost);
      if (!bound.max && !bound.min) continue;
      const CostReach& reach = reach_at(bound.at);
      const CostEnd &low = reach.smallest[cost], &high = reach.largest[cost];
      if (bound.max && low.is_bound && scaled(low.bound, cost) > *bound.max)
        return crossing_text(cost, false, low, *bound.max);
      if (bound.min && high.is_bound && scaled(high.bound, cost) < *bound.min)
        return crossing_text(cost, true, high, *bound.min);
      const double share = share_of(space_.band(), cost);
      if (bound.max && high.is_bound && scaled(high.bound, cost) < share * *bound.max)
        return share_text(cost, high, share, *bound.max);
    }
    const std::string band = band_out_of_reach();
    if (!band.empty()) return band;
    std::size_t structures = 0;
    if (all_structures_miss(space_.prototype(), space_.input(), parts_.forest,
                            parts_.model.limits(), structures))
      return fmt::format(
          "none of the {} structures of this prototype meets /require together, whatever its "
          "widths",
          grouped(static_cast<double>(structures)));
    return "";
  }

  /// Returns the networks at the ends of every cost.
  std::vector<net::Assignment> ends() {
    std::vector<net::Assignment> networks;
    for (const auto& [resolution, reach] : reaches_)
      for (int cost = 0; cost < kCosts && reach.found_any; ++cost)
        for (const CostEnd* end : {&reach.smallest[cost], &reach.largest[cost]})
          networks.push_back(end->assignment);
    return networks;
  }

 private:
  static double scaled(std::int64_t count, int cost) {
    return static_cast<double>(count) * kWords[cost].scale;
  }

  const CostReach& reach_at(std::optional<int> resolution) {
    for (const auto& [known, reach] : reaches_)
      if (known == resolution) return reach;
    net::TaskInput input = space_.input();
    if (resolution) input.input.height = input.input.width = *resolution;
    return reaches_.emplace_back(resolution, search_reach(space_.prototype(), input, parts_.forest))
        .second;
  }

  std::string band_out_of_reach() {
    const double asked = space_.band().any;
    if (asked <= 0) return "";
    double largest_use = 0;
    std::string_view tightest;
    for (int cost = 0; cost < kLeastFlash; ++cost) {
      const spec::Bound& bound = bound_of(require_, cost);
      if (!bound.max) continue;
      const CostEnd& high = reach_at(bound.at).largest[cost];
      if (!high.is_bound) return "";
      const double use = scaled(high.bound, cost) / *bound.max;
      if (use > largest_use) tightest = kWords[cost].key;
      largest_use = std::max(largest_use, use);
    }
    if (largest_use >= asked) return "";
    return fmt::format(
        "the largest networks of this prototype use {:.1f}% of /require/{}/max, their tightest "
        "ceiling; /search/band asks for {:.1f}%",
        std::floor(1000 * largest_use) / 10, tightest, 100 * asked);
  }

  const FeasibleSpace& space_;
  const FeasibleSpace::Parts& parts_;
  const spec::Requirements& require_;
  std::vector<std::pair<std::optional<int>, CostReach>> reaches_;
};

Reach reach_of(const CostReach& reach, int cost) {
  const CostEnd &low = reach.smallest[cost], &high = reach.largest[cost];
  return {low.found, high.found, low.is_proved(), high.is_proved()};
}

}  // namespace

std::string idle_band(const FeasibleSpace& space, const spec::Band& asked) {
  const Limits& limits = space.parts().model.limits();
  if (!limits.has_counted_ceiling() || !asked.is_on() || space.parts().forest.has_free_width())
    return "";
  return "/search/band has no effect: no width is free, so no design can be brought to use more; "
         "every design within the limits is allowed";
}

SpaceReport describe_space(const net::Prototype& prototype, const net::TaskInput& input) {
  const DecisionForest forest(prototype, {});
  const CostReach reach = search_reach(prototype, input, forest);
  return {
      static_cast<int>(forest.size()), forest.log10_size(), reach_of(reach, 0), reach_of(reach, 1),
      reach_of(reach, kPeak),          reach.found_any};
}

namespace {

/// Tries every design of a small space: true where that decided the question.
bool enumerate(const FeasibleSpace& space, Feasibility& feasibility) {
  const FeasibleSpace::Parts& parts = space.parts();
  if (parts.forest.log10_size() > std::log10(double(kSmallSpace))) return false;
  return for_each_design(space, kSmallSpace, true,
                         [&](const net::Assignment& assignment, const spec::Costs& required,
                             BuiltStructure& built) {
                           if (parts.model.limits().met(required))
                             feasibility.witness = parts.candidate(assignment, built);
                           return !feasibility.witness;
                         }) ||
         feasibility.witness;
}

/// Says that no choices fit together, and what breaks in one of them.
std::string unfit_text(const FeasibleSpace& space) {
  net::Assignment assignment(space.prototype().decisions().size(), net::kInactive);
  spec::Random random(1);
  net::draw(space.prototype().decisions(), assignment, random);
  const net::Realised drawn = net::realise(space.prototype(), assignment, space.input());
  return "no choices of this prototype fit together" +
         (drawn.broken.empty() ? "" : "; of one, " + drawn.broken);
}

/// Says that no design of a space that was counted out is feasible.
std::string none_text(const FeasibleSpace& space, const NearestMiss& nearest) {
  const double designs = std::round(std::pow(10, space.parts().forest.log10_size()));
  if (nearest.assignment.empty()) return unfit_text(space);
  return (designs == 1 ? "the one design of this prototype does not meet /require together; "
                       : fmt::format("none of the {} designs of this prototype meets /require "
                                     "together; ",
                                     grouped(designs))) +
         "the nearest misses " + nearest.misses.text;
}

/// Decides where draws found nothing; sets witness or reason.
Feasibility::Answer decide(const FeasibleSpace& space, Proof& proof, std::uint64_t seed,
                           Feasibility& found) {
  using Answer = Feasibility::Answer;
  found.reason = proof.infeasible();
  if (!found.reason.empty()) return Answer::Infeasible;
  spec::Random random(spec::derive_seed({seed, kWitnessDraws}));
  const NearestMiss nearest = walk_to_limits(space, proof.ends(), random);
  if (nearest.misses.distance == 0) {
    found.witness = space.evaluate(nearest.assignment);
    return Answer::Feasible;
  }
  if (enumerate(space, found)) {
    if (found.witness) return Answer::Feasible;
    found.reason = none_text(space, nearest);
    return Answer::Infeasible;
  }
  found.reason = fmt::format(
      "no feasible design was found in {} draws and {} steps towards the limits, and no limit is "
      "provably out of reach; {}",
      kWitnessDraws, nearest.tried,
      nearest.assignment.empty() ? unfit_text(space) : "the nearest misses " + nearest.misses.text);
  return Answer::Undecided;
}

}  // namespace

Feasibility check_feasibility(const FeasibleSpace& space, std::uint64_t seed) {
  Feasibility feasibility;
  Workspace workspace;
  for (std::uint64_t draw = 0; draw < kWitnessDraws; ++draw) {
    spec::Random random(spec::derive_seed({seed, draw}));
    feasibility.witness = space.sample(random, workspace);
    if (!feasibility.witness) continue;
    feasibility.answer = Feasibility::Answer::Feasible;
    return feasibility;
  }
  Proof proof(space);
  feasibility.answer = decide(space, proof, seed, feasibility);
  return feasibility;
}

}  // namespace atto::gen
