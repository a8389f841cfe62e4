#include "search/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "search/report/svg.hpp"

namespace atto::search {
namespace {

constexpr const char* kStyle = R"(
:root{--fg:#1b2430;--dim:#66738a;--bg:#f6f7f9;--card:#fff;--line:#e2e6ec;--accent:#2563eb;--good:#15803d;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--fg:#e6eaf0;--dim:#94a1b5;--bg:#12161c;--card:#1a2029;--line:#2c3542;--accent:#7aa5ff;--good:#5fd08a;--bad:#ff8a7a}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1400px;margin:0 auto;padding:28px 24px 60px}h1{font-size:26px;margin:0 0 18px}h2{font-size:21px;margin:0 0 6px}*+h2{margin-top:34px}
h3{font-size:16px;margin:26px 0 8px}h4{font-size:13px;font-weight:600;margin:0 0 6px}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:22px 24px;margin:0 0 24px}
small,.hint{color:var(--dim);font-size:12.5px}td small{display:block}code{font:12.5px ui-monospace,monospace;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:14px 0}
.tile{border:1px solid var(--line);border-radius:8px;padding:9px 12px}.tile b{display:block;font-size:18px}.tile span{color:var(--dim);font-size:12.5px}
.winner{border-left:4px solid var(--good);padding:8px 14px;margin:16px 0;background:color-mix(in srgb,var(--good) 8%,transparent)}
.winner small{display:inline;margin-left:5px}.winner.none{border-color:var(--bad);background:color-mix(in srgb,var(--bad) 8%,transparent)}
.scroll{overflow-x:auto}svg.net{width:auto;max-width:100%;min-width:min(760px,var(--own,760px))}table.narrow{width:auto}.narrow .bar{grid-template-columns:max-content 120px}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th{color:var(--dim);font-weight:600;font-size:12.5px;white-space:normal;vertical-align:bottom}.sortable th{cursor:pointer}.sortable th:hover{color:var(--fg)}.t,.l{text-align:left}
td.l{white-space:normal}.notes{min-width:15em}td details[open] code{display:block;min-width:40ch}summary{cursor:pointer}a{color:var(--accent)}tbody tr:hover{background:color-mix(in srgb,var(--accent) 6%,transparent)}
.badge{display:inline-block;margin:1px 0;border-radius:9px;padding:0 8px;font-size:12px;border:1px solid var(--line);color:var(--dim)}
.badge.good{background:var(--good);border-color:var(--good);color:var(--card)}.badge.front{border-color:var(--accent);color:var(--accent)}
.badge.human{border-color:var(--c3);color:var(--c3)}.badge.bad{border-color:var(--bad);color:var(--bad)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(440px,100%),1fr));gap:18px;margin-top:18px}
figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:12px}figcaption{font-weight:600;margin-bottom:4px}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--line)}.tick,.axis{fill:var(--dim);font:11px system-ui,sans-serif}.axis{font-size:12px}
.line{fill:none;stroke-width:1.8}.line:hover{stroke-width:4}
.found{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(320px,100%),1fr));gap:14px}.found img{display:block;width:100%;height:auto}.found figcaption{font-size:12.5px;font-weight:400;margin:6px 0 0}
.marginals{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(360px,100%),1fr));gap:16px}
.marginal{border:1px solid var(--line);border-radius:8px;padding:10px 12px}.bar{display:grid;grid-template-columns:minmax(90px,40%) 1fr max-content;gap:8px;align-items:center;font-size:12.5px}
.bar .name{overflow-wrap:anywhere}.track{background:var(--line);border-radius:4px;height:9px}.fill{display:block;height:9px;border-radius:4px;background:var(--accent)}
.num{text-align:right}.legend span{margin-right:16px;display:inline-block}.legend i{display:inline-block;width:14px;height:3px;margin:0 6px 3px 0}
@media (max-width:700px){main{padding:16px 8px 40px}section{padding:16px 14px}.tick{font-size:15px}.axis{font-size:16px}}
)";

constexpr const char* kColours[] = {"#2563eb", "#d97706", "#0d9488", "#9333ea",
                                    "#dc2626", "#4d7c0f", "#db2777", "#64748b"};
constexpr const char* kColoursOnDark[] = {"#7aa5ff", "#fbbf24", "#2dd4bf", "#c084fc",
                                          "#f87171", "#a3e635", "#f472b6", "#94a3b8"};

constexpr const char* kScript = R"(
document.querySelectorAll('table.sortable').forEach(function(t){t.querySelectorAll('th').forEach(function(h,i){
h.addEventListener('click',function(){var b=t.tBodies[0],up=h.dataset.up!=='1';h.dataset.up=up?'1':'0';
Array.from(b.rows).sort(function(x,y){var p=x.cells[i].innerText.replace(/,/g,''),q=y.cells[i].innerText.replace(/,/g,''),m=parseFloat(p),n=parseFloat(q);
var c=isNaN(m)||isNaN(n)||h.className?(isNaN(m)?1:0)-(isNaN(n)?1:0)||p.localeCompare(q):m-n;return up?c:-c}).forEach(function(r){b.appendChild(r)})})})});
)";

std::string colour_rules() {
  std::string light, dark, css;
  for (int i = 0; i < 8; ++i) {
    light += fmt::format("--c{}:{};", i, kColours[i]);
    dark += fmt::format("--c{}:{};", i, kColoursOnDark[i]);
    css += fmt::format(
        ".s{0}{{stroke:var(--c{0})}}.f{0}{{fill:var(--c{0})}}"
        ".o{0}{{fill:var(--c{0});fill-opacity:.25;stroke:var(--c{0})}}"
        ".b{0}{{background:var(--c{0})}}\n",
        i);
  }
  return fmt::format(":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}\n", light,
                     dark) +
         css;
}

