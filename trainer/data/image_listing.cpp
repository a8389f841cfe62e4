#include "trainer/data/image_listing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "export/image/picture_header.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

/// Entries of one kind that were passed over.
struct PassedOver {
  int count = 0;
  fs::path first;
  void add(const fs::path& entry) {
    if (count == 0 || entry < first) first = entry;
    ++count;
  }
  void tell(const std::string& one, const std::string& many,
            std::vector<std::string>& notes) const {
    if (count == 1) notes.push_back("passed over " + one + ": " + first.string());
    if (count > 1)
      notes.push_back("passed over " + std::to_string(count) + " " + many + ", the first is " +
                      first.string());
  }
};

struct AllPassedOver {
  PassedOver hidden, others, empty;
};

std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    entries.push_back(*entry);
  if (error) throw EnvironmentError("cannot list", folder.string(), error.value());
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// Returns nothing for what is no file: a folder, a pipe, a device. What cannot be reached is an
/// image that cannot be read.
std::optional<ImageFile> image_at(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_status status = entry.status(error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return {};
  ImageFile file{entry.path(), static_cast<std::int64_t>(entry.file_size(error)), 0, 0};
  if (!error) file.modified = entry.last_write_time(error).time_since_epoch().count();
  if (error) file.bytes = file.modified = 0;
  return file;
}

using Classes = std::map<std::string, std::vector<ImageFile>>;

/// Lists SPLIT/CLASS/*; classes without images are kept, empty.
Classes list_split(const fs::path& split, AllPassedOver& passed_over) {
  Classes classes;
  std::error_code ignored;
  if (!fs::is_directory(split, ignored)) return classes;
  for (const fs::directory_entry& folder : entries_of(split)) {
    const std::string name = folder.path().filename().string();
    if (name.starts_with('.') || !folder.is_directory(ignored)) {
      (name.starts_with('.') ? passed_over.hidden : passed_over.others).add(folder.path());
      continue;
    }
    std::vector<ImageFile>& images = classes[name];
    for (const fs::directory_entry& entry : entries_of(folder.path())) {
      const bool is_hidden = entry.path().filename().string().starts_with('.');
      const auto image = !is_hidden && is_image_name(entry.path()) ? image_at(entry) : std::nullopt;
      if (image) images.push_back(*image);
      if (!image) (is_hidden ? passed_over.hidden : passed_over.others).add(entry.path());
    }
    if (images.empty()) passed_over.empty.add(folder.path());
  }
  return classes;
}

/// Appends the images of a split in the order of `classes`.
void append(const fs::path& folder, const char* split, Classes&& from,
            const std::vector<std::string>& classes, std::vector<ImageFile>& files) {
  for (auto& [name, images] : from) {
    const auto known = std::lower_bound(classes.begin(), classes.end(), name);
    if (!images.empty() && (known == classes.end() || *known != name))
      throw EnvironmentError("image folder: class of " + std::string(split) +
                             "/ must also be in train/, with images: " + folder.string() +
                             "; got " + name);
    for (ImageFile& file : images) {
      file.label = static_cast<int>(known - classes.begin());
      files.push_back(std::move(file));
    }
  }
}

/// Moves a tenth of each class from train to test. Which ones depends on their names alone, so that
/// most stay where they were when images come or go.
void carve_test(ImageFolderListing& listing) {
  constexpr std::size_t kShare = 10, kLeast = 3;  // one to train on, one to validate, one to test
  std::vector<ImageFile> kept;
  for (auto first = listing.train.begin(); first != listing.train.end();) {
    const auto last = std::find_if(first, listing.train.end(), [&](const ImageFile& file) {
      return file.label != first->label;
    });
    const auto count = static_cast<std::size_t>(last - first);
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < count; ++i)
      order.emplace_back(
          spec::hash_bytes(first[static_cast<std::ptrdiff_t>(i)].path.filename().string()), i);
    std::sort(order.begin(), order.end());
    std::vector<bool> is_test(count);
    for (std::size_t i = 0; i < (count < kLeast ? 0 : std::max<std::size_t>(1, count / kShare));
         ++i)
      is_test[order[i].second] = true;
    for (std::size_t i = 0; i < count; ++i, ++first)
      (is_test[i] ? listing.test : kept).push_back(std::move(*first));
  }
  listing.train = std::move(kept);
}

/// Names folders beside train/ that look like a split and are none.
void note_other_folders(const fs::path& folder, std::vector<std::string>& notes) {
  for (const fs::directory_entry& entry : entries_of(folder)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (!name.starts_with('.') && name != "train" && name != "val" && name != "test" &&
        entry.is_directory(ignored))
      notes.push_back("passed over a folder that is neither train/ nor val/ nor test/: " +
                      entry.path().string());
  }
}

/// Reads the head of a file.
std::optional<image::PictureHeader> peek(const fs::path& path) {
  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) ::close(fd);
    }
  } const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return {};
  return image::read_picture_header([&](std::uint64_t at, std::span<std::uint8_t> into) {
    return ::pread(file.fd, into.data(), into.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(into.size());
  });
}

}  // namespace

bool is_image_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "train", ignored);
}

ImageFolderListing list_image_folder(const fs::path& folder) {
  ImageFolderListing listing;
  AllPassedOver passed_over;
  Classes train = list_split(folder / "train", passed_over);
  for (const auto& [name, images] : train)
    if (!images.empty()) listing.classes.push_back(name);
  if (listing.classes.empty())
    throw EnvironmentError(
        "image folder: train/ must hold one folder a class, of .jpg, .jpeg or .png files: " +
        folder.string());
  append(folder, "train", std::move(train), listing.classes, listing.train);
  append(folder, "val", list_split(folder / "val", passed_over), listing.classes,
         listing.validation);
  append(folder, "test", list_split(folder / "test", passed_over), listing.classes, listing.test);
  if (listing.test.empty()) listing.test.swap(listing.validation);
  passed_over.hidden.tell("a hidden entry", "hidden entries", listing.notes);
  passed_over.empty.tell("a folder without images, which is no class",
                         "folders without images, which are no classes", listing.notes);
  passed_over.others.tell("what is no JPEG or PNG file of a class",
                          "entries that are no JPEG or PNG files of a class", listing.notes);
  note_other_folders(folder, listing.notes);
  if (!listing.test.empty()) return listing;
  carve_test(listing);
  if (listing.test.empty())
    throw EnvironmentError(
        "image folder: without val/ and test/ some class of train/ must have "
        "three images or more: " +
        folder.string());
  listing.notes.push_back("no images in val/ or test/: " + std::to_string(listing.test.size()) +
                          " of train/ are kept for testing in " + folder.string());
  return listing;
}

image::PixelShape shape_of(const ImageFolderListing& listing, std::optional<int> resolution) {
  std::optional<image::PictureHeader> first;
  bool is_mixed = resolution.has_value(), is_grey = true;
  for (const auto* files : {&listing.train, &listing.validation, &listing.test})
    for (const ImageFile& file : *files) {
      if (is_mixed && !is_grey && first) break;
      const auto header = peek(file.path);
      if (!header) continue;
      is_grey = is_grey && header->is_grey;
      if (!first) first = header;
      is_mixed = is_mixed || header->upright_height() != first->upright_height() ||
                 header->upright_width() != first->upright_width();
    }
  if (!first) return {};
  image::PixelShape shape{is_grey ? 1 : 3, first->upright_height(), first->upright_width()};
  if (is_mixed)
    shape.height = shape.width = resolution.value_or(std::min(shape.height, shape.width));
  return shape;
}

}  // namespace atto::train
