#include "trainer/data/datasets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/paths.hpp"
#include "design_specs/reading/text_checks.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/described.hpp"
#include "trainer/data/image_listing.hpp"
#include "trainer/data/known_datasets.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFolderHelp =
    "put images into data/NAME/train/CLASS/* and data/NAME/val/CLASS/* (JPEG or PNG)";

bool holds(const fs::path& folder, const KnownDataset& known) {
  std::error_code ignored;
  return fs::is_regular_file(folder / known.witness, ignored);
}

/// Returns the first folder that holds the set; else the first one of its name, or nothing.
fs::path find_known(const KnownDataset& known) {
  fs::path named;
  for (const fs::path& root : dataset_search_path())
    for (std::string_view name : known.folders) {
      std::error_code ignored;
      if (holds(root / name, known)) return root / name;
      if (named.empty() && fs::is_directory(root / name, ignored)) named = root / name;
    }
  return named;
}

/// Returns why the set in a folder cannot be read; empty where nothing speaks against it.
std::string trouble_of(const KnownDataset& known, const fs::path& folder) {
  for (const std::string_view file : known.files) {
    std::error_code error;
    if (fs::is_regular_file(folder / file, error)) continue;
    return fmt::format("{}: {}", (folder / file).string(),
                       error ? error.message() : "is no regular file");
  }
  return {};
}

DatasetInfo info_of(const KnownDataset& known, const fs::path& folder,
                    std::optional<int> resolution) {
  if (const std::string trouble = trouble_of(known, folder); !trouble.empty())
    throw EnvironmentError(
        fmt::format("data set {}: {}; get it with: {}", known.name, trouble, known.how_to_get));
  DatasetInfo info;
  info.name = known.name;
  info.format = known.format;
  info.folder = absolute_folder(folder);
  info.digest = files_digest(known.name, folder, known.files);
  info.channels = known.shape.channels;
  info.height = resolution.value_or(known.shape.height);
  info.width = resolution.value_or(known.shape.width);
  info.classes = known.classes;
  info.train_images = known.train_images;
  info.test_images = known.test_images;
  info.validation_images =
      info.classes * validation_share(info.train_images / info.classes, info.train_images);
  return info;
}

std::optional<DatasetInfo> describe_path(const fs::path& path, std::optional<int> resolution) {
  const fs::path folder = absolute_folder(path);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return {};
  for (const KnownDataset* known : known_datasets())
    if (holds(folder, *known)) return info_of(*known, folder, resolution);
  if (is_image_folder(folder))
    return describe_folder(folder.filename().string(), folder, resolution);
  return {};
}

/// A path is looked for in one place; a name in many, and beside the spec.
[[noreturn]] void refuse_unknown(const std::string& dataset, const fs::path& base) {
  const fs::path folder = absolute_folder(base / dataset);
  std::error_code ignored;
  const std::string found = fs::is_directory(folder, ignored)
                                ? "has no train/ with a folder for each class"
                                : "is no folder";
  if (dataset.find('/') != std::string::npos || fs::is_directory(folder, ignored))
    throw EnvironmentError(
        fmt::format("data set {}: {} {}; {}", dataset, folder.string(), found, kFolderHelp));
  throw EnvironmentError(fmt::format("data set {}: not found in {}, {}; {}", dataset,
                                     searched_places(), folder.parent_path().string(),
                                     kFolderHelp));
}

}  // namespace

fs::path absolute_folder(const fs::path& folder) {
  const fs::path whole = spec::plain_path(fs::absolute(folder));
  return whole.has_filename() ? whole : whole.parent_path();
}

std::vector<fs::path> dataset_search_path() {
  std::vector<fs::path> path;
  if (const char* listed = std::getenv("ATTO_DATA")) {
    std::string_view rest = listed;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      if (!part.empty()) path.emplace_back(part);
    }
  }
  path.emplace_back("data");
  if (const char* home = std::getenv("HOME"); home && *home)
    path.push_back(fs::path(home) / ".local/share/attoforge");
  path.emplace_back("/usr/local/share/datasets");
  path.emplace_back("/usr/share/datasets");
  return path;
}

std::string searched_places() {
  std::string text;
  for (const fs::path& root : dataset_search_path())
    text += (text.empty() ? "" : ", ") + root.string();
  return text;
}

