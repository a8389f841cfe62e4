#include "search/report/people.hpp"

#include <fmt/format.h>

#include <set>

#include "search/campaign/steering.hpp"
#include "search/report/svg.hpp"

namespace atto::search {
namespace {

/// Returns what a design's file records of its decisions.
std::vector<net::Provenance> recorded(const DesignRow& design) {
  return net::Prototype(spec::parse_json(design.text, design.hash)).provenance();
}

std::set<net::DecisionId> pinned_of(const DesignRow& design) {
  const net::Assignment ids = read_assignment(design.pinned);
  return {ids.begin(), ids.end()};
}

std::string requests_table(const CampaignReport& report) {
  if (report.steering.empty())
    return "<p>Nobody steered: every hole of the prototype was left to the machine.</p>";
  std::string rows;
  for (const SteerRow& row : report.steering) {
    std::string effect = "not yet";
    if (row.is_in_effect()) {
      const std::string tier = report.campaign.tier_name(row.tier);
      effect =
          fmt::format("{}from proposal {} on, {} results known",
                      tier.empty() ? "" : "tier " + escaped(tier) + ", ", row.position, row.seen);
    }
    rows += fmt::format(
        "<tr><td>{}</td><td class='l'>{}</td><td class='l'><code>{}</code></td><td "
        "class='l'>{}</td></tr>\n",
        time_text(row.at), word_of(row.kind), escaped(row.text), effect);
  }
  return "<div class='scroll'><table><thead><tr><th>time "
         "(UTC)</th><th>asked</th><th>what</th><th>took "
         "effect</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string entry_cells(const spec::Score& score, const Entry& entry) {
  const std::optional<double>& top = entry.rungs.back();
  return fmt::format("<td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td>", entry.rank,
                     entry.design.hash, entry.design.costs.params,
                     top ? spec::shown(score, *top) : "&ndash;");
}

/// A person's designs of a tier, and the best of the machine's.
std::string designs_table(const TierReport& tier) {
  std::string rows;
  const Entry* best = nullptr;
  for (const Entry& entry : tier.board.entries) {
    if (entry.design.origin == Origin::Human)
      rows += fmt::format("<tr><td class='l'>{}</td>{}</tr>\n", escaped(entry.design.how),
                          entry_cells(tier.board.score, entry));
    else if (!best)
      best = &entry;
  }
  if (rows.empty()) return "";
  if (best)
    rows += fmt::format("<tr><td class='l'>the machine's best</td>{}</tr>",
                        entry_cells(tier.board.score, *best));
  return fmt::format(
      "<div class='scroll'><table><thead><tr><th>design "
      "of</th><th>rank</th><th>hash</th><th>params</th><th>val{} at "
      "the "
      "top rung</th></tr></thead><tbody>{}</tbody></table></div>",
      spec::unit_text(tier.board.score), rows);
}

std::string decision_row(const std::string& path, const std::string& value, bool is_human) {
  return fmt::format(
      "<tr><td class='l'><code>{}</code></td><td class='l'>{}</td><td class='l'><span "
      "class='badge {}'>{}</span></td></tr>\n",
      escaped(path), escaped(value), is_human ? "human" : "plain", is_human ? "people" : "machine");
}

std::string decision_rows(const Campaign& campaign, const DesignRow& design) {
  std::string rows;
  if (design.assignment.empty()) {
    for (const net::Provenance& decision : recorded(design))
      rows += decision_row(decision.path, decision.value, decision.by == net::By::Human);
    return rows;
  }
  const net::Assignment assignment = read_assignment(design.assignment);
  const std::set<net::DecisionId> pinned = pinned_of(design);
  for (std::size_t d = 0; d < assignment.size(); ++d) {
    const net::Decision& decision = campaign.prototype->decisions()[d];
    if (assignment[d] == net::kInactive || decision.alternatives < 2) continue;
    rows += decision_row(decision.path, decision.labels[static_cast<std::size_t>(assignment[d])],
                         pinned.count(static_cast<net::DecisionId>(d)) > 0);
  }
  return rows;
}

std::string winner_decisions(const CampaignReport& report, const TierReport& tier) {
  const Entry* winner = tier.board.winner();
  if (!winner) return "";
  const DecidedBy by = decided_by(report.campaign, winner->design);
  const std::string name =
      tier.board.tier_name.empty() ? "" : " of tier " + escaped(tier.board.tier_name);
  if (by.human + by.machine == 0)
    return fmt::format("<p>The winner{} is a person's design, written whole.</p>", name);
  return fmt::format(
      "<details><summary>The winner{}, <code>{}</code>: {} decision{} by people, {} by the "
      "machine; "
      "all else is the prototype's</summary><table><thead><tr><th>decision</th><th>value</th><th>by"
      "</th></tr></thead><tbody>{}</tbody></table></details>",
      name, winner->design.hash, by.human, by.human == 1 ? "" : "s", by.machine,
      decision_rows(report.campaign, winner->design));
}

}  // namespace

DecidedBy decided_by(const Campaign& campaign, const DesignRow& design) {
  DecidedBy by;
  if (design.assignment.empty()) {
    for (const net::Provenance& decision : recorded(design))
      ++(decision.by == net::By::Human ? by.human : by.machine);
    return by;
  }
  const net::Assignment assignment = read_assignment(design.assignment);
  const std::set<net::DecisionId> pinned = pinned_of(design);
  for (std::size_t d = 0; d < assignment.size(); ++d) {
    if (assignment[d] == net::kInactive || campaign.prototype->decisions()[d].alternatives < 2)
      continue;
    ++(pinned.count(static_cast<net::DecisionId>(d)) > 0 ? by.human : by.machine);
  }
  return by;
}

std::string people_section(const CampaignReport& report) {
  std::string text = "<h3>People and machine</h3>" + requests_table(report);
  for (const TierReport& tier : report.tiers) text += designs_table(tier);
  for (const TierReport& tier : report.tiers) text += winner_decisions(report, tier);
  return text;
}

}  // namespace atto::search
