// The report as one HTML file: no network, no library; a few lines of script sort tables.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "search/report/networks.hpp"
#include "search/report/page.hpp"
#include "search/report/people.hpp"
#include "search/report/report.hpp"
#include "search/report/svg.hpp"

namespace atto::search {
namespace {

std::string value_text(const spec::Score& score, const std::optional<double>& value) {
  return value && std::isfinite(*value) ? spec::shown(score, *value) : "&ndash;";
}

std::string with_interval(const spec::Score& score, const std::optional<Spread>& spread,
                          std::int64_t images) {
  if (!spread) return "&ndash;";
  std::string text = "<b>" + spec::shown(score, spread->mean) + "</b>";
  if (spread->count > 1) text += " &plusmn; " + spec::shown(score, spread->deviation);
  if (const auto interval = interval_of(score, spread->mean, images))
    text += fmt::format("<small>[{}, {}]</small>", spec::shown(score, interval->low),
                        spec::shown(score, interval->high));
  return text;
}

/// "validation %", or "validation error" of a number.
std::string axis_text(const spec::Score& score) {
  return "validation" + (score.unit == spec::Unit::Number ? " " + score.label
                                                          : std::string(spec::unit_text(score)));
}

/// The validation that an entry is ranked by, and the rung or stage where it was measured.
std::optional<double> ranked_by(const Entry& entry) {
  if (entry.validation) return entry.validation->mean;
  if (entry.reached < 0) return {};
  return entry.rungs[static_cast<std::size_t>(entry.reached)];
}

/// Marks an entry that cannot be told from the best of its own group (finalists, or the same rung).
bool ties_with_best(const CampaignReport& report, const Leaderboard& board, const Entry& entry) {
  if (board.score.unit != spec::Unit::ImageShare) return false;
  const std::optional<double> own = ranked_by(entry);
  if (!own || entry.is_lost) return false;
  for (const Entry& best : board.entries) {
    if (best.is_finalist() != entry.is_finalist()) continue;
    if (!entry.is_finalist() && best.reached != entry.reached) continue;
    const std::optional<double> top = ranked_by(best);
    return top && best.rank != entry.rank && is_tie(*own, *top, report.campaign.validation_images);
  }
  return false;
}

std::string notes(const CampaignReport& report, const Leaderboard& board, const Entry& entry) {
  std::string text;
  const auto badge = [&](const char* kind, const std::string& words) {
    text += fmt::format("<span class='badge {}'>{}</span> ", kind, escaped(words));
  };
  if (board.winner() == &entry) badge("good", "winner");
  if (entry.is_on_front) badge("front", "Pareto");
  if (ties_with_best(report, board, entry)) badge("plain", "tie with the best");
  if (entry.design.origin == Origin::Human) badge("human", "human");
  if (entry.is_reused) badge("plain", "reused");
  if (!entry.is_refused)
    for (const std::string& miss : entry.misses) badge("bad", miss);
  if (!entry.trouble.empty()) badge("bad", entry.trouble);
  return text;
}

std::string latency_cell(const Entry& entry) {
  if (!entry.figures.latency_ms) return "&ndash;";
  std::string text = fmt::format("{:.4g}", *entry.figures.latency_ms);
  if (entry.confirmed_ms)
    text += fmt::format("<small>trained weights {:.4g}</small>", *entry.confirmed_ms);
  return text;
}

std::string kib_cell(const std::optional<double>& kib) {
  return kib ? fmt::format("<td>{:.1f}</td>", *kib) : "<td>&ndash;</td>";
}

/// A link to a design's file from where the page will lie; the hash alone where that is not known.
std::string design_link(const CampaignReport& report, const DesignRow& design) {
  if (report.designs_from_page.empty()) return design.hash;
  return fmt::format("<a href='{}'>{}</a>",
                     escaped((report.designs_from_page / (design.hash + ".json")).string()),
                     design.hash);
}

std::string board_row(const CampaignReport& report, const TierReport& tier, const Entry& entry) {
  const spec::Costs& costs = entry.design.costs;
  std::string row = fmt::format(
      "<tr><td>{}</td><td class='t'><code "
      "title='{}'>{}</code></td><td>{}</td><td>{}</td><td>{}</td>",
      entry.rank, escaped(entry.design.how), design_link(report, entry.design),
      grouped(costs.params), grouped(costs.macs),
      grouped((costs.peak_activation_bytes + 512) / 1024));
  if (tier.board.shows_latency) row += "<td>" + latency_cell(entry) + "</td>";
  if (tier.board.shows_footprint)
    row += kib_cell(entry.figures.flash_kib) + kib_cell(entry.figures.ram_kib);
  const spec::Score& score = tier.board.score;
  for (const std::optional<double>& value : entry.rungs)
    row += "<td>" + value_text(score, value) + "</td>";
  row += fmt::format(
      "<td>{}</td><td>{}</td><td>{:.1f}</td><td class='l notes'>{}"
      "<details><summary class='hint'>train it "
      "again</summary><code>{}</code></details></td></tr>\n",
      with_interval(score, entry.validation, report.campaign.validation_images),
      with_interval(score, entry.test, report.campaign.test_images), entry.cpu_seconds,
      notes(report, tier.board, entry), escaped(tier.commands.at(entry.design.hash)));
  return row;
}

std::string marks_explained(const spec::Score& score) {
  return fmt::format(
      "<p class='hint'>Marks: <b>winner</b> is what the campaign delivers. <b>Pareto</b>: no other "
      "design that reached the top rung is better in validation, parameters and multiply-adds at "
      "once. {}<b>human</b>: a person's design. <b>reused</b>: a result comes from another "
      "campaign. In red: what it misses, or why it has no result.</p>",
      score.unit == spec::Unit::ImageShare
          ? "<b>tie with the best</b>: the images cannot tell it from the best of its group. "
          : "");
}

std::string board_table(const CampaignReport& report, const TierReport& tier) {
  const std::string_view unit = spec::unit_text(tier.board.score);
  std::string text =
      "<div class='scroll'><table "
      "class='sortable'><thead><tr><th>rank</th><th class='t'>design</th><th>params</th>"
      "<th>MACs</th><th>peak KiB</th>";
  if (tier.board.shows_latency) text += "<th>latency ms, random weights</th>";
  if (tier.board.shows_footprint) text += "<th>flash KiB</th><th>RAM KiB</th>";
  for (int epochs : report.campaign.spec.search.rungs)
    text += fmt::format("<th>val{} after {} ep.</th>", unit, epochs);
  text += fmt::format(
      "<th>final val{0}</th><th>test{0}</th><th>CPU&#8209;s</th><th class='l'>notes</th>"
      "</tr></thead><tbody>\n",
      unit);
  for (const Entry& entry : tier.board.entries) text += board_row(report, tier, entry);
  return text + "</tbody></table></div>";
}

/// The best at each cost, as steps.
Series front_line(const spec::Score& score, const Series& designs, const Series& human) {
  const double up = score.better == spec::Better::More ? 1 : -1;
  std::vector<ChartPoint> points = designs.points;
  points.insert(points.end(), human.points.begin(), human.points.end());
  std::sort(points.begin(), points.end(), [up](const ChartPoint& a, const ChartPoint& b) {
    return a.x != b.x ? a.x < b.x : up * a.y > up * b.y;
  });
  Series line{"Pareto front", {}, 7, true, true};
  for (const ChartPoint& point : points)
    if (line.points.empty() || up * point.y > up * line.points.back().y)
      line.points.push_back({point.x, point.y, "", false});
  if (!line.points.empty())
    line.points.push_back({points.back().x, line.points.back().y, "", false});
  return line;
}

std::string pareto_chart(const CampaignReport& report, const TierReport& tier, bool is_macs) {
  const spec::Score& score = tier.board.score;
  Series all{"designs", {}, 0, false, false}, human{"human", {}, 3, false, false};
  for (const Entry& entry : tier.board.entries) {
    const std::optional<double>& value = entry.rungs.back();
    if (!value) continue;
    const double cost = double(is_macs ? entry.design.costs.macs : entry.design.costs.params);
    Series& series = entry.design.origin == Origin::Human ? human : all;
    series.points.push_back(
        {cost, spec::scale_of(score) * *value,
         fmt::format("{} (rank {}): {}{}, {} params, {} MACs", entry.design.hash, entry.rank,
                     spec::shown(score, *value), spec::unit_text(score),
                     grouped(entry.design.costs.params), grouped(entry.design.costs.macs)),
         entry.is_on_front});
  }
  const Series front = front_line(score, all, human);
  std::string title =
      fmt::format("{} and {}", score.quantity, is_macs ? "multiply-adds" : "parameters");
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return figure(
      title,
      chart_svg({front, all, human}, {is_macs ? "multiply-adds" : "parameters",
                                      fmt::format("{} after {} epochs", axis_text(score),
                                                  report.campaign.spec.search.rungs.back()),
                                      false, false}),
      fmt::format("Filled: on the Pareto front of {}, parameters and multiply-adds. The "
                  "line joins the best for their cost in this picture.",
                  score.quantity));
}

std::string curve_chart(const spec::Score& score, const std::vector<Curve>& curves,
                        const char* title) {
  std::vector<Series> series;
  for (const Curve& curve : curves) {
    Series line{curve.label, {}, static_cast<int>(series.size()), true, false};
    for (const train::EpochRecord& record : curve.epochs) {
      const std::optional<double> value = spec::find_value(record.validation, score.name);
      if (!value) continue;  // not judged
      line.points.push_back(
          {double(record.epoch), spec::scale_of(score) * *value,
           fmt::format("{}, epoch {}: {}{}, train loss {:.3f}", curve.label, record.epoch,
                       spec::shown(score, *value), spec::unit_text(score), record.train_loss),
           false});
    }
    series.push_back(std::move(line));
  }
  return figure(title, chart_svg(series, {"epoch", axis_text(score), false, true}),
                "Point at a line for its design.");
}

std::string marginal_bars(const spec::Score& score, const Marginal& marginal) {
  double low = spec::gain_of(score, spec::best_of(score)), high = 0;
  for (const Alternative& one : marginal.alternatives) {
    low = std::min(low, spec::gain_of(score, one.mean));
    high = std::max(high, spec::gain_of(score, one.mean));
  }
  std::string text = fmt::format(
      "<div class='marginal'><h4><code>{}</code> <small>explains {:.0f} % of the "
      "variance</small></h4>",
      escaped(marginal.path), 100 * marginal.effect);
  for (const Alternative& one : marginal.alternatives) {
    const double gain = spec::gain_of(score, one.mean);
    const double width = high > low ? 8 + 92 * (gain - low) / (high - low) : 100;
    text += fmt::format(
        "<div class='bar'><span class='name'>{}</span><span class='track'><span class='fill' "
        "style='width:{:.0f}%'></span></span><span class='num'>{}{} "
        "<small>n={}</small></span></div>",
        escaped(one.label), width, spec::shown(score, one.mean), spec::unit_text(score),
        one.designs);
  }
  return text + "</div>";
}

std::string marginals_section(const CampaignReport& report, const TierReport& tier) {
  if (tier.marginals.empty()) return "";
  std::string text = fmt::format(
      "<h3>What decisions did</h3><p class='hint'>Mean validation after {} epoch{} of "
      "the designs that took each alternative; strongest decisions first. Bars start "
      "at the worst alternative. A tendency, not a proof: decisions are not "
      "independent.</p><div class='marginals'>",
      report.campaign.spec.search.rungs.front(),
      report.campaign.spec.search.rungs.front() == 1 ? "" : "s");
  for (const Marginal& marginal : tier.marginals) text += marginal_bars(report.score(), marginal);
  return text + "</div>";
}

std::string failures_section(const TierReport& tier) {
  std::string rows;
  for (const Entry& entry : tier.board.entries)
    if (entry.is_lost)
      rows += fmt::format("<tr><td class='t'><code>{}</code></td><td class='l'>{}</td></tr>",
                          entry.design.hash, escaped(entry.trouble));
  if (rows.empty()) return "<h3>Failures</h3><p>None.</p>";
  return "<h3>Failures</h3><div class='scroll'><table><thead><tr><th class='t'>design</th><th "
         "class='l'>reason</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string found_section(const TierReport& tier) {
  if (tier.found.empty()) return "";
  std::string text =
      "<h3>What the winner finds</h3><p class='hint'>The first pictures of the test split, with "
      "objects of a score of a half or more.</p><div class='found'>";
  for (const FoundPicture& picture : tier.found)
    text += fmt::format(
        "<figure><img alt='{0}' src='data:image/png;base64,{1}'><figcaption>{0}</figcaption>"
        "</figure>",
        escaped(picture.caption), spec::base64(picture.png));
  return text + "</div>";
}

std::string tier_section(const CampaignReport& report, const TierReport& tier) {
  std::string text = tier.board.tier_name.empty()
                         ? ""
                         : fmt::format("<h2>Tier {}</h2>", escaped(tier.board.tier_name));
  const Entry* winner = tier.board.winner();
  text += winner
              ? fmt::format(
                    "<p class='winner'>Winner: <code>{}</code>, {} parameters, {} MACs, validation "
                    "{}, test {}</p>",
                    winner->design.hash, grouped(winner->design.costs.params),
                    grouped(winner->design.costs.macs),
                    with_interval(tier.board.score, winner->validation,
                                  report.campaign.validation_images),
                    with_interval(tier.board.score, winner->test, report.campaign.test_images))
              : "<p class='winner none'>No design meets every requirement yet.</p>";
  text += requirements_section(report, tier) + found_section(tier) + networks_section(report, tier);
  text += "<h3>Leaderboard</h3>" + board_table(report, tier) + marks_explained(tier.board.score);
  text += "<div class='charts'>" + pareto_chart(report, tier, false) +
          pareto_chart(report, tier, true) +
          curve_chart(tier.board.score, tier.search_curves, "Learning curves of the search") +
          curve_chart(tier.board.score, tier.final_curves, "Learning curves of the finalists") +
          "</div>";
  return text + marginals_section(report, tier) + failures_section(tier);
}

}  // namespace

std::string report_html(const std::vector<CampaignReport>& reports) {
  std::string title = "AttoForge report";
  for (const CampaignReport& report : reports)
    title += (&report == &reports.front() ? ": " : ", ") + report.campaign.spec.name;
  std::string text = page_start(title);
  if (reports.size() > 1) text += comparison_section(reports);
  for (const CampaignReport& report : reports) {
    text += campaign_header(report);
    for (const TierReport& tier : report.tiers) text += tier_section(report, tier);
    text += people_section(report);
    text += events_section(report) + "</section>";
  }
  return text + page_end();
}

}  // namespace atto::search
