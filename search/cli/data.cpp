// atto data: which data sets are found where, and how to get the rest; what one of them holds.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "design_specs/json_text.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/data_shown.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::cli {
namespace {

void print_json(const std::vector<train::DatasetLocation>& found) {
  nlohmann::json all = nlohmann::json::array();
  for (const train::DatasetLocation& data : found)
    all.push_back({{"name", data.name},
                   {"kind", "classes"},
                   {"path", data.path.string()},
                   {"is_found", !data.path.empty()},
                   {"trouble", data.trouble},
                   {"how_to_get", data.how_to_get},
                   {"classes", data.classes},
                   {"channels", data.channels},
                   {"height", data.height},
                   {"width", data.width},
                   {"notes", data.notes}});
  for (const train::InstanceLocation& data : train::locate_instance_sets())
    all.push_back({{"name", data.name},
                   {"kind", "instances"},
                   {"path", data.path.string()},
                   {"is_found", data.is_made || !data.path.empty()},
                   {"how_to_get", data.how_to_get}});
  fmt::print("{}\n", spec::json_text(all, 2));
}

void print_text(const std::vector<train::DatasetLocation>& found) {
  for (const train::DatasetLocation& data : found) {
    const std::string size = data.classes > 0 ? fmt::format("{}x{}x{}, {} classes", data.channels,
                                                            data.height, data.width, data.classes)
                                              : "";
    const std::string place = data.path.empty()       ? "not found: " + data.how_to_get
                              : !data.trouble.empty() ? "cannot be used: " + data.trouble
                                                      : data.path.string();
    fmt::print("{:<20} {:<24} {}\n", data.name, size, place);
    for (const std::string& note : data.notes) fmt::print("  {}\n", note);
  }
  for (const train::InstanceLocation& data : train::locate_instance_sets())
    fmt::print("{:<20} {:<24} {}\n", data.name, "objects in pictures",
               data.is_made ? data.how_to_get : data.path.string());
  fmt::print("searched:\n");
  for (const std::filesystem::path& folder : train::dataset_search_path()) {
    std::error_code error;
    const std::filesystem::directory_iterator here(folder, error);
    fmt::print("  {}{}\n", folder.string(), error ? ": " + error.message() : "");
  }
}

/// All sets of classes. A folder of pictures with objects is none that has a fault.
std::vector<train::DatasetLocation> class_sets() {
  std::vector<train::DatasetLocation> found = train::locate_datasets();
  for (const train::InstanceLocation& other : train::locate_instance_sets())
    std::erase_if(found, [&](const train::DatasetLocation& one) {
      return one.path.empty() && one.name == other.name;
    });
  return found;
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  auto shown = std::make_shared<DataShown>();
  Command command(app, "data", "List data sets and where they are, or say what one holds");
  command.option("name", shown->name, "a data set, by name or path");
  command.flag("--json", shown->is_json, "As JSON");
  command.option("--draw", shown->draw,
                 "write pictures with their objects into this folder, as PNG");
  command.option("--split", shown->split, "of which split pictures are drawn")
      .one_of({train::kSplitNames.begin(), train::kSplitNames.end()});
  command.option("--count", shown->pictures, "how many pictures are drawn").range(1, 100000);
  command.flag("--plain", shown->is_plain, "pictures as they are, for atto run");
  command.footer(
      "Examples:\n"
      "  ATTO_DATA=/data atto data\n"
      "  atto data fashion_scenes --draw pictures");
  command.runs(action, [shown] {
    if (!shown->name.empty()) return show_data(*shown);
    if (!shown->draw.empty()) throw SpecError({{"--draw", "", "needs the name of a data set", ""}});
    (shown->is_json ? print_json : print_text)(class_sets());
    return 0;
  });
}

}  // namespace atto::cli
