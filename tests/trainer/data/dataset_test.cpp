// Loaders on small and on hostile files, splits and augmentation.
#include <catch2/catch.hpp>
// jpeglib.h needs FILE from cstdio.
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <set>

#include "design_specs/errors.hpp"
#include "export/image/resize.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/data/batches.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/data/images/image_decoding.hpp"
#include "trainer/data/known_datasets.hpp"

using namespace atto;
using namespace atto::train;
namespace fs = std::filesystem;

namespace {

void put_word(std::string& bytes, std::uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
}

void write_gzip(const fs::path& file, const std::string& bytes) {
  gzFile out = gzopen(file.c_str(), "wb1");
  gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(out);
}

std::string idx_images(std::uint32_t count, std::uint32_t magic = 0x803) {
  std::string bytes;
  for (std::uint32_t word : {magic, count, 28U, 28U}) put_word(bytes, word);
  for (std::uint32_t i = 0; i < count * 28 * 28; ++i) bytes += static_cast<char>(i % 251);
  return bytes;
}

std::string idx_labels(std::uint32_t count, int top = 10) {
  std::string bytes;
  put_word(bytes, 0x801);
  put_word(bytes, count);
  for (std::uint32_t i = 0; i < count; ++i) bytes += static_cast<char>(static_cast<int>(i) % top);
  return bytes;
}

/// A Fashion-MNIST of 40 training and 10 test images.
DatasetInfo small_fashion(const fs::path& folder) {
  write_gzip(folder / "train-images-idx3-ubyte.gz", idx_images(40));
  write_gzip(folder / "train-labels-idx1-ubyte.gz", idx_labels(40));
  write_gzip(folder / "t10k-images-idx3-ubyte.gz", idx_images(10));
  write_gzip(folder / "t10k-labels-idx1-ubyte.gz", idx_labels(10));
  DatasetInfo info = describe_dataset(folder.string());
  info.train_images = 40;
  info.test_images = 10;
  return info;
}

std::string what_of(const DatasetInfo& info) {
  try {
    load_dataset(info);
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  return "";
}

void write_jpeg(const fs::path& file, int width, int height, int level, bool is_grey = false) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  std::FILE* out = std::fopen(file.c_str(), "wb");
  jpeg_stdio_dest(&jpeg, out);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = is_grey ? 1 : 3;
  jpeg.in_color_space = is_grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  std::vector<JSAMPLE> row(static_cast<std::size_t>(width * 3), static_cast<JSAMPLE>(level));
  JSAMPROW rows = row.data();
  while (jpeg.next_scanline < jpeg.image_height) jpeg_write_scanlines(&jpeg, &rows, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::fclose(out);
}

void write_png(const fs::path& file, int side, int level) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = png.height = static_cast<png_uint_32>(side);
  png.format = PNG_FORMAT_GRAY;
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side),
                                         static_cast<std::uint8_t>(level));
  png_image_write_to_file(&png, file.c_str(), 0, pixels.data(), 0, nullptr);
}

/// 2 classes with `count` training images each and one test image.
void make_folder(const fs::path& folder, int count) {
  for (const char* name : {"cat", "dog"}) {
    fs::create_directories(folder / "train" / name);
    fs::create_directories(folder / "val" / name);
    const int level = name[0] == 'c' ? 40 : 200;
    for (int i = 0; i < count; ++i)
      write_jpeg(folder / "train" / name / (std::to_string(i) + ".jpg"), 24, 16, level, i % 2 == 1);
    write_png(folder / "val" / name / "a.PNG", 20, level);
  }
}

void truncate_file(const fs::path& file) {
  fs::resize_file(file, fs::file_size(file) / 2);
}

/// Points the image cache at a folder for one test.
struct CacheIn {
  explicit CacheIn(const fs::path& folder) { ::setenv("XDG_CACHE_HOME", folder.c_str(), 1); }
  ~CacheIn() { ::unsetenv("XDG_CACHE_HOME"); }
};

}  // namespace

TEST_CASE("idx files are read, split without overlap and with every class in validation") {
  const test::ScratchFolder folder;
  DatasetInfo info = small_fashion(folder.path());
  const Dataset data = load_dataset(info);
  CHECK(data.test.size() == 10);
  CHECK(data.train.size() + data.validation.size() == 40);
  std::set<std::int32_t> all(data.train.begin(), data.train.end());
  for (std::int32_t image : data.validation) CHECK(all.insert(image).second);
  CHECK(data.image(1)[0] == (28 * 28) % 251);
  CHECK(data.images.labels[13] == 3);
}

