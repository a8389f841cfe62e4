// The designs of a campaign: rows, networks and files made from one another.
#include <fmt/format.h>

#include <utility>

#include "design_specs/reading/text_checks.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/campaign.hpp"

namespace atto::search {
namespace {

/// Anchors that the campaign states are of as many levels as its prototype has.
void expect_levels(const net::DetectorParts& parts, const std::string& file) {
  const spec::AnchorSettings& anchors = parts.settings.anchors;
  const std::size_t levels = parts.trunk.outputs.size();
  if (!anchors.are_fitted() && anchors.sizes.size() != levels)
    throw SpecError({{file, "/detector",
                      fmt::format("must have {} levels, for which the campaign states anchors",
                                  anchors.sizes.size()),
                      std::to_string(levels)}});
}

net::Realised realised_of(const net::Prototype& design, const spec::TaskKind& kind,
                          const net::TaskInput& input) {
  if (!design.is_design()) {
    const net::Decision& hole = design.decisions().front();
    throw SpecError(
        {{spec::place_text(design.file(), hole.location), hole.pointer,
          "a design must have no holes; fill them or name the file as a spec's prototype",
          hole.path}});
  }
  const std::string other = net::other_subject(design, kind);
  if (!other.empty()) throw SpecError({{design.file(), "", other, ""}});
  net::Realised realised = net::realise(design, {}, input);
  if (!realised.broken.empty()) throw SpecError({{design.file(), "", realised.broken, ""}});
  net::expect_output(design, input, net::FirstOutput::Logits);
  if (realised.detector) expect_levels(*realised.detector, design.file());
  return realised;
}

}  // namespace

net::Realised build_design(const Campaign& campaign, const DesignRow& design) {
  if (!design.text.empty())
    return realised_of(
        net::Prototype(spec::parse_json(design.text, "designs/" + design.hash + ".json")),
        campaign.spec.task.kind, campaign.input);
  net::Realised realised =
      net::realise(*campaign.prototype, read_assignment(design.assignment), campaign.input);
  if (!realised.broken.empty())
    throw EnvironmentError("the ledger is damaged: design " + design.hash + ": " + realised.broken);
  return realised;
}

net::Network build_network(const Campaign& campaign, const DesignRow& design) {
  net::Realised realised = build_design(campaign, design);
  return realised.detector ? std::move(realised.detector->trunk) : std::move(*realised.network);
}

std::string design_file_text(const Campaign& campaign, const DesignRow& design) {
  if (!design.text.empty()) return design.text;
  std::vector<net::By> by(campaign.prototype->decisions().size(), net::By::Machine);
  for (const net::DecisionId id : read_assignment(design.pinned))
    by[static_cast<std::size_t>(id)] = net::By::Human;
  return net::design_text(*campaign.prototype, read_assignment(design.assignment), by,
                          campaign.spec.name + "-" + design.hash.substr(0, 8));
}

DesignRow machine_design(const gen::Candidate& candidate, const std::string& how) {
  DesignRow row;
  row.hash = net::hash_text(candidate.hash);
  row.origin = Origin::Machine;
  row.how = how;
  row.assignment = assignment_text(candidate.assignment);
  row.costs = candidate.costs;
  return row;
}

DesignRow human_design(const Campaign& campaign, spec::JsonFile file) {
  DesignRow row;
  row.origin = Origin::Human;
  row.how = file.document.name;
  row.text = std::move(file.text);
  const net::Prototype design(std::move(file.document));
  const net::Realised realised = realised_of(design, campaign.spec.task.kind, campaign.input);
  row.hash = net::hash_text(realised.hash());
  row.costs = realised.costs();
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    for (const std::string& miss : misses_of(campaign, campaign.require(tier), design, row.costs))
      row.misses += fmt::format("{}\t{}\n", tier, miss);
  return row;
}

std::vector<std::string> misses_of(const Campaign& campaign, const spec::Requirements& require,
                                   const net::Prototype& design, const spec::Costs& costs) {
  const auto count = [&](std::optional<int> at) {
    if (!at) return costs;
    net::TaskInput input = campaign.input;
    input.input.height = input.input.width = *at;
    return realised_of(design, campaign.spec.task.kind, input).costs();
  };
  std::vector<std::string> found;
  for (const spec::Miss& miss :
       spec::cost_misses(require, campaign.spec.search.band, spec::required_costs(require, count)))
    found.push_back(miss.text);
  return found;
}

std::vector<std::string> cost_misses_of(const DesignRow& design, int tier) {
  std::vector<std::string> found;
  const std::string start = std::to_string(tier) + "\t";
  std::size_t at = 0;
  while (at < design.misses.size()) {
    const std::size_t end = std::min(design.misses.find('\n', at), design.misses.size());
    const std::string line = design.misses.substr(at, end - at);
    if (line.starts_with(start)) found.push_back(line.substr(start.size()));
    at = end + 1;
  }
  return found;
}

}  // namespace atto::search
