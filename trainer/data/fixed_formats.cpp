// Data sets whose files have a fixed layout: Fashion-MNIST (idx, gzip), CIFAR (binary version),
// synthetic.
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <memory>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "export/image/resize.hpp"
#include "trainer/data/dataset.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void bad_file(const fs::path& file, const std::string& rule, const std::string& got) {
  throw EnvironmentError(file.string() + ": " + rule + "; got " + got);
}

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

void expect_label(const fs::path& file, int label, int classes) {
  if (label >= classes)
    bad_file(file, "labels must be below " + std::to_string(classes), std::to_string(label));
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

/// One CIFAR file: records of `label_bytes` labels (the last one counts) and 3 planes of 32 x 32.
void read_cifar_file(const fs::path& file, std::size_t count, std::size_t label_bytes,
                     const DatasetInfo& info, Images& images) {
  constexpr std::size_t kSide = 32, kPlane = kSide * kSide;
  const std::size_t record = label_bytes + 3 * kPlane, wanted = count * record;
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) throw EnvironmentError("cannot open", file.string(), error.value());
  if (size != wanted)
    bad_file(file, "must have " + std::to_string(wanted) + " bytes", std::to_string(size));
  std::vector<std::uint8_t> bytes(wanted);
  std::ifstream in(file, std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(wanted)))
    throw EnvironmentError("cannot read", file.string(), EIO);
  image::Resizer resizer(kSide, kSide, 3, info.height, info.width);
  std::vector<std::uint8_t> interleaved(3 * kPlane);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* const start = bytes.data() + i * record;
    for (std::size_t p = 0; p < kPlane; ++p)
      for (std::size_t c = 0; c < 3; ++c)
        interleaved[3 * p + c] = start[label_bytes + c * kPlane + p];
    resizer.append(interleaved.data(), images.pixels);
    expect_label(file, start[label_bytes - 1], info.classes);
    images.labels.push_back(start[label_bytes - 1]);
  }
}

void reserve(const DatasetInfo& info, Images& images) {
  const auto count = static_cast<std::size_t>(info.train_images + info.test_images);
  images.pixels.reserve(count * static_cast<std::size_t>(info.input().elements()));
  images.labels.reserve(count);
}

}  // namespace

void read_fashion_mnist(const DatasetInfo& info, Images& images) {
  reserve(info, images);
  read_idx(info.folder, "train", static_cast<std::size_t>(info.train_images), info, images);
  read_idx(info.folder, "t10k", static_cast<std::size_t>(info.test_images), info, images);
}

void read_cifar(const DatasetInfo& info, Images& images) {
  reserve(info, images);
  if (info.kind == DatasetKind::Cifar100) {
    read_cifar_file(info.folder / "train.bin", 50000, 2, info, images);
    read_cifar_file(info.folder / "test.bin", 10000, 2, info, images);
    return;
  }
  for (int part = 1; part <= 5; ++part)
    read_cifar_file(info.folder / ("data_batch_" + std::to_string(part) + ".bin"), 10000, 1, info,
                    images);
  read_cifar_file(info.folder / "test_batch.bin", 10000, 1, info, images);
}

/// Class c is a grating of its own direction and frequency with a colour of its own, at a random
/// phase and contrast, under noise: learnt well in a few epochs, and not by the mean colour alone.
void make_synthetic(const DatasetInfo& info, Images& images) {
  reserve(info, images);
  const std::int64_t count = info.train_images + info.test_images;
  for (std::int64_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % info.classes);
    spec::Random random(spec::derive_seed({0x51717e71cULL, static_cast<std::uint64_t>(i)}));
    const double angle = M_PI * label / info.classes, frequency = 0.35 + 0.25 * (label % 3);
    const double phase = 2 * M_PI * random.uniform(), contrast = 25 + 25 * random.uniform();
    for (int y = 0; y < info.height; ++y)
      for (int x = 0; x < info.width; ++x) {
        const double wave =
            std::sin(frequency * (x * std::cos(angle) + y * std::sin(angle)) + phase);
        for (int c = 0; c < info.channels; ++c) {
          const double tint = 10 * std::cos(2 * M_PI * (label + 3 * c) / info.classes);
          const double noise = 60 * (random.uniform() - 0.5);
          images.pixels.push_back(static_cast<std::uint8_t>(
              std::clamp(128 + tint + contrast * wave + noise, 0.0, 255.0)));
        }
      }
    images.labels.push_back(label);
  }
}

}  // namespace atto::train
