#include "trainer/datasets.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "trainer/image_listing.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

/// A data set that is known by name: where it may lie below a search folder, and the file that
/// shows it.
struct Known {
  std::string_view name;
  DatasetKind kind;
  std::vector<std::string_view> folders;
  std::string_view witness;
  int channels, side, classes;
  std::int64_t train_images, test_images;
  std::string_view how_to_get;
};

const std::array<Known, 3>& known_datasets() {
  static const std::array<Known, 3> kKnown = {{
      {"fashion_mnist",
       DatasetKind::FashionMnist,
       {"fashion_mnist", "fashion-mnist"},
       "train-images-idx3-ubyte.gz",
       1,
       28,
       10,
       60000,
       10000,
       "apt-get install dataset-fashion-mnist, or scripts/get_data.sh fashion_mnist"},
      {"cifar10",
       DatasetKind::Cifar10,
       {"cifar-10-batches-bin", "cifar10", "cifar10/cifar-10-batches-bin"},
       "data_batch_1.bin",
       3,
       32,
       10,
       50000,
       10000,
       "scripts/get_data.sh cifar10 (170 MB)"},
      {"cifar100",
       DatasetKind::Cifar100,
       {"cifar-100-binary", "cifar100", "cifar100/cifar-100-binary"},
       "train.bin",
       3,
       32,
       100,
       50000,
       10000,
       "scripts/get_data.sh cifar100 (169 MB)"},
  }};
  return kKnown;
}

constexpr std::string_view kFolderHelp =
    "put images into data/NAME/train/CLASS/* and data/NAME/val/CLASS/* (JPEG or PNG)";

bool holds(const fs::path& folder, const Known& known) {
  std::error_code ignored;
  return fs::is_regular_file(folder / known.witness, ignored);
}

fs::path find_known(const Known& known) {
  for (const fs::path& root : dataset_search_path())
    for (std::string_view name : known.folders)
      if (holds(root / name, known)) return root / name;
  return {};
}

DatasetInfo info_of(const Known& known, const fs::path& folder, std::optional<int> resolution) {
  DatasetInfo info;
  info.name = known.name;
  info.kind = known.kind;
  info.folder = folder;
  info.channels = known.channels;
  info.height = info.width = resolution.value_or(known.side);
  info.classes = known.classes;
  info.train_images = known.train_images;
  info.test_images = known.test_images;
  info.validation_images =
      info.classes * validation_share(info.train_images / info.classes, info.train_images);
  return info;
}

/// Reads "key=number,..." after "synthetic:".
void read_synthetic_options(std::string_view text, DatasetInfo& info) {
  std::map<std::string_view, std::int64_t> values = {{"classes", info.classes},
                                                     {"size", info.height},
                                                     {"channels", info.channels},
                                                     {"train", info.train_images},
                                                     {"test", info.test_images}};
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    const auto found = values.find(part.substr(0, equals));
    std::int64_t number = 0;
    const char* const last = part.data() + part.size();
    if (equals == std::string_view::npos || found == values.end() ||
        std::from_chars(part.data() + equals + 1, last, number).ptr != last || number < 1 ||
        number > 1000000)
      throw EnvironmentError(
          "data set synthetic: must be KEY=NUMBER with KEY among classes, size, channels, "
          "train, test; got " +
          std::string(part));
    found->second = number;
  }
  info.classes = static_cast<int>(values["classes"]);
  info.height = info.width = static_cast<int>(std::min<std::int64_t>(values["size"], 1024));
  info.channels = static_cast<int>(std::min<std::int64_t>(values["channels"], 4));
  info.train_images = values["train"];
  info.test_images = values["test"];
}

DatasetInfo describe_synthetic(std::string_view dataset, std::optional<int> resolution) {
  DatasetInfo info;
  info.name = dataset;
  info.channels = 3;
  info.height = info.width = 32;
  info.classes = 10;
  info.train_images = 2000;
  info.test_images = 500;
  if (const auto colon = dataset.find(':'); colon != std::string_view::npos)
    read_synthetic_options(dataset.substr(colon + 1), info);
  if (resolution) info.height = info.width = *resolution;
  // Class c has ceil((n - c) / classes) of n images.
  for (int c = 0; c < info.classes; ++c)
    info.validation_images += validation_share(
        (info.train_images + info.classes - 1 - c) / info.classes, info.train_images);
  return info;
}

