#include "search/report/networks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "prototypes/drawing/network_svg.hpp"
#include "search/report/svg.hpp"

namespace atto::search {
namespace {

constexpr std::size_t kMostDrawn = 6;

/// The winner, or the best so far; null where nothing was trained.
const Entry* shown_entry(const Leaderboard& board) {
  if (const Entry* winner = board.winner()) return winner;
  const auto best = std::find_if(board.entries.begin(), board.entries.end(),
                                 [](const Entry& entry) { return entry.reached >= 0; });
  return best == board.entries.end() ? nullptr : &*best;
}

/// The front, the cheapest last; the winner first where it is on it.
std::vector<const Entry*> front_of(const Leaderboard& board) {
  std::vector<const Entry*> front;
  for (const Entry& entry : board.entries)
    if (entry.is_on_front && front.size() < kMostDrawn) front.push_back(&entry);
  return front;
}

std::vector<net::Provenance> decisions_of(const Campaign& campaign, const DesignRow& design) {
  return net::Prototype(spec::parse_json(design_file_text(campaign, design), design.hash))
      .provenance();
}

std::string unquoted(std::string value) {
  value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
  return value;
}

/// How sure the machine is of a decision's value: known where it has tried others.
std::optional<double> confidence_in(const net::Provenance& taken, const Explanation& explanation) {
  for (const ExplainedDecision& decision : explanation.decisions) {
    if (decision.path != taken.path || decision.is_width) continue;
    for (const ExplainedOption& option : decision.options)
      if (unquoted(taken.value) == option.label && option.confidence > 0) return option.confidence;
  }
  return {};
}

std::string picture_of(const Campaign& campaign, const DesignRow& design) {
  net::Diagram diagram = net::diagram_of(build_network(campaign, design),
                                         net::recorded(decisions_of(campaign, design)));
  diagram.name = design.hash;
  return "<div class='scroll'>" + net::network_svg(diagram, true) + "</div>";
}

/// A row of requirements: the bound, what the design has, and the share of a ceiling that is used.
struct Asked {
  const char* name;
  const spec::Bound& bound;
  std::optional<double> value;  ///< absent = not known
  const char* format;           ///< "count", "kib" or "ms"
};

std::string amount(double value, std::string_view format) {
  if (format == "count") return grouped(static_cast<std::int64_t>(value + 0.5));
  return fmt::format("{:.4g} {}", value, format == "kib" ? "KiB" : "ms");
}

std::string used_cell(double share) {
  return fmt::format(
      "<td class='l'><div class='bar'><span class='num'>{:.1f} %</span><span class='track'><span "
      "class='fill' style='width:{:.0f}%'></span></span></div></td>",
      100 * share, std::clamp(100 * share, 0.0, 100.0));
}

std::string cost_row(const Asked& asked) {
  if (!asked.bound.min && !asked.bound.max) return "";
  std::string limits;
  if (asked.bound.min) limits += "at least " + amount(*asked.bound.min, asked.format);
  if (asked.bound.max)
    limits += (limits.empty() ? "" : ", ") + ("at most " + amount(*asked.bound.max, asked.format));
  if (asked.bound.at) limits += fmt::format(", counted at {} pixels", *asked.bound.at);
  const bool is_known = asked.value && !asked.bound.at;
  return fmt::format(
      "<tr><td class='l'>{}</td><td class='l'>{}</td><td>{}</td>{}</tr>\n", asked.name, limits,
      is_known ? amount(*asked.value, asked.format) : "&ndash;",
      is_known && asked.bound.max ? used_cell(*asked.value / *asked.bound.max) : "<td></td>");
}

/// Decisions in which the designs differ, by path: each design's value, and whether people took it.
using SideBySide = std::map<std::string, std::vector<const net::Provenance*>>;

std::string value_cell(const net::Provenance* decision) {
  if (!decision) return "<td class='l'>&ndash;</td>";
  return fmt::format(
      "<td class='l'>{}{}</td>", escaped(unquoted(decision->value)),
      decision->by == net::By::Human ? " <span class='badge human'>people</span>" : "");
}

std::string differences_table(const Campaign& campaign, const std::vector<const Entry*>& front) {
  std::vector<std::vector<net::Provenance>> all;
  for (const Entry* entry : front) all.push_back(decisions_of(campaign, entry->design));
  std::vector<std::string> order;  // as the first design that has it lists it
  SideBySide table;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const net::Provenance& decision : all[i]) {
      auto& row = table[decision.path];
      if (row.empty()) row.resize(all.size(), nullptr), order.push_back(decision.path);
      row[i] = &decision;
    }
  std::string rows;
  for (const std::string& path : order) {
    const auto& row = table[path];
    const bool differs = std::any_of(row.begin(), row.end(), [&](const net::Provenance* one) {
      return !one != !row.front() || (one && one->value != row.front()->value);
    });
    if (!differs) continue;
    rows += "<tr><td class='l'><code>" + escaped(path) + "</code></td>";
    for (const net::Provenance* decision : row) rows += value_cell(decision);
    rows += "</tr>\n";
  }
  if (rows.empty()) return "";
  std::string head = "<th class='l'>decision</th>";
  for (const Entry* entry : front)
    head += fmt::format("<th class='l'>rank {}<br><code>{}</code></th>", entry->rank,
                        entry->design.hash.substr(0, 8));
  return fmt::format(
      "<details><summary>Decisions in which the front differs</summary><div class='scroll'><table>"
      "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details>",
      head, rows);
}

}  // namespace

