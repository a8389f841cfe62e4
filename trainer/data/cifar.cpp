// CIFAR-10 and CIFAR-100 in their binary version (cs.toronto.edu/~kriz/cifar.html).
#include <cerrno>
#include <fstream>

#include "design_specs/errors.hpp"
#include "export/image/resize.hpp"
#include "trainer/data/dataset_files.hpp"
#include "trainer/data/known_datasets.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

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

void read_cifar10(DatasetInfo& info, Images& images) {
  reserve(info, images);
  for (int part = 1; part <= 5; ++part)
    read_cifar_file(info.folder / ("data_batch_" + std::to_string(part) + ".bin"), 10000, 1, info,
                    images);
  read_cifar_file(info.folder / "test_batch.bin", 10000, 1, info, images);
}

void read_cifar100(DatasetInfo& info, Images& images) {
  reserve(info, images);
  read_cifar_file(info.folder / "train.bin", 50000, 2, info, images);
  read_cifar_file(info.folder / "test.bin", 10000, 2, info, images);
}

std::vector<std::string> cifar10_names(const DatasetInfo& info) {
  return lines_of(info.folder / "batches.meta.txt");
}

std::vector<std::string> cifar100_names(const DatasetInfo& info) {
  return lines_of(info.folder / "fine_label_names.txt");
}

}  // namespace

const KnownDataset& cifar10() {
  static const KnownDataset kRow = {
      .name = "cifar10",
      .folders = {"cifar-10-batches-bin", "cifar10", "cifar10/cifar-10-batches-bin"},
      .witness = "data_batch_1.bin",
      .files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                "data_batch_5.bin", "test_batch.bin"},
      .shape = {3, 32, 32},
      .classes = 10,
      .train_images = 50000,
      .test_images = 10000,
      .how_to_get = "scripts/get_data.sh cifar10 (170 MB)",
      .format = {read_cifar10, cifar10_names}};
  return kRow;
}

const KnownDataset& cifar100() {
  static const KnownDataset kRow = {
      .name = "cifar100",
      .folders = {"cifar-100-binary", "cifar100", "cifar100/cifar-100-binary"},
      .witness = "train.bin",
      .files = {"train.bin", "test.bin"},
      .shape = {3, 32, 32},
      .classes = 100,
      .train_images = 50000,
      .test_images = 10000,
      .how_to_get = "scripts/get_data.sh cifar100 (169 MB)",
      .format = {read_cifar100, cifar100_names}};
  return kRow;
}

}  // namespace atto::train
