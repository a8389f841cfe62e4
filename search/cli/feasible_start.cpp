#include "search/cli/feasible_start.hpp"

#include <fmt/format.h>

#include <utility>

#include "generator/space/feasibility.hpp"
#include "search/campaign/footprint.hpp"

namespace atto::cli {
namespace {

struct Place {
  std::string path;
  spec::Location location;
};

/// Finds the requirement that a reason speaks of ("... /require/params/max asks for 326,000").
Place place_of(const spec::Requirements& require, const std::string& reason) {
  const std::pair<const char*, const spec::Bound*> bounds[] = {
      {"params", &require.params},
      {"macs", &require.macs},
      {"peak_activation_kib", &require.peak_activation_kib},
      {"model_kib", &require.model_kib},
      {"flash_kib", &require.flash_kib},
      {"ram_kib", &require.ram_kib}};
  for (const auto& [name, bound] : bounds)
    for (const char* side : {"max", "min"}) {
      const std::string path = fmt::format("/require/{}/{}", name, side);
      if (reason.find(path) == std::string::npos) continue;
      return {path, side == std::string("max") ? bound->max_location : bound->min_location};
    }
  return {"/require", {0, 0, 0}};
}

Problem infeasible(const search::Campaign& campaign, int tier, const std::string& reason) {
  Place place = place_of(campaign.require(tier), reason);
  if (!campaign.spec.tiers.empty()) place.path = fmt::format("/tiers/{}{}", tier, place.path);
  const std::string location =
      place.location.line > 0
          ? fmt::format("{}:{}:{}", campaign.spec_name, place.location.line, place.location.column)
          : campaign.spec_name;
  return {location, place.path, reason, ""};
}

}  // namespace

std::vector<std::string> check_start(const search::Campaign& campaign) {
  std::vector<std::string> warnings;
  std::vector<Problem> problems;
  for (int tier = 0; tier < campaign.tiers(); ++tier) {
    const spec::Requirements& require = campaign.require(tier);
    const std::string name = campaign.tiers() > 1 ? campaign.tier_name(tier) + ": " : "";
    const gen::FeasibleSpace space(*campaign.prototype, campaign.input, require,
                                   campaign.spec.search.band);
    const gen::Feasibility found = gen::check_feasibility(space, campaign.spec.search.seed);
    if (found.answer == gen::Feasibility::Answer::Infeasible)
      problems.push_back(infeasible(campaign, tier, found.reason));
    if (const std::string idle = gen::idle_band(space, campaign.spec.search.band); !idle.empty())
      warnings.push_back(name + idle);
    std::string tried;
    if (found.witness && require.asks_footprint() &&
        !search::find_fitting(space, require, campaign.spec.search.seed, tried))
      warnings.push_back(name + tried);
    if (found.answer == gen::Feasibility::Answer::Undecided)
      warnings.push_back(name + found.reason +
                         "; the campaign stops at once if none is found then");
  }
  if (!problems.empty()) throw SpecError(std::move(problems));
  return warnings;
}

}  // namespace atto::cli
