// atto report DIR...: one HTML file and a CSV beside it.
#include "search/report.hpp"

#include <fmt/format.h>

#include <memory>

#include "design_specs/files.hpp"
#include "search/cli/command_line.hpp"

namespace atto::cli {

void add_report(CLI::App& app, Action& action) {
  auto folders = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  Command command(app, "report", "Write a report of one or more campaigns (HTML and CSV)");
  command.option("folders", *folders, "Run folders").required();
  command.option("--out", *out, "HTML file; default: report.html in the first run folder");
  command.footer("Example:  atto report runs/quickstart-s1 runs/quickstart-s2 --out compared.html");
  command.runs(action, [folders, out] {
    std::vector<search::CampaignReport> reports;
    for (const std::string& folder : *folders) reports.push_back(search::gather_report(folder));
    const std::filesystem::path html = out->empty()
                                           ? std::filesystem::path(folders->front()) / "report.html"
                                           : std::filesystem::path(*out);
    std::filesystem::path csv = html;
    csv.replace_extension(".csv");
    spec::write_file_atomically(html, search::report_html(reports));
    spec::write_file_atomically(csv, search::report_csv(reports));
    fmt::print("{}\n{}\n", html.string(), csv.string());
    return 0;
  });
}

}  // namespace atto::cli