std::string requirements_section(const CampaignReport& report, const TierReport& tier) {
  const Entry* const entry = shown_entry(tier.board);
  const spec::Requirements& require = tier.require;
  std::optional<spec::Costs> costs;
  if (entry) costs = entry->design.costs;
  const spec::Figures figures = entry ? entry->figures : spec::Figures();
  const auto cost = [&](auto field, double unit) {
    return costs ? std::optional<double>(double((*costs).*field) / unit) : std::nullopt;
  };
  std::string rows =
      cost_row({"parameters", require.params, cost(&spec::Costs::params, 1), "count"}) +
      cost_row({"multiply-adds", require.macs, cost(&spec::Costs::macs, 1), "count"}) +
      cost_row({"peak activations", require.peak_activation_kib,
                cost(&spec::Costs::peak_activation_bytes, 1024), "kib"}) +
      cost_row({"model", require.model_kib, cost(&spec::Costs::model_bytes, 1024), "kib"}) +
      cost_row({"latency", require.latency_ms, figures.latency_ms, "ms"}) +
      cost_row({"flash of int8 C", require.flash_kib, figures.flash_kib, "kib"}) +
      cost_row({"RAM of int8 C", require.ram_kib, figures.ram_kib, "kib"});
  for (const auto& [name, bound] : require.scores) {
    const spec::Score* const goal = report.campaign.spec.task.kind.find_goal(name);
    if (!goal) continue;
    const spec::Score& score = *goal;
    std::string limits;
    if (bound.min) limits += "at least " + spec::shown(score, *bound.min);
    if (bound.max)
      limits += (limits.empty() ? "" : ", ") + ("at most " + spec::shown(score, *bound.max));
    const bool is_own = entry && entry->validation && score.name == tier.board.score.name;
    rows +=
        fmt::format("<tr><td class='l'>{}</td><td class='l'>{}{}</td><td>{}</td><td></td></tr>\n",
                    escaped(name), limits, spec::unit_text(score),
                    is_own ? spec::shown(score, entry->validation->mean) : "&ndash;");
  }
  if (rows.empty()) return "";
  return fmt::format(
      "<h3>Requirements</h3><div class='scroll'><table class='narrow'><thead><tr><th class='l'>of"
      "</th><th class='l'>required</th><th>{}</th><th class='l'>used</th></tr></thead><tbody>{}"
      "</tbody></table></div>",
      tier.board.winner() ? "winner" : "best so far", rows);
}

std::string networks_section(const CampaignReport& report, const TierReport& tier) {
  const Entry* const entry = shown_entry(tier.board);
  if (!entry) return "";
  std::string text =
      fmt::format("<h3>{}</h3>{}", tier.board.winner() ? "The winner" : "The best so far",
                  picture_of(report.campaign, entry->design));
  const std::vector<const Entry*> front = front_of(tier.board);
  for (const Entry* one : front)
    if (one != entry)
      text += fmt::format(
          "<details><summary>On the front: rank {}, <code>{}</code>, {} parameters, {} MACs"
          "</summary>{}</details>\n",
          one->rank, one->design.hash, grouped(one->design.costs.params),
          grouped(one->design.costs.macs), picture_of(report.campaign, one->design));
  if (front.size() > 1) text += differences_table(report.campaign, front);
  return text;
}

std::string learnt_network_svg(const Leaderboard& board, const Campaign& campaign,
                               const Explanation& explanation) {
  const Entry* const entry = shown_entry(board);
  if (!entry) return "";
  net::DrawnDecisions decisions = net::recorded(decisions_of(campaign, entry->design));
  for (net::DrawnDecision& decision : decisions)
    if (decision.by == net::By::Machine) decision.confidence = confidence_in(decision, explanation);
  net::Diagram diagram = net::diagram_of(build_network(campaign, entry->design), decisions);
  diagram.name = (board.winner() ? "winner " : "best so far ") + entry->design.hash;
  return net::network_svg(diagram);
}

}  // namespace atto::search
