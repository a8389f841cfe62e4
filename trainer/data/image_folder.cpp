// Image folders: described, decoded in parallel at one size, and cached as one file.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/parallel.hpp"
#include "design_specs/reading/text_checks.hpp"
#include "design_specs/seeds/random.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/described.hpp"
#include "trainer/data/image_listing.hpp"
#include "trainer/data/images/image_decoding.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

/// The head of a cache file; then labels, pixels, and a hash of both. How many there are is a
/// matter of the listing, which the key holds.
struct CacheHead {
  char magic[8] = {'A', 'T', 'T', 'O', 'I', 'M', 'G', '2'};
  std::uint64_t key = 0;
};

using Splits = std::array<const std::vector<ImageFile>*, 3>;

/// In the order in which images lie in memory.
Splits splits_of(const ImageFolderListing& listing) {
  return {&listing.train, &listing.validation, &listing.test};
}

/// Everything that decides what labels and pixels are.
std::uint64_t key_of(const DatasetInfo& info, const ImageFolderListing& listing) {
  const auto number = [](auto value) { return static_cast<std::uint64_t>(value); };
  std::uint64_t key = spec::derive_seed({number(image::kPixelsVersion), number(info.channels),
                                         number(info.height), number(info.width)});
  for (const std::string& name : listing.classes)
    key = spec::derive_seed({key, spec::hash_bytes(name)});
  for (const auto* files : splits_of(listing)) {
    key = spec::derive_seed({key, number(listing.classes.size()), number(files->size())});
    for (const ImageFile& file : *files)
      key = spec::derive_seed({key, spec::hash_bytes(file.path.string()), number(file.bytes),
                               number(file.modified), number(file.label)});
  }
  return key;
}

fs::path cache_file(const DatasetInfo& info, std::uint64_t key) {
  fs::path folder;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    folder = cache;
  else if (const char* home = std::getenv("HOME"); home && *home)
    folder = fs::path(home) / ".cache";
  if (folder.empty()) return {};
  return folder / "attoforge" /
         (info.folder.filename().string() + "-" + std::to_string(info.height) + "x" +
          std::to_string(info.width) + "-" + std::to_string(key) + ".images");
}

std::uint64_t checksum(const Images& images) {
  const auto view = [](const auto& items) {
    return std::string_view(reinterpret_cast<const char*>(items.data()),
                            items.size() * sizeof(items[0]));
  };
  return spec::derive_seed(
      {spec::hash_bytes(view(images.labels)), spec::hash_bytes(view(images.pixels))});
}

/// Returns false when there is no cache file, or not a whole one.
bool read_cache(const fs::path& file, std::uint64_t key, const DatasetInfo& info, Images& images) {
  std::error_code error;
  const auto size = static_cast<std::int64_t>(fs::file_size(file, error));
  std::ifstream in(file, std::ios::binary);
  CacheHead head, wanted;
  if (error || !in.read(reinterpret_cast<char*>(&head), sizeof(head))) return false;
  const std::int64_t count = info.train_images + info.test_images, image = info.input().elements();
  if (std::memcmp(head.magic, wanted.magic, sizeof(head.magic)) != 0 || head.key != key ||
      size != static_cast<std::int64_t>(sizeof(head)) + count * (image + 4) + 8)
    return false;
  Images cached;
  cached.labels.resize(static_cast<std::size_t>(count));
  cached.pixels.resize(static_cast<std::size_t>(count * image));
  std::uint64_t sum = 0;
  in.read(reinterpret_cast<char*>(cached.labels.data()), count * 4);
  in.read(reinterpret_cast<char*>(cached.pixels.data()), count * image);
  if (!in.read(reinterpret_cast<char*>(&sum), sizeof(sum)) || sum != checksum(cached)) return false;
  for (std::int32_t label : cached.labels)
    if (label < 0 || label >= info.classes) return false;
  images = std::move(cached);
  return true;
}