std::vector<DatasetLocation> locate_datasets() {
  std::vector<DatasetLocation> locations;
  for (const KnownDataset* known : known_datasets()) {
    const fs::path folder = find_known(*known);
    locations.push_back({std::string(known->name),
                         folder,
                         folder.empty() ? "" : trouble_of(*known, folder),
                         std::string(known->how_to_get),
                         known->classes,
                         known->shape.channels,
                         known->shape.height,
                         known->shape.width,
                         {}});
  }
  std::map<std::string, DatasetLocation> folders;
  for (const fs::path& root : dataset_search_path()) {
    std::error_code error;
    for (fs::directory_iterator entry(root, error), end; !error && entry != end;
         entry.increment(error)) {
      if (!is_image_folder(entry->path())) continue;
      const std::string name = entry->path().filename().string();
      if (name.starts_with('.')) continue;
      try {
        const DatasetInfo info = describe_folder(name, entry->path(), {});
        folders.try_emplace(
            name, DatasetLocation{name, entry->path(), "", std::string(kFolderHelp), info.classes,
                                  info.channels, info.height, info.width, info.notes});
      } catch (const std::runtime_error& unusable) {  // EnvironmentError, SpecError
        folders.try_emplace(
            name,
            DatasetLocation{
                name, entry->path(), unusable.what(), std::string(kFolderHelp), 0, 3, 0, 0, {}});
      }
    }
  }
  for (auto& [name, location] : folders) locations.push_back(std::move(location));
  if (folders.empty())
    locations.push_back({"NAME", {}, "", std::string(kFolderHelp), 0, 3, 0, 0, {}});
  const DatasetInfo synthetic = describe_synthetic("synthetic", {});
  locations.push_back({"synthetic",
                       "(built in)",
                       "",
                       "always there",
                       synthetic.classes,
                       synthetic.channels,
                       synthetic.height,
                       synthetic.width,
                       {}});
  return locations;
}

DatasetInfo describe_dataset(const std::string& dataset, std::optional<int> resolution,
                             const fs::path& base) {
  if (resolution && (*resolution < 1 || *resolution > 1024))
    throw EnvironmentError("data set " + dataset + ": resolution must be in [1, 1024]; got " +
                           std::to_string(*resolution));
  if (dataset == "synthetic" || dataset.starts_with("synthetic:"))
    return describe_synthetic(dataset, resolution);
  for (const KnownDataset* known : known_datasets()) {
    if (known->name != dataset) continue;
    const fs::path folder = find_known(*known);
    if (folder.empty())
      throw EnvironmentError("data set " + dataset + ": not found in " + searched_places() +
                             "; get it with: " + std::string(known->how_to_get));
    return info_of(*known, folder, resolution);
  }
  if (dataset.find('/') == std::string::npos)
    for (const fs::path& root : dataset_search_path())
      if (is_image_folder(root / dataset))
        return describe_folder(dataset, root / dataset, resolution);
  if (auto info = describe_path(base / dataset, resolution)) {
    info->is_by_path = true;
    return *info;
  }
  refuse_unknown(dataset, base);
}

DatasetInfo describe_dataset(const spec::Task& task) {
  return describe_dataset(task.dataset, task.resolution, task.base);
}

DatasetInfo in_shape(DatasetInfo info, const net::Shape& shape) {
  info.height = shape.height;
  info.width = shape.width;
  if (info.format.is_picture_folder && (shape.channels == 1 || shape.channels == 3))
    info.channels = shape.channels;
  return info;
}

std::int64_t validation_share(std::int64_t class_images, std::int64_t train_images) {
  constexpr std::int64_t kMaxValidation = 5000;
  if (class_images < 2) return 0;
  const std::int64_t wanted = std::min(train_images / 10, kMaxValidation);
  return std::max<std::int64_t>(1, class_images * wanted / train_images);
}

void check_image_counts(const spec::DesignSpec& spec, const DatasetInfo& info) {
  std::vector<Problem> problems;
  const auto check = [&](const std::optional<int>& images, const spec::Location& location,
                         const char* path) {
    if (images && *images < info.classes)
      problems.push_back({spec::place_text(spec.file.string(), location), path,
                          fmt::format("must be at least one image of each of the {} classes of {}",
                                      info.classes, info.name),
                          std::to_string(*images)});
  };
  check(spec.search.images, spec.search.images_location, "/search/images");
  check(spec.search.validation_images, spec.search.validation_images_location,
        "/search/validation_images");
  check(spec.training.final_images, spec.training.final_images_location, "/training/final_images");
  if (!problems.empty()) throw SpecError(std::move(problems));
}

}  // namespace atto::train
