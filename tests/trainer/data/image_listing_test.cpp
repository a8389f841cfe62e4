// Which entries of a folder are images of which class and split.
#include "trainer/data/image_listing.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "design_specs/errors.hpp"
#include "tests/export/image/picture_files.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/data/images/image_decoding.hpp"

using namespace atto;
using namespace atto::train;
namespace fs = std::filesystem;

namespace {

/// Puts `count` grey PNGs of 49 x 10 into SPLIT/CLASS.
void fill(const fs::path& folder, const std::string& place, int count) {
  const std::string png = test::png_file(test::some_pixels(49, 10, image::Format::Grey));
  for (int i = 0; i < count; ++i)
    test::write(folder / place / (std::to_string(100 + i) + ".png"), png);
}

bool mentions(const std::vector<std::string>& notes, const std::string& text) {
  for (const std::string& note : notes)
    if (note.find(text) != std::string::npos) return true;
  return false;
}

std::string refusal(const fs::path& folder) {
  try {
    list_image_folder(folder);
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Hidden entries, empty folders and what is no image are passed over and named once") {
  const test::ScratchFolder scratch;
  const fs::path& set = scratch.path();
  for (const char* place : {"train/ant", "train/bee", "val/ant", "val/bee"}) fill(set, place, 4);
  CHECK(list_image_folder(set).notes.empty());
  fs::create_directories(set / "train/.ipynb_checkpoints");
  fs::create_directories(set / "train/aaa");
  fs::create_directories(set / "val/zebra");
  for (const char* name : {"train/ant/._100.png", "train/bee/.DS_Store", "train/._ant"})
    test::write(set / name, "Mac OS X");
  test::write(set / "train/ant/notes.txt", "by hand");
  test::write(set / "train/readme.png", "not in a class");
  fs::create_directories(set / "train/ant/more.jpg");
  fill(set, "train/ant/inner", 3);
  REQUIRE(::mkfifo((set / "train/bee/pipe.png").c_str(), 0600) == 0);
  const ImageFolderListing listing = list_image_folder(set);
  CHECK(listing.classes == std::vector<std::string>{"ant", "bee"});
  CHECK(listing.train.size() == 8);
  CHECK(listing.test.size() == 8);
  REQUIRE(listing.notes.size() == 3);
  CHECK(listing.notes[0] ==
        "passed over 4 hidden entries, the first is " + (set / "train/._ant").string());
  CHECK(listing.notes[1] ==
        "passed over 2 folders without images, which are no classes, the first is " +
            (set / "train/aaa").string());
  CHECK(listing.notes[2].find("passed over 5 entries that are no JPEG or PNG files of a class") ==
        0);
}

TEST_CASE("Links to nothing and to themselves are images that cannot be read") {
  const test::ScratchFolder scratch;
  const fs::path& set = scratch.path();
  for (const char* place : {"train/ant", "val/ant"}) fill(set, place, 4);
  fs::create_symlink("/gone/x.png", set / "train/ant/broken.png");
  fs::create_symlink("loop.png", set / "train/ant/loop.png");
  fs::create_directory_symlink(set / "train", set / "train/ant/up");
  const ImageFolderListing listing = list_image_folder(set);
  REQUIRE(listing.train.size() == 6);
  CHECK(listing.train[4].path.filename() == "broken.png");
  CHECK(decode_image(listing.train[4].path).fault == "cannot open: No such file or directory");
  CHECK(decode_image(listing.train[5].path).fault.find("cannot open: ") == 0);
  CHECK(shape_of(listing, {}).height == 49);
}

TEST_CASE("val/ is the test split alone, and the validation split beside test/") {
  const test::ScratchFolder scratch;
  const fs::path& set = scratch.path();
  fill(set, "train/ant", 20);
  fill(set, "train/bee", 20);
  SECTION("train/ alone is split") {
    const ImageFolderListing listing = list_image_folder(set);
    CHECK(listing.train.size() == 36);
    CHECK(listing.validation.empty());
    REQUIRE(listing.test.size() == 4);
    CHECK((listing.test[1].label == 0 && listing.test[2].label == 1));
    CHECK(mentions(listing.notes, "4 of train/ are kept for testing"));
    SECTION("a new image leaves most others where they were") {
      fill(set, "train/ant", 21);
      const ImageFolderListing later = list_image_folder(set);
      int same = 0;
      for (const ImageFile& a : later.test)
        for (const ImageFile& b : listing.test) same += a.path == b.path;
      CHECK(same >= 3);
    }
  }
  SECTION("train/ and val/") {
    fill(set, "val/ant", 3);
    const DatasetInfo info = describe_dataset(set.string());
    CHECK((info.train_images == 40 && info.test_images == 3 && info.own_validation == 0));
    CHECK(info.validation_images == 4);
  }
  SECTION("train/ and test/, with an empty val/") {
    fill(set, "test/ant", 3);
    fs::create_directories(set / "val");
    const DatasetInfo info = describe_dataset(set.string());
    CHECK((info.train_images == 40 && info.test_images == 3 && info.own_validation == 0));
  }
  SECTION("all three") {
    fill(set, "val/ant", 5);
    fill(set, "val/bee", 5);
    fill(set, "test/ant", 3);
    const DatasetInfo info = describe_dataset(set.string());
    CHECK((info.train_images == 50 && info.validation_images == 10 && info.own_validation == 10));
    CHECK(info.test_images == 3);
  }
  SECTION("a class that train/ lacks, or holds no image of") {
    fill(set, "test/wasp", 1);
    CHECK(refusal(set).find("class of test/ must also be in train/, with images: ") !=
          std::string::npos);
    fs::create_directories(set / "train/wasp");
    CHECK(refusal(set).find("; got wasp") != std::string::npos);
  }
  SECTION("a folder of another name is not taken for a split") {
    fill(set, "valid/ant", 3);
    CHECK(mentions(list_image_folder(set).notes,
                   "neither train/ nor val/ nor test/: " + (set / "valid").string()));
  }
}

TEST_CASE("A folder's shape is the size that all images share, and grey where all are") {
  const test::ScratchFolder scratch;
  const fs::path& set = scratch.path();
  fill(set, "train/ant", 4);
  fill(set, "val/ant", 2);
  const auto shape = [&](std::optional<int> resolution = {}) {
    return describe_dataset(set.string(), resolution).input();
  };
  CHECK(shape() == net::Shape{1, 49, 10});
  CHECK(shape(24) == net::Shape{1, 24, 24});
  SECTION("one of another size makes squares") {
    test::write(set / "val/ant/x.PNG",
                test::png_file(test::some_pixels(50, 10, image::Format::Grey)));
    CHECK(shape() == net::Shape{1, 10, 10});
  }
  SECTION("one in colour makes three channels") {
    test::write(set / "val/ant/x.jpeg",
                test::jpeg_file(test::some_pixels(49, 10, image::Format::Rgb)));
    CHECK(shape() == net::Shape{3, 49, 10});
  }
  SECTION("sizes are those of upright pictures") {
    const std::string wide = test::png_file(test::some_pixels(10, 49, image::Format::Grey));
    test::write(set / "val/ant/x.png", test::with_chunk(wide, "eXIf", test::exif(8, true)));
    CHECK(shape() == net::Shape{1, 49, 10});
  }
}
