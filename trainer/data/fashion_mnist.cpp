// Fashion-MNIST: grey pictures of clothes as idx files in gzip
// (github.com/zalandoresearch/fashion-mnist).
#include <zlib.h>

#include <cerrno>
#include <memory>

#include "design_specs/errors.hpp"
#include "export/image/resize.hpp"
#include "trainer/data/dataset_files.hpp"
#include "trainer/data/known_datasets.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

/// Reads exactly `bytes` of a gzip file, and then its end.
std::vector<std::uint8_t> read_gzip(const fs::path& file, std::size_t bytes) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(file.c_str(), "rb"), gzclose);
  if (!in) throw EnvironmentError("cannot open", file.string(), errno);
  std::vector<std::uint8_t> contents(bytes + 1);
  std::size_t got = 0;
  while (got < contents.size()) {
    const int count =
        gzread(in.get(), contents.data() + got, static_cast<unsigned>(contents.size() - got));
    if (count < 0) {
      int code = 0;
      bad_file(file, "must be a whole gzip file", gzerror(in.get(), &code));
    }
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  if (got > bytes) bad_file(file, "must unpack to " + std::to_string(bytes) + " bytes", "more");
  if (got < bytes)
    bad_file(file, "must unpack to " + std::to_string(bytes) + " bytes", std::to_string(got));
  contents.pop_back();
  return contents;
}

std::uint32_t word_at(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

void expect_word(const fs::path& file, const std::vector<std::uint8_t>& bytes, std::size_t at,
                 std::uint32_t wanted, const char* what) {
  if (word_at(bytes, at) != wanted)
    bad_file(file, std::string(what) + " must be " + std::to_string(wanted),
             std::to_string(word_at(bytes, at)));
}

void read_idx(const fs::path& folder, const std::string& stem, std::size_t count,
              const DatasetInfo& info, Images& images) {
  constexpr std::size_t kSide = 28, kHead = 16, kLabelHead = 8;
  const fs::path pixel_file = folder / (stem + "-images-idx3-ubyte.gz");
  const fs::path label_file = folder / (stem + "-labels-idx1-ubyte.gz");
  const auto pixels = read_gzip(pixel_file, kHead + count * kSide * kSide);
  expect_word(pixel_file, pixels, 0, 0x803, "magic number");
  expect_word(pixel_file, pixels, 4, static_cast<std::uint32_t>(count), "image count");
  expect_word(pixel_file, pixels, 8, kSide, "rows");
  expect_word(pixel_file, pixels, 12, kSide, "columns");
  const auto labels = read_gzip(label_file, kLabelHead + count);
  expect_word(label_file, labels, 0, 0x801, "magic number");
  expect_word(label_file, labels, 4, static_cast<std::uint32_t>(count), "label count");
  image::Resizer resizer(kSide, kSide, 1, info.height, info.width);
  for (std::size_t i = 0; i < count; ++i) {
    resizer.append(pixels.data() + kHead + i * kSide * kSide, images.pixels);
    expect_label(label_file, labels[kLabelHead + i], info.classes);
    images.labels.push_back(labels[kLabelHead + i]);
  }
}

void read(DatasetInfo& info, Images& images) {
  reserve(info, images);
  read_idx(info.folder, "train", static_cast<std::size_t>(info.train_images), info, images);
  read_idx(info.folder, "t10k", static_cast<std::size_t>(info.test_images), info, images);
}

std::vector<std::string> class_names(const DatasetInfo&) {
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
}

}  // namespace

const KnownDataset& fashion_mnist() {
  static const KnownDataset kRow = {
      .name = "fashion_mnist",
      .folders = {"fashion_mnist", "fashion-mnist"},
      .witness = "train-images-idx3-ubyte.gz",
      .files = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
      .shape = {1, 28, 28},
      .classes = 10,
      .train_images = 60000,
      .test_images = 10000,
      .how_to_get = "apt-get install dataset-fashion-mnist, or scripts/get_data.sh fashion_mnist",
      .format = {read, class_names}};
  return kRow;
}

}  // namespace atto::train