TEST_CASE("damaged idx files are named with the rule and the value") {
  const test::ScratchFolder folder;
  DatasetInfo info = small_fashion(folder.path());
  const fs::path images = folder.path() / "train-images-idx3-ubyte.gz",
                 labels = folder.path() / "train-labels-idx1-ubyte.gz";
  SECTION("truncated gzip") {
    truncate_file(images);
    CHECK(what_of(info).find(images.string()) == 0);
  }
  SECTION("wrong magic number") {
    write_gzip(images, idx_images(40, 0x802));
    CHECK(what_of(info) == images.string() + ": magic number must be 2051; got 2050");
  }
  SECTION("too short") {
    write_gzip(labels, idx_labels(39));
    CHECK(what_of(info) == labels.string() + ": must unpack to 48 bytes; got 47");
  }
  SECTION("too long") {
    write_gzip(labels, idx_labels(41));
    CHECK(what_of(info) == labels.string() + ": must unpack to 48 bytes; got more");
  }
  SECTION("label out of range") {
    write_gzip(labels, idx_labels(40, 11));
    CHECK(what_of(info) == labels.string() + ": labels must be below 10; got 10");
  }
  SECTION("missing") {
    fs::remove(labels);
    CHECK(what_of(info).find(labels.string()) != std::string::npos);
  }
}

TEST_CASE("every known data set has a row that says where it is, what it holds and how to get it") {
  std::set<std::string_view> names;
  for (const KnownDataset* known : known_datasets()) {
    INFO(known->name);
    CHECK(names.insert(known->name).second);
    CHECK(!known->folders.empty());
    CHECK(std::find(known->files.begin(), known->files.end(), known->witness) !=
          known->files.end());
    CHECK(known->shape.elements() > 0);
    CHECK(known->train_images >= 2 * known->classes);
    CHECK(known->test_images > 0);
    CHECK(!known->how_to_get.empty());
    CHECK(known->format.read != nullptr);
    CHECK_FALSE(known->format.is_picture_folder);
  }
}

TEST_CASE("a CIFAR file of the wrong size is named") {
  const test::ScratchFolder folder;
  for (const char* file : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                           "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"})
    std::ofstream(folder.path() / file) << "short";
  CHECK(what_of(describe_dataset(folder.path().string())) ==
        (folder.path() / "data_batch_1.bin").string() + ": must have 30730000 bytes; got 5");
}

TEST_CASE("image folders are decoded, expanded, resized and cached") {
  const test::ScratchFolder folder, cache;
  const CacheIn scope(cache.path());
  make_folder(folder.path(), 12);
  const DatasetInfo info = describe_dataset(folder.path().string(), 8);
  CHECK(info.classes == 2);
  CHECK(info.train_images == 24);
  const Dataset data = load_dataset(info);
  CHECK(data.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data.test.size() == 2);
  for (std::size_t i = 0; i < data.images.labels.size(); ++i) {
    const int level = data.images.labels[i] == 0 ? 40 : 200;
    for (int p = 0; p < 8 * 8 * 3; ++p)
      CHECK(std::abs(data.image(static_cast<std::int32_t>(i))[p] - level) <= 2);
  }
  SECTION("the second time they come from the cache") {
    REQUIRE(!fs::is_empty(cache.path() / "attoforge"));
    CHECK(load_dataset(info).images.pixels == data.images.pixels);
  }
  SECTION("a damaged cache is not used") {
    for (const auto& entry : fs::directory_iterator(cache.path() / "attoforge"))
      truncate_file(entry.path());
    CHECK(load_dataset(info).images.pixels == data.images.pixels);
  }
  SECTION("where sizes differ it is the first image's shorter side") {
    const DatasetInfo own = describe_dataset(folder.path().string());
    CHECK(own.input() == net::Shape{3, 16, 16});
  }
}

