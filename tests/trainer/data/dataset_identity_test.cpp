// What a data set is wherever it lies, and what leaves nothing to judge by.
#include "trainer/data/dataset_identity.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>

#include "design_specs/errors.hpp"
#include "tests/trainer/scratch_folder.hpp"

using namespace atto;
using namespace atto::train;
using test::ScratchFolder;
namespace fs = std::filesystem;

namespace {

using namespace std::string_literals;

/// The start of a PNG file of 40x30 pixels: no more is read to describe a set.
const std::string kPicture =
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x28\0\0\0\x1e\x08\x02\0\0\0\0\0\0\0"s;

void put(const fs::path& file, const std::string& bytes = kPicture) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

/// A set of two classes; files are listed, not decoded.
void make_set(const fs::path& folder, int images = 4) {
  for (const char* name : {"cat", "dog"}) {
    for (int i = 0; i < images; ++i)
      put(folder / "train" / name / (std::to_string(i) + ".png"),
          kPicture + std::string(static_cast<std::size_t>(i), 'x'));
    put(folder / "val" / name / "a.png");
  }
}

DatasetInfo described(const fs::path& folder) {
  return describe_dataset(folder.string(), 8);
}

template <class Error>
std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

/// ATTO_DATA while it lives.
struct SearchPath {
  explicit SearchPath(const fs::path& path) { ::setenv("ATTO_DATA", path.c_str(), 1); }
  ~SearchPath() { ::unsetenv("ATTO_DATA"); }
};

}  // namespace

TEST_CASE("a data set's digest is of names, sizes and classes, not of its place or its times") {
  const ScratchFolder scratch;
  const fs::path one = scratch.path() / "a/pets", two = scratch.path() / "b/pets";
  make_set(one);
  make_set(two);
  const std::string digest = described(one).digest;
  CHECK(digest.size() == 16);
  CHECK(described(two).digest == digest);
  fs::last_write_time(two / "train/cat/0.png",
                      fs::file_time_type::clock::now() - std::chrono::hours(9));
  CHECK(described(two).digest == digest);
  SECTION("a file of another size") {
    put(two / "train/cat/0.png", kPicture + "longer than it was");
  }
  SECTION("a file of another name") {
    fs::rename(two / "train/cat/0.png", two / "train/cat/00.png");
  }
  SECTION("one more file") {
    put(two / "val/dog/b.png");
  }
  SECTION("a file in another class") {
    fs::rename(two / "train/cat/3.png", two / "train/dog/3b.png");
  }
  SECTION("a class of another name") {
    fs::rename(two / "train/dog", two / "train/hog");
    fs::rename(two / "val/dog", two / "val/hog");
  }
  CHECK(described(two).digest != digest);
}

TEST_CASE("a path to a data set names it by its last part and is kept absolute") {
  const ScratchFolder scratch;
  make_set(scratch.path() / "d/pets");
  for (const char* path : {"d/pets", "d/pets/", "d//pets/.", "./d/pets", "d/../d/pets//"}) {
    const DatasetInfo info = describe_dataset(path, 8, scratch.path());
    INFO(path);
    CHECK(info.name == "pets");
    CHECK(info.folder == scratch.path() / "d/pets");
    CHECK(info.is_by_path);
  }
  CHECK(describe_dataset("pets", 8, scratch.path() / "d").folder == scratch.path() / "d/pets");
  CHECK_THROWS_AS(describe_dataset("pets", 8, scratch.path()), EnvironmentError);
  CHECK_THROWS_AS(describe_dataset("./pets", 8), EnvironmentError);
}

TEST_CASE("what is no data set is refused with the place that was looked at") {
  const ScratchFolder scratch;
  make_set(scratch.path() / "d/pets");
  const auto refused = [&](const std::string& dataset) {
    return refusal<EnvironmentError>([&] { describe_dataset(dataset, 8, scratch.path()); });
  };
  const std::string place = scratch.path().string();
  CHECK(refused("./e/pets/").find("data set ./e/pets/: " + place + "/e/pets is no folder; ") == 0);
  CHECK(refused("/gone/pets").find("data set /gone/pets: /gone/pets is no folder; ") == 0);
  for (const std::string dataset : {"./d", "d", "d/../d"})
    CHECK(refused(dataset).find("data set " + dataset + ": " + place +
                                "/d has no train/ with a folder for each class; ") == 0);
  const std::string unknown = refused("pets");
  CHECK(unknown.find("data set pets: not found in data, ") == 0);
  CHECK(unknown.find(", " + place + "; put images") != std::string::npos);
}

TEST_CASE(
    "a recorded data set is found again where it went, and another is refused with both named") {
  const ScratchFolder scratch;
  make_set(scratch.path() / "here/pets");
  const spec::DatasetIdentity recorded = identity_of(described(scratch.path() / "here/pets"));
  CHECK(find_dataset(recorded, 8).folder == scratch.path() / "here/pets");
  const auto refused = [&] {
    return refusal<EnvironmentError>([&] { find_dataset(recorded, 8); });
  };

  SECTION("moved to the search path: the digest decides") {
    const SearchPath path(scratch.path() / "there");
    fs::create_directories(scratch.path() / "there");
    fs::rename(scratch.path() / "here/pets", scratch.path() / "there/pets");
    CHECK(find_dataset(recorded, 8).folder == scratch.path() / "there/pets");
  }
  SECTION("gone, and another one of its name on the search path") {
    const SearchPath path(scratch.path() / "there");
    make_set(scratch.path() / "there/pets", 5);
    fs::rename(scratch.path() / "here/pets", scratch.path() / "here/renamed");
    CHECK(refused().find(identity_text(recorded)) != std::string::npos);
    CHECK(refused().find("; here is pets (2 classes, digest ") != std::string::npos);
    CHECK(refused().find((scratch.path() / "there/pets").string()) != std::string::npos);
  }
  SECTION("changed where it lies") {
    put(scratch.path() / "here/pets/train/cat/new.png");
    CHECK(refused().find("was changed or replaced; here is pets (2 classes, digest ") !=
          std::string::npos);
  }
  SECTION("gone") {
    fs::remove_all(scratch.path() / "here");
    CHECK(refused().find("is neither there nor in ") != std::string::npos);
  }
  SECTION("recorded by an older version, which knew the name alone") {
    const SearchPath path(scratch.path() / "here");
    CHECK(find_dataset({"pets", "", "", 0}, 8).digest == recorded.digest);
  }
}