std::string cpu_text(double seconds) {
  if (seconds >= 3600) return fmt::format("{:.2f} CPU-h", seconds / 3600);
  return seconds >= 60 ? fmt::format("{:.1f} CPU-min", seconds / 60)
                       : fmt::format("{:.1f} CPU-s", seconds);
}

std::string tile(const std::string& value, const char* name) {
  return fmt::format("<div class='tile'><b>{}</b><span>{}</span></div>", escaped(value), name);
}

/// "2026-03-01 12:00:05 UTC"
std::string utc_text(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

std::string best_text(const TierReport& tier) {
  return tier.best_so_far.empty() ? "&ndash;"
                                  : spec::shown(tier.board.score, tier.best_so_far.back().value);
}

}  // namespace

std::string page_start(const std::string& title) {
  return fmt::format(
      "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
      "content='width=device-width,initial-scale=1'><title>{0}</title><style>{1}{2}</style></head>"
      "<body><main><h1>{0}</h1>\n",
      escaped(title), kStyle, colour_rules());
}

std::string page_end() {
  return fmt::format("</main><script>{}</script></body></html>\n", kScript);
}

std::string figure(const std::string& title, const std::string& svg, const std::string& note) {
  if (svg.empty()) return "";
  return fmt::format("<figure><figcaption>{}</figcaption>{}<small>{}</small></figure>\n",
                     escaped(title), svg, escaped(note));
}

std::string campaign_header(const CampaignReport& report) {
  const Campaign& campaign = report.campaign;
  const Totals& totals = report.totals;
  std::string text = fmt::format(
      "<section><h2>{} <small>{}</small></h2><p class='hint'>{}, seed {}, {} candidates, data {}, "
      "{}{}; "
      "atto {}; {}</p><div class='tiles'>",
      escaped(campaign.spec.name), escaped(report.folder.filename().string()),
      escaped(campaign.spec.search.strategy), campaign.spec.search.seed,
      campaign.spec.search.candidates, escaped(campaign.data), word_of(report.state),
      campaign.is_async ? ", asynchronous: cannot be repeated exactly" : "",
      escaped(report.version), escaped(report.folder.string()));
  text += tile(grouped(totals.done), "trials finished") +
          tile(std::to_string(totals.diverged), "diverged") +
          tile(std::to_string(totals.failed), "failed") +
          tile(cpu_text(totals.cpu_seconds), "training") +
          tile(cpu_text(totals.wasted_cpu_seconds), "wasted by stops and deaths");
  if (totals.reused > 0)
    text += tile(std::to_string(totals.reused), "results reused") +
            tile(cpu_text(totals.saved_cpu_seconds), "what those cost before");
  text += fmt::format("</div><p>Run it again: <code>{}</code></p>", escaped(report.command));
  for (const std::string& environment : report.environments)
    text += fmt::format(
        "<details><summary class='hint'>environment of the workers</summary><pre><code>{}</code>"
        "</pre></details>",
        escaped(environment));
  for (const HostRow& host : report.hosts)
    text += fmt::format("<p class='hint'>{}: {} trials by {} workers, {}; {}</p>",
                        escaped(host.host), host.jobs, host.workers, cpu_text(host.cpu_seconds),
                        escaped(host_class_in(host.environment)));
  return text;
}

std::string comparison_section(const std::vector<CampaignReport>& reports) {
  std::vector<Series> lines;
  std::string rows, legend;
  for (const CampaignReport& report : reports)
    for (const TierReport& tier : report.tiers) {
      const spec::Score& score = tier.board.score;
      const std::string name = report.folder.filename().string() +
                               (tier.board.tier_name.empty() ? "" : " " + tier.board.tier_name);
      Series line{name, {}, static_cast<int>(lines.size()), true, true};
      for (const Progress& point : tier.best_so_far)
        line.points.push_back(
            {point.cpu_seconds, spec::scale_of(score) * point.value,
             fmt::format("{}: {}{} after {}", name, spec::shown(score, point.value),
                         spec::unit_text(score), cpu_text(point.cpu_seconds)),
             false});
      legend += fmt::format("<span><i class='b{}'></i>{}</span>", line.colour % 8, escaped(name));
      const Entry* winner = tier.board.winner();
      rows += fmt::format(
          "<tr><td class='l'>{}</td><td "
          "class='t'>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td>{}</td></tr>",
          escaped(name), escaped(report.campaign.spec.search.strategy),
          grouped(static_cast<std::int64_t>(tier.board.entries.size())), best_text(tier),
          winner ? spec::shown(score, winner->validation->mean) : "&ndash;",
          winner && winner->test ? spec::shown(score, winner->test->mean) : "&ndash;",
          escaped(cpu_text(report.totals.cpu_seconds)));
      lines.push_back(std::move(line));
    }
  return "<section><h2>Comparison</h2><div class='charts'>" +
         figure("Best so far over the cost of the search",
                chart_svg(lines, {"CPU-seconds of the search", "best validation % at the top rung",
                                  false, false}),
                "A reused result counts with its original cost.") +
         "</div><p class='legend'>" + legend +
         "</p><div class='scroll'><table "
         "class='sortable'><thead><tr><th class='l'>run</th><th "
         "class='t'>strategy</th><th>designs</th><th>best val % "
         "at "
         "the top rung</th><th>winner val %</th><th>winner test "
         "%</th><th>cost</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></section>\n";
}

std::string events_section(const CampaignReport& report) {
  if (report.events.empty()) return "";
  std::string text = "<details><summary class='hint'>events</summary><pre><code>";
  for (const Event& event : report.events)
    text += fmt::format("{} {}\n", utc_text(event.at), escaped(event.text));
  return text + "</code></pre></details>";
}

}  // namespace atto::search