TEST_CASE("an image cache is not used once the classes are others") {
  const test::ScratchFolder folder, cache;
  const CacheIn scope(cache.path());
  make_folder(folder.path(), 12);
  load_dataset(describe_dataset(folder.path().string(), 8));
  fs::create_directories(folder.path() / "train/.ipynb_checkpoints");
  fs::create_directories(folder.path() / "train/aardvark");
  const Dataset same = load_dataset(describe_dataset(folder.path().string(), 8));
  CHECK(same.class_names == std::vector<std::string>{"cat", "dog"});
  for (int i = 0; i < 2; ++i)
    write_png(folder.path() / "train/aardvark" / (std::to_string(i) + ".png"), 20, 120);
  const Dataset data = load_dataset(describe_dataset(folder.path().string(), 8));
  CHECK(data.class_names == std::vector<std::string>{"aardvark", "cat", "dog"});
  for (std::size_t i = 0; i < data.images.labels.size(); ++i) {
    const int level = std::array{120, 40, 200}[static_cast<std::size_t>(data.images.labels[i])];
    CHECK(std::abs(data.image(static_cast<std::int32_t>(i))[0] - level) <= 2);
  }
}

TEST_CASE("val/ beside test/ is the validation split, with broken images left out of each") {
  const test::ScratchFolder folder, cache;
  const CacheIn scope(cache.path());
  make_folder(folder.path(), 110);
  fs::rename(folder.path() / "val", folder.path() / "test");
  for (const char* name : {"cat", "dog"}) {
    fs::create_directories(folder.path() / "val" / name);
    for (int i = 0; i < 3; ++i)
      write_png(folder.path() / "val" / name / (std::to_string(i) + ".png"), 24,
                name[0] == 'c' ? 41 : 201);
  }
  truncate_file(folder.path() / "val/cat/1.png");
  const Dataset data = load_dataset(describe_dataset(folder.path().string()));
  CHECK(data.train.size() == 220);
  REQUIRE(data.validation.size() == 5);
  CHECK(data.info.validation_images == 5);
  for (const std::int32_t image : data.validation)
    CHECK(data.image(image)[0] ==
          (data.images.labels[static_cast<std::size_t>(image)] == 0 ? 41 : 201));
  CHECK(data.test.size() == 2);
  CHECK(data.images.left_out.size() == 1);
}

TEST_CASE(
    "grey images that are no squares keep their shape, whichever way augmentation moves them") {
  const test::ScratchFolder folder, cache;
  const CacheIn scope(cache.path());
  for (const char* split : {"train", "val"})
    for (const char* name : {"go", "stop"}) {
      fs::create_directories(folder.path() / split / name);
      for (int i = 0; i < 12; ++i)
        write_jpeg(folder.path() / split / name / (std::to_string(i) + ".jpg"), 10, 49, 8 * i,
                   true);
    }
  const Dataset data = load_dataset(describe_dataset(folder.path().string()));
  CHECK(data.info.input() == net::Shape{1, 49, 10});
  CHECK(data.image_bytes() == 490);
  spec::TrainingRecipe recipe;
  recipe.cutout = 12;
  std::vector<float> pixels(data.train.size() * 490);
  write_batch(data, data.train, recipe, 1, 1, 2, pixels.data());
  SUCCEED("within bounds");
}

TEST_CASE("broken images are left out by name while they are fewer than one in a hundred") {
  const test::ScratchFolder folder, cache;
  const CacheIn scope(cache.path());
  make_folder(folder.path(), 110);
  const DatasetInfo info = describe_dataset(folder.path().string(), 8);
  const fs::path broken = folder.path() / "train/dog/7.jpg";
  truncate_file(broken);
  const Dataset data = load_dataset(info);
  REQUIRE(data.images.left_out.size() == 1);
  CHECK(data.images.left_out[0].find(broken.string()) == 0);
  CHECK(data.info.train_images == 219);
  CHECK(data.images.labels.size() == 221);
  for (int i = 10; i < 14; ++i)
    std::ofstream(folder.path() / "train/dog" / (std::to_string(i) + ".jpg")) << "not a picture";
  CHECK(what_of(info).find("got 5 of 222") != std::string::npos);
}

