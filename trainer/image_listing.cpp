// Image folders without their pixels: which files there are, and how large the first is.
#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <system_error>

#include "design_specs/errors.hpp"
#include "trainer/datasets.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (std::error_code ignored; entry->is_directory(ignored))
      names.push_back(entry->path().filename().string());
  if (error) throw EnvironmentError("cannot list", folder.string(), error.value());
  std::sort(names.begin(), names.end());
  return names;
}

void list_class(const fs::path& folder, int label, std::vector<ImageFile>& files) {
  const std::size_t first = files.size();
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_image_name(entry->path())) continue;
    ImageFile file{entry->path(), static_cast<std::int64_t>(entry->file_size(error)), 0, label};
    if (!error) file.modified = entry->last_write_time(error).time_since_epoch().count();
    if (error) break;
    files.push_back(std::move(file));
  }
  if (error) throw EnvironmentError("cannot list", folder.string(), error.value());
  std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end(),
            [](const ImageFile& a, const ImageFile& b) { return a.path < b.path; });
}

int big_endian(const unsigned char* bytes, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) value = (value << 8) | bytes[i];
  return value;
}

/// Walks the markers of a JPEG up to the frame header. `file` stands behind the first two bytes.
std::optional<std::pair<int, int>> jpeg_size(std::istream& file) {
  std::array<unsigned char, 9> head{};
  char* const bytes = reinterpret_cast<char*>(head.data());
  while (file.read(bytes, 4)) {
    if (head[0] != 0xff) return {};
    const int marker = head[1], length = big_endian(&head[2], 2);
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) {
      if (!file.read(bytes, 5)) return {};
      return std::pair(big_endian(&head[3], 2), big_endian(&head[1], 2));
    }
    if (length < 2 || !file.seekg(length - 2, std::ios::cur)) return {};
  }
  return {};
}

}  // namespace

ImageFolderListing list_image_folder(const fs::path& folder) {
  ImageFolderListing listing;
  listing.classes = folders_in(folder / "train");
  if (listing.classes.empty())
    throw EnvironmentError("image folder: train/ must hold one folder a class: " + folder.string());
  for (std::size_t label = 0; label < listing.classes.size(); ++label)
    list_class(folder / "train" / listing.classes[label], static_cast<int>(label), listing.train);
  for (const std::string& name : folders_in(folder / "val")) {
    const auto known = std::lower_bound(listing.classes.begin(), listing.classes.end(), name);
    if (known == listing.classes.end() || *known != name)
      throw EnvironmentError("image folder: class of val/ must also be in train/: " +
                             folder.string() + "; got " + name);
    list_class(folder / "val" / name, static_cast<int>(known - listing.classes.begin()),
               listing.test);
  }
  if (listing.train.empty() || listing.test.empty())
    throw EnvironmentError("image folder: train/ and val/ must hold .jpg, .jpeg or .png files: " +
                           folder.string());
  return listing;
}

std::optional<std::pair<int, int>> peek_image_size(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<unsigned char, 24> head{};
  char* const bytes = reinterpret_cast<char*>(head.data());
  if (!file.read(bytes, 2)) return {};
  if (head[0] == 0xff && head[1] == 0xd8) return jpeg_size(file);
  if (!file.read(bytes + 2, 22) || head[0] != 0x89 || head[1] != 'P') return {};
  return std::pair(big_endian(&head[16], 4), big_endian(&head[20], 4));
}

}  // namespace atto::train
