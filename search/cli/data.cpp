// atto data: which data sets are found where, and how to get the rest.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/cli/command_line.hpp"
#include "trainer/data/datasets.hpp"

namespace atto::cli {
namespace {

void print_json(const std::vector<train::DatasetLocation>& found) {
  nlohmann::json all = nlohmann::json::array();
  for (const train::DatasetLocation& data : found)
    all.push_back({{"name", data.name},
                   {"path", data.path.string()},
                   {"is_found", !data.path.empty() || data.name == "synthetic"},
                   {"how_to_get", data.how_to_get},
                   {"classes", data.classes},
                   {"channels", data.channels},
                   {"height", data.height},
                   {"width", data.width},
                   {"notes", data.notes}});
  fmt::print("{}\n", spec::json_text(all, 2));
}

void print_text(const std::vector<train::DatasetLocation>& found) {
  for (const train::DatasetLocation& data : found) {
    const std::string size = data.classes > 0 ? fmt::format("{}x{}x{}, {} classes", data.channels,
                                                            data.height, data.width, data.classes)
                                              : "";
    if (data.path.empty() && data.name != "synthetic")
      fmt::print("{:<20} {:<24} not found: {}\n", data.name, size, data.how_to_get);
    else
      fmt::print("{:<20} {:<24} {}\n", data.name, size,
                 data.path.empty() ? "built in" : data.path.string());
    for (const std::string& note : data.notes) fmt::print("  {}\n", note);
  }
  fmt::print("searched:\n");
  for (const std::filesystem::path& folder : train::dataset_search_path())
    fmt::print("  {}\n", folder.string());
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  auto is_json = std::make_shared<bool>(false);
  Command command(app, "data", "List data sets and where they are");
  command.flag("--json", *is_json, "As JSON");
  command.footer("Example:  ATTO_DATA=/data atto data");
  command.runs(action, [is_json] {
    (*is_json ? print_json : print_text)(train::locate_datasets());
    return 0;
  });
}

}  // namespace atto::cli
