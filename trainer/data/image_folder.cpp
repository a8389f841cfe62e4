// Image folders: decoded in parallel at one size, and cached as one file.

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/parallel.hpp"
#include "design_specs/seeds/random.hpp"
#include "trainer/data/dataset.hpp"
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

}  // namespace

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

}  // namespace atto::train