TEST_CASE("hostile picture files are faults, not crashes") {
  const test::ScratchFolder folder;
  const fs::path file = folder.path() / "x.jpg";
  write_jpeg(file, 40, 40, 99);
  std::string good;
  {
    std::ifstream in(file, std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (std::size_t cut = 0; cut < good.size(); cut += 7) {
    std::ofstream(file, std::ios::binary) << good.substr(0, cut);
    CHECK(!decode_image(file).fault.empty());
  }
  for (std::size_t at = 2; at < good.size(); at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0xff);
    std::ofstream(file, std::ios::binary) << bad;
    decode_image(file);
  }
  SUCCEED("none crashed");
}

TEST_CASE("resizing keeps a flat image flat and a gradient's ends apart") {
  const int side = GENERATE(5, 8, 13, 31);
  std::vector<std::uint8_t> flat(20 * 30 * 3, 77), out;
  image::Resizer(20, 30, 3, side, side).append(flat.data(), out);
  REQUIRE(out.size() == static_cast<std::size_t>(side * side * 3));
  CHECK(std::all_of(out.begin(), out.end(), [](int v) { return v == 77; }));
  std::vector<std::uint8_t> slope;
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) slope.push_back(static_cast<std::uint8_t>(16 * x));
  out.clear();
  image::Resizer(16, 16, 1, side, side).append(slope.data(), out);
  for (int x = 1; x < side; ++x)
    CHECK(out[static_cast<std::size_t>(x)] >= out[static_cast<std::size_t>(x - 1)]);
  CHECK(out[static_cast<std::size_t>(side - 1)] - out[0] > 180);
}

TEST_CASE("augmentation moves, mirrors and cuts, and depends on seed, epoch and image alone") {
  const Dataset data = load_dataset(describe_dataset("synthetic:size=10,train=100,test=10"));
  const auto at = [&](const std::vector<float>& image, int y, int x) {
    return image[static_cast<std::size_t>((y * 10 + x) * 3)];
  };
  std::vector<float> plain(300), changed(300);
  write_image(data, 3, {}, plain.data());
  SECTION("shift reads from the padded image") {
    write_image(data, 3, {2, -3, false, 0, 0, 0}, changed.data());
    CHECK(at(changed, 0, 3) == at(plain, 2, 0));
    CHECK(at(changed, 7, 9) == at(plain, 9, 6));
    CHECK(at(changed, 8, 5) == 0);
    CHECK(at(changed, 0, 2) == 0);
  }
  SECTION("flip mirrors") {
    write_image(data, 3, {0, 0, true, 0, 0, 0}, changed.data());
    for (int x = 0; x < 10; ++x) CHECK(at(changed, 4, x) == at(plain, 4, 9 - x));
  }
  SECTION("cutout zeroes a square") {
    write_image(data, 3, {0, 0, false, 8, -1, 4}, changed.data());
    CHECK(at(changed, 8, 0) == 0);
    CHECK(at(changed, 9, 2) == 0);
    CHECK(at(changed, 9, 3) == at(plain, 9, 3));
    CHECK(at(changed, 7, 0) == at(plain, 7, 0));
  }
  SECTION("draws are repeatable and spread") {
    spec::TrainingRecipe recipe;
    std::set<std::pair<int, int>> shifts;
    int flips = 0;
    for (std::int32_t image = 0; image < 1000; ++image) {
      const Augmentation a = draw_augmentation(recipe, 10, 10, 5, 1, image),
                         b = draw_augmentation(recipe, 10, 10, 5, 1, image);
      CHECK((a.top == b.top && a.left == b.left && a.flip == b.flip));
      CHECK((std::abs(a.top) <= 4 && std::abs(a.left) <= 4));
      shifts.insert({a.top, a.left});
      flips += a.flip;
    }
    CHECK(shifts.size() == 81);
    CHECK((flips > 420 && flips < 580));
  }
  SECTION("threads do not change a batch") {
    const spec::TrainingRecipe recipe;
    std::vector<float> one(data.train.size() * 300), two(one.size());
    write_batch(data, data.train, recipe, 1, 2, 1, one.data());
    write_batch(data, data.train, recipe, 1, 2, 2, two.data());
    CHECK(one == two);
  }
}

TEST_CASE("an epoch's order is a permutation of the subset, new in every epoch") {
  const Dataset data = load_dataset(describe_dataset("synthetic:size=8,train=300,test=10"));
  const std::vector<std::int32_t> subset = training_subset(data, 100);
  CHECK(subset.size() == 100);
  CHECK(subset == training_subset(data, 100));
  std::vector<std::int32_t> first = epoch_order(subset, 1, 1), second = epoch_order(subset, 1, 2);
  CHECK(first != second);
  CHECK(first == epoch_order(subset, 1, 1));
  std::sort(first.begin(), first.end());
  CHECK(first == subset);
}
