// atto report DIR...: one HTML file and a CSV beside it.
#include "search/report/report.hpp"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "search/cli/board_text.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/run_detector.hpp"
#include "search/cli/terminal.hpp"
#include "trainer/data/instances/instance_dataset.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

struct ReportOptions {
  std::vector<std::string> folders;
  std::string out;
  bool is_json = false;
};

nlohmann::json report_json(const search::CampaignReport& report) {
  nlohmann::json tiers = nlohmann::json::array();
  for (const search::TierReport& tier : report.tiers)
    tiers.push_back(board_json(tier.board, report.campaign, report.folder));
  return {{"folder", report.folder.string()},
          {"name", report.campaign.spec.name},
          {"state", search::word_of(report.state)},
          {"version", report.version},
          {"strategy", report.campaign.spec.search.strategy},
          {"seed", report.campaign.spec.search.seed},
          {"data", report.campaign.data},
          {"command", report.command},
          {"cpu_seconds", report.totals.cpu_seconds},
          {"wasted_cpu_seconds", report.totals.wasted_cpu_seconds},
          {"tiers", std::move(tiers)}};
}

/// Draws what winners find in test pictures, where they were exported and their data are here.
void add_found(search::CampaignReport& report) {
  constexpr std::size_t kPictures = 6;
  for (search::TierReport& tier : report.tiers) {
    const fs::path file =
        search::RunFolder{report.folder}.winner(tier.board.tier_name) / "model.atto";
    if (!tier.board.winner() || !is_detector_file(file)) continue;
    try {
      DetectorRun winner(open_detector(file), file.string(), 1, {});
      const auto set = train::find_instance_set(report.campaign.dataset);
      const std::size_t count = std::min(kPictures, set->pictures(train::Split::Test));
      for (std::size_t i = 0; i < count; ++i)
        tier.found.push_back({fmt::format("test picture {}", i + 1),
                              winner.drawn_png(set->picture(train::Split::Test, i))});
    } catch (const std::runtime_error& error) {  // a damaged model, no data: the rest is told
      say(fmt::format("no pictures of what the winner finds: {}\n", error.what()));
    }
  }
}

int report_command(const ReportOptions& options) {
  if (options.out.empty() && ::access(options.folders.front().c_str(), W_OK) != 0 &&
      errno != ENOENT)
    throw EnvironmentError(
        "the run folder is read-only for this user (--out FILE names another place)",
        options.folders.front(), errno);
  std::vector<search::CampaignReport> reports;
  for (const std::string& folder : options.folders) {
    expect_kind(folder, "atto report", {PathKind::Campaign});
    reports.push_back(search::gather_report(folder));
    add_found(reports.back());
  }
  const fs::path html = options.out.empty() ? fs::path(options.folders.front()) / "report.html"
                                            : fs::path(options.out);
  for (search::CampaignReport& report : reports)
    report.designs_from_page =
        fs::absolute(report.folder / "designs")
            .lexically_relative(fs::absolute(html).lexically_normal().parent_path());
  fs::path csv = html;
  csv.replace_extension(".csv");
  spec::write_file_atomically(html, search::report_html(reports));
  spec::write_file_atomically(csv, search::report_csv(reports));
  if (!options.is_json) {
    fmt::print("{}\n{}\n", html.string(), csv.string());
    return 0;
  }
  nlohmann::json campaigns = nlohmann::json::array();
  for (const search::CampaignReport& report : reports) campaigns.push_back(report_json(report));
  const nlohmann::json json = {
      {"html", html.string()}, {"csv", csv.string()}, {"campaigns", std::move(campaigns)}};
  fmt::print("{}\n", spec::json_text(json, 2));
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReportOptions>();
  Command command(app, "report", "Write a report of one or more campaigns (HTML and CSV)");
  command.option("folders", options->folders, "Run folders").required();
  command.option("--out", options->out, "HTML file; default: report.html in the first run folder");
  command.flag("--json", options->is_json, "Print the leaderboards as JSON too");
  command.footer("Example:  atto report runs/quickstart-s1 runs/quickstart-s2 --out compared.html");
  command.runs(action, [options] { return report_command(*options); });
}

}  // namespace atto::cli
