// atto report DIR...: one HTML file and a CSV beside it.
#include "search/report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "design_specs/files.hpp"
#include "search/cli/commands.hpp"

namespace atto::cli {

void add_report(CLI::App& app, Action& action) {
  auto folders = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("report", "Write a report of one or more campaigns (HTML and CSV)");
  command->add_option("folders", *folders, "Run folders")->required();
  command->add_option("--out", *out, "HTML file; default: report.html in the first run folder");
  command->footer(
      "Example:  atto report runs/quickstart-s1 runs/quickstart-s2 --out compared.html");
  command->callback([folders, out, &action] {
    action = [folders, out] {
      std::vector<search::CampaignReport> reports;
      for (const std::string& folder : *folders) reports.push_back(search::gather_report(folder));
      const std::filesystem::path html =
          out->empty() ? std::filesystem::path(folders->front()) / "report.html"
                       : std::filesystem::path(*out);
      std::filesystem::path csv = html;
      csv.replace_extension(".csv");
      spec::write_file_atomically(html, search::report_html(reports));
      spec::write_file_atomically(csv, search::report_csv(reports));
      fmt::print("{}\n{}\n", html.string(), csv.string());
      return 0;
    };
  });
}

}  // namespace atto::cli
