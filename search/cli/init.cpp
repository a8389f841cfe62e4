// `atto init`: a first prototype and spec in a folder of their own.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/starter.hpp"
#include "trainer/data/datasets.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  fs::path folder;
  std::string data;
  std::optional<int> resolution;
};

/// Fashion-MNIST where it is found, else the set that needs no files.
std::string usual_dataset() {
  const auto found = train::locate_datasets();
  const bool is_here = std::any_of(found.begin(), found.end(), [](const auto& one) {
    return one.name == "fashion_mnist" && !one.path.empty() && one.trouble.empty();
  });
  return is_here ? "fashion_mnist" : "synthetic";
}

void expect_new(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) &&
      !(fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    throw SpecError({{folder.string(), "", "must be a new folder, or an empty one", ""}});
}

/// The folder's own name; it becomes that of prototype and spec.
std::string name_of(const fs::path& folder) {
  const std::string name = fs::absolute(folder / "").lexically_normal().parent_path().filename();
  const bool is_right =
      !name.empty() && name.size() <= 64 &&
      std::all_of(name.begin(), name.end(), [](unsigned char letter) {
        return std::isalnum(letter) || letter == '_' || letter == '-' || letter == '.';
      });
  if (!is_right)
    throw SpecError({{"atto init", "folder",
                      "its name must be of letters, digits, _, - and ., at most 64", name}});
  return name;
}

int init(const InitOptions& options) {
  const std::string name = name_of(options.folder);
  expect_new(options.folder);
  const std::string dataset = options.data.empty() ? usual_dataset() : options.data;
  const bool is_path = dataset.find('/') != std::string::npos && !dataset.starts_with("synthetic");
  const train::DatasetInfo data = train::describe_dataset(dataset, options.resolution);
  // A spec's paths are relative to it.
  Starter starter = make_starter(name, is_path ? fs::absolute(dataset).string() : dataset, data,
                                 options.resolution);
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) throw EnvironmentError("cannot make", options.folder.string(), error.value());
  const auto write = [&](const char* file, const std::string& text) {
    spec::write_file_atomically(options.folder / file, text);
    fmt::print("{}\n", (options.folder / file).string());
  };
  write("prototype.json", starter.prototype);
  write("spec.json", starter.spec);
  write("README.md", starter.notes);
  fmt::print("\nfor {}: images {} x {} x {}, {} classes\nnext:  cd {} && atto check spec.json\n",
             dataset, data.channels, data.height, data.width, data.classes,
             options.folder.string());
  return 0;
}

}  // namespace

void add_init(CLI::App& app, Action& action) {
  auto options = std::make_shared<InitOptions>();
  Command command(app, "init", "Write a first prototype and spec to start from");
  command.option("folder", options->folder, "new folder; its name becomes the campaign's")
      .required();
  command.option("--data", options->data,
                 "data set, as `atto data` lists it, or a folder of images; default fashion_mnist, "
                 "or synthetic where that is not here");
  command.option("--resolution", options->resolution, "side of the images, in pixels")
      .range(1, 4096);
  command.footer(
      "Examples:\n  atto init first\n  atto init flowers --data data/flowers --resolution 64");
  command.runs(action, [options] { return init(*options); });
}

}  // namespace atto::cli