/// A cache that cannot be written costs time at the next start, and nothing else.
void write_cache(const fs::path& file, std::uint64_t key, const Images& images) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const fs::path temporary =
      file.string() + "." + std::to_string(spec::mix64(key ^ checksum(images))) + ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary);
    CacheHead head;
    head.key = key;
    const std::uint64_t sum = checksum(images);
    out.write(reinterpret_cast<const char*>(&head), sizeof(head));
    out.write(reinterpret_cast<const char*>(images.labels.data()),
              static_cast<std::streamsize>(images.labels.size() * 4));
    out.write(reinterpret_cast<const char*>(images.pixels.data()),
              static_cast<std::streamsize>(images.pixels.size()));
    out.write(reinterpret_cast<const char*>(&sum), sizeof(sum));
    out.close();
    if (!out) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::rename(temporary, file, error);
  if (error) fs::remove(temporary, error);
}

/// Decodes into `pixels`; returns the fault of each file, "" where there is none.
std::vector<std::string> decode_all(const std::vector<ImageFile>& files, const DatasetInfo& info,
                                    std::uint8_t* pixels) {
  std::vector<std::string> faults(files.size());
  spec::parallel_for(files.size(), 1, [&](std::size_t i) {
    faults[i] = read_pixels(files[i].path, {info.channels, info.height, info.width},
                            pixels + static_cast<std::int64_t>(i) * info.input().elements());
  });
  return faults;
}

/// Closes the gaps that undecodable files left. Returns how many images of `files` remain.
std::int64_t append_decoded(const std::vector<ImageFile>& files, const DatasetInfo& info,
                            Images& images) {
  const auto image = static_cast<std::size_t>(info.input().elements());
  std::size_t to = images.pixels.size();
  const std::size_t first = to;
  images.pixels.resize(to + files.size() * image);
  const auto faults = decode_all(files, info, images.pixels.data() + first);
  std::int64_t kept = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!faults[i].empty()) {
      images.left_out.push_back(files[i].path.string() + ": " + faults[i]);
      continue;
    }
    std::memmove(images.pixels.data() + to, images.pixels.data() + first + i * image, image);
    to += image;
    images.labels.push_back(files[i].label);
    ++kept;
  }
  images.pixels.resize(to);
  return kept;
}

void read_image_folder(DatasetInfo& info, Images& images) {
  const ImageFolderListing listing = list_image_folder(info.folder);
  const auto size_of = [](const auto& files) { return static_cast<std::int64_t>(files.size()); };
  if (size_of(listing.classes) != info.classes ||
      size_of(listing.train) + size_of(listing.validation) != info.train_images ||
      size_of(listing.validation) != info.own_validation ||
      size_of(listing.test) != info.test_images)
    throw EnvironmentError("data set " + info.name +
                           ": its files changed while it was read: " + info.folder.string());
  const std::uint64_t key = key_of(info, listing);
  const fs::path cache = cache_file(info, key);
  if (!cache.empty() && read_cache(cache, key, info, images)) return;
  const auto total = static_cast<std::size_t>(info.train_images + info.test_images);
  images.pixels.reserve(total * static_cast<std::size_t>(info.input().elements()));
  info.train_images = append_decoded(listing.train, info, images);
  info.own_validation = append_decoded(listing.validation, info, images);
  info.train_images += info.own_validation;
  info.test_images = append_decoded(listing.test, info, images);
  if (images.left_out.size() * 100 >= total)
    throw EnvironmentError("data set " + info.name +
                           ": fewer than 1 % of the images may be unreadable; got " +
                           std::to_string(images.left_out.size()) + " of " + std::to_string(total) +
                           ", the first is " + images.left_out.front());
  // Not cached while a file is broken, so that every run names it.
  if (!cache.empty() && images.left_out.empty()) write_cache(cache, key, images);
}

std::vector<std::string> class_names(const DatasetInfo& info) {
  return list_image_folder(info.folder).classes;
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

}  // namespace

DatasetInfo describe_folder(const std::string& name, const fs::path& folder,
                            std::optional<int> resolution) {
  check_name(folder, name);
  const ImageFolderListing listing = list_image_folder(folder);
  DatasetInfo info;
  info.name = name;
  info.format = {read_image_folder, class_names, true};
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

}  // namespace atto::train