DatasetInfo describe_folder(const std::string& name, const fs::path& folder,
                            std::optional<int> resolution) {
  const ImageFolderListing listing = list_image_folder(folder);
  DatasetInfo info;
  info.name = name;
  info.kind = DatasetKind::ImageFolder;
  info.folder = folder;
  info.classes = static_cast<int>(listing.classes.size());
  info.own_validation = static_cast<std::int64_t>(listing.validation.size());
  info.train_images = static_cast<std::int64_t>(listing.train.size()) + info.own_validation;
  info.test_images = static_cast<std::int64_t>(listing.test.size());
  info.notes = listing.notes;
  std::vector<std::int64_t> per_class(listing.classes.size());
  for (const ImageFile& file : listing.train) ++per_class[static_cast<std::size_t>(file.label)];
  for (std::int64_t count : per_class)
    info.validation_images += validation_share(count, info.train_images);
  if (info.own_validation > 0) info.validation_images = info.own_validation;
  const image::PixelShape shape = shape_of(listing, resolution);
  if (shape.height < 1)
    throw EnvironmentError("data set " + name + ": no readable image in " + folder.string());
  info.channels = shape.channels;
  info.height = shape.height;
  info.width = shape.width;
  return info;
}

std::string where_searched() {
  std::string text;
  for (const fs::path& root : dataset_search_path())
    text += (text.empty() ? "" : ", ") + root.string();
  return text;
}

std::optional<DatasetInfo> describe_path(const std::string& dataset,
                                         std::optional<int> resolution) {
  const fs::path folder = dataset;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return {};
  for (const Known& known : known_datasets())
    if (holds(folder, known)) return info_of(known, folder, resolution);
  if (is_image_folder(folder))
    return describe_folder(folder.filename().string(), folder, resolution);
  return {};
}

}  // namespace

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

std::vector<DatasetLocation> locate_datasets() {
  std::vector<DatasetLocation> locations;
  for (const Known& known : known_datasets())
    locations.push_back({std::string(known.name),
                         find_known(known),
                         std::string(known.how_to_get),
                         known.classes,
                         known.channels,
                         known.side,
                         known.side,
                         {}});
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
            name, DatasetLocation{name, entry->path(), std::string(kFolderHelp), info.classes,
                                  info.channels, info.height, info.width, info.notes});
      } catch (const EnvironmentError& unusable) {
        folders.try_emplace(name, DatasetLocation{name, {}, unusable.what(), 0, 3, 0, 0, {}});
      }
    }
  }
  for (auto& [name, location] : folders) locations.push_back(std::move(location));
  if (folders.empty()) locations.push_back({"NAME", {}, std::string(kFolderHelp), 0, 3, 0, 0, {}});
  const DatasetInfo synthetic = describe_synthetic("synthetic", {});
  locations.push_back({"synthetic",
                       "(built in)",
                       "always there",
                       synthetic.classes,
                       synthetic.channels,
                       synthetic.height,
                       synthetic.width,
                       {}});
  return locations;
}

DatasetInfo describe_dataset(const std::string& dataset, std::optional<int> resolution) {
  if (resolution && (*resolution < 1 || *resolution > 1024))
    throw EnvironmentError("data set " + dataset + ": resolution must be in [1, 1024]; got " +
                           std::to_string(*resolution));
  if (dataset == "synthetic" || dataset.starts_with("synthetic:"))
    return describe_synthetic(dataset, resolution);
  for (const Known& known : known_datasets()) {
    if (known.name != dataset) continue;
    const fs::path folder = find_known(known);
    if (folder.empty())
      throw EnvironmentError("data set " + dataset + ": not found in " + where_searched() +
                             "; get it with: " + std::string(known.how_to_get));
    return info_of(known, folder, resolution);
  }
  if (dataset.find('/') == std::string::npos)
    for (const fs::path& root : dataset_search_path())
      if (is_image_folder(root / dataset))
        return describe_folder(dataset, root / dataset, resolution);
  if (auto info = describe_path(dataset, resolution)) return *info;
  throw EnvironmentError("data set " + dataset + ": not found in " + where_searched() + "; " +
                         std::string(kFolderHelp));
}

std::int64_t validation_share(std::int64_t class_images, std::int64_t train_images) {
  constexpr std::int64_t kMaxValidation = 5000;
  const std::int64_t wanted = std::min(train_images / 10, kMaxValidation);
  return train_images == 0 ? 0 : class_images * wanted / train_images;
}

}  // namespace atto::train