TEST_CASE("known sets of one layout are told apart by what their files hold") {
  const ScratchFolder scratch;
  const auto gzip = [](char content) { return std::string(20, 'h') + std::string(8, content); };
  const std::string_view files[] = {"a.gz", "b.bin"};
  put(scratch.path() / "a.gz", gzip('1'));
  put(scratch.path() / "b.bin", "four");
  const std::string digest = files_digest("set", scratch.path(), files);
  put(scratch.path() / "a.gz", "packed otherwise" + gzip('1'));
  CHECK(files_digest("set", scratch.path(), files) == digest);
  put(scratch.path() / "a.gz", gzip('2'));
  CHECK(files_digest("set", scratch.path(), files) != digest);
  put(scratch.path() / "a.gz", gzip('1'));
  put(scratch.path() / "b.bin", "more than four");
  CHECK(files_digest("set", scratch.path(), files) != digest);
  CHECK(describe_dataset("synthetic:classes=4,train=40").digest !=
        describe_dataset("synthetic:classes=4,train=41").digest);
  CHECK(describe_dataset("synthetic:classes=4,train=40", 8).digest ==
        describe_dataset("synthetic:train=40,classes=4").digest);
}

TEST_CASE("numbers of the synthetic set out of their range are refused, not bent into it") {
  const auto refused = [](const std::string& options) {
    return refusal<SpecError>([&] { describe_dataset("synthetic:" + options); });
  };
  const auto rule = [](const std::string& options, const std::string& text) {
    return "data set synthetic:" + options + ": " + text;
  };
  CHECK(refused("size=1025") ==
        rule("size=1025", "size: must be a whole number from 1 to 1024; got 1025"));
  CHECK(refused("channels=5") ==
        rule("channels=5", "channels: must be a whole number from 1 to 4; got 5"));
  CHECK(refused("classes=65537") ==
        rule("classes=65537", "classes: must be a whole number from 1 to 65536; got 65537"));
  for (const std::string bad : {"", "0", "-1", "1e3", "99999999999999999999", "3x"})
    CHECK(refused("train=" + bad).find("train: must be a whole number from 1 to 1000000") !=
          std::string::npos);
  for (const std::string bad : {"sizes=3", "size", "=", "="})
    CHECK(refused(bad).find("must be KEY=NUMBER with KEY among ") != std::string::npos);
}

TEST_CASE("every class keeps an image for validation and one to train on") {
  CHECK(validation_share(6000, 60000) == 500);  // Fashion-MNIST
  CHECK(validation_share(500, 50000) == 50);    // CIFAR-100
  CHECK(validation_share(1300, 65000) == 100);
  CHECK(validation_share(9, 270) == 1);
  CHECK(validation_share(2, 100000) == 1);
  CHECK(validation_share(1, 10) == 0);

  const ScratchFolder scratch;
  make_set(scratch.path() / "pets", 2);
  CHECK(described(scratch.path() / "pets").validation_images == 2);
  fs::remove(scratch.path() / "pets/train/dog/1.png");
  CHECK(refusal<SpecError>([&] { described(scratch.path() / "pets"); }) ==
        (scratch.path() / "pets/train/dog").string() +
            ": must hold at least 2 images, one of them for validation; got 1");
  CHECK(describe_dataset("synthetic:classes=10,train=72").validation_images == 10);
  CHECK(describe_dataset("synthetic:classes=36,train=72").validation_images == 36);
  CHECK(refusal<SpecError>([] {
          describe_dataset("synthetic:classes=37,train=72");
        }).find("train: must be at least 74: two images of each of the 37 classes") !=
        std::string::npos);
}

TEST_CASE("names that files cannot hold are no names of classes") {
  const ScratchFolder scratch;
  for (const std::string name : {"two\nlines", "latin\xE9", "tab\t"}) {
    const fs::path folder = scratch.path() / std::to_string(name.size());
    make_set(folder);
    for (const char* image : {"a.png", "b.png"}) put(folder / "train" / name / image);
    CHECK(refusal<SpecError>([&] {
            described(folder);
          }).find("must have a name in UTF-8 without control characters") != std::string::npos);
  }
}

TEST_CASE("a spec that asks for fewer images than classes is refused where it does") {
  DatasetInfo info;
  info.name = "pets";
  info.classes = 5;
  spec::DesignSpec asks;
  asks.file = "s.json";
  asks.search.images = 4;
  asks.search.images_location = {0, 7, 9};
  asks.search.validation_images = 5;
  asks.training.final_images = 1;
  asks.training.final_images_location = {0, 9, 2};
  CHECK(refusal<SpecError>([&] { check_image_counts(asks, info); }) ==
        "s.json:7:9: /search/images: must be at least one image of each of the 5 classes of pets; "
        "got 4\n"
        "s.json:9:2: /training/final_images: must be at least one image of each of the 5 classes "
        "of pets; got 1");
  asks.search.images = asks.training.final_images = 5;
  CHECK_NOTHROW(check_image_counts(asks, info));
}
