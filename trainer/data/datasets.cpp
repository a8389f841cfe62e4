#include "trainer/data/datasets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/reading/text_checks.hpp"
#include "design_specs/seeds/random.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/image_listing.hpp"

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
  std::vector<std::string_view> files;  ///< all that are read
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
       {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz"},
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
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
        "data_batch_5.bin", "test_batch.bin"},
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
       {"train.bin", "test.bin"},
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

/// An absolute path without a slash at its end, whose last part is a name.
fs::path absolute_folder(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
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
  info.folder = absolute_folder(folder);
  info.digest = files_digest(known.name, folder, known.files);
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
  info.digest = fmt::format(
      "{:016x}",
      spec::derive_seed({spec::hash_bytes("synthetic"), static_cast<std::uint64_t>(info.classes),
                         static_cast<std::uint64_t>(info.height),
                         static_cast<std::uint64_t>(info.channels),
                         static_cast<std::uint64_t>(info.train_images),
                         static_cast<std::uint64_t>(info.test_images)}));
  if (resolution) info.height = info.width = *resolution;
  if (info.train_images < 2 * std::int64_t{info.classes})
    throw SpecError(
        {{"data set " + info.name, "train",
          fmt::format("must be at least {}: two images of each of the {} classes, one of "
                      "them for validation",
                      2 * std::int64_t{info.classes}, info.classes),
          std::to_string(info.train_images)}});
  // Class c has ceil((n - c) / classes) of n images.
  for (int c = 0; c < info.classes; ++c)
    info.validation_images += validation_share(
        (info.train_images + info.classes - 1 - c) / info.classes, info.train_images);
  return info;
}

/// Names of data sets and classes are recorded in files, one a line.
void check_name(const fs::path& folder, const std::string& name) {
  const bool has_controls =
      std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (has_controls || !spec::is_utf8(name))
    throw SpecError({{folder.string(), "", "must have a name in UTF-8 without control characters",
                      spec::json_string(name)}});
}

/// Every class needs an image for validation beside one to train on. `judged`: what val/ holds of
/// it, where that is the validation split.
void check_class(const fs::path& folder, const std::string& name, std::int64_t images,
                 std::optional<std::int64_t> judged) {
  check_name(folder / "train" / name, name);
  if (!judged && images < 2)
    throw SpecError(
        {{(folder / "train" / name).string(), "",
          "must hold at least 2 images, one of them for validation", std::to_string(images)}});
  if (judged && *judged < 1)
    throw SpecError({{(folder / "val" / name).string(), "",
                      "must hold an image: val/ is the validation split", "0"}});
}

DatasetInfo describe_folder(const std::string& name, const fs::path& folder,
                            std::optional<int> resolution) {
  check_name(folder, name);
  const ImageFolderListing listing = list_image_folder(folder);
  DatasetInfo info;
  info.name = name;
  info.kind = DatasetKind::ImageFolder;
  info.folder = absolute_folder(folder);
  info.digest = folder_digest(listing);
  info.classes = static_cast<int>(listing.classes.size());
  info.own_validation = static_cast<std::int64_t>(listing.validation.size());
  info.train_images = static_cast<std::int64_t>(listing.train.size()) + info.own_validation;
  info.test_images = static_cast<std::int64_t>(listing.test.size());
  info.notes = listing.notes;
  std::vector<std::int64_t> per_class(listing.classes.size());
  for (const ImageFile& file : listing.train) ++per_class[static_cast<std::size_t>(file.label)];
  std::vector<std::int64_t> judged(listing.classes.size());
  for (const ImageFile& file : listing.validation) ++judged[static_cast<std::size_t>(file.label)];
  for (std::size_t c = 0; c < per_class.size(); ++c) {
    check_class(folder, listing.classes[c], per_class[c],
                info.own_validation > 0 ? std::optional(judged[c]) : std::nullopt);
    info.validation_images += validation_share(per_class[c], info.train_images);
  }
  if (info.own_validation > 0) info.validation_images = info.own_validation;
  const image::PixelShape shape = shape_of(listing, resolution);
  if (shape.height < 1)
    throw EnvironmentError("data set " + name + ": no readable image in " + folder.string());
  info.channels = shape.channels;
  info.height = shape.height;
  info.width = shape.width;
  return info;
}

std::optional<DatasetInfo> describe_path(const fs::path& path, std::optional<int> resolution) {
  const fs::path folder = absolute_folder(path);
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

std::string searched_places() {
  std::string text;
  for (const fs::path& root : dataset_search_path())
    text += (text.empty() ? "" : ", ") + root.string();
  return text;
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
      } catch (const std::runtime_error& unusable) {  // EnvironmentError, SpecError
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

DatasetInfo describe_dataset(const std::string& dataset, std::optional<int> resolution,
                             const fs::path& base) {
  if (resolution && (*resolution < 1 || *resolution > 1024))
    throw EnvironmentError("data set " + dataset + ": resolution must be in [1, 1024]; got " +
                           std::to_string(*resolution));
  if (dataset == "synthetic" || dataset.starts_with("synthetic:"))
    return describe_synthetic(dataset, resolution);
  for (const Known& known : known_datasets()) {
    if (known.name != dataset) continue;
    const fs::path folder = find_known(known);
    if (folder.empty())
      throw EnvironmentError("data set " + dataset + ": not found in " + searched_places() +
                             "; get it with: " + std::string(known.how_to_get));
    return info_of(known, folder, resolution);
  }
  if (dataset.find('/') == std::string::npos)
    for (const fs::path& root : dataset_search_path())
      if (is_image_folder(root / dataset))
        return describe_folder(dataset, root / dataset, resolution);
  if (auto info = describe_path(base / dataset, resolution)) {
    info->is_by_path = true;
    return *info;
  }
  throw EnvironmentError("data set " + dataset + ": not found in " + searched_places() + "; " +
                         std::string(kFolderHelp));
}

DatasetInfo describe_dataset(const spec::Task& task) {
  return describe_dataset(task.dataset, task.resolution, task.base);
}

DatasetInfo in_shape(DatasetInfo info, const net::Shape& shape) {
  info.height = shape.height;
  info.width = shape.width;
  if (info.kind == DatasetKind::ImageFolder && (shape.channels == 1 || shape.channels == 3))
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
