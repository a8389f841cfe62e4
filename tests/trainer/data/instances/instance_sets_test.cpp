// Data sets for detectors: what their scenes are, what folders mean, what is counted.
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <set>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "prototypes/detection/drawing/canvas.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "tests/trainer/scratch_folder.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/data/instances/composition.hpp"
#include "trainer/data/instances/instance_counts.hpp"

using namespace atto;
using namespace atto::train;
namespace fs = std::filesystem;

namespace {

std::string fault_of(const std::string& name) {
  try {
    open_instance_set(name);
    return "accepted";
  } catch (const SpecError& error) {
    return error.what();
  } catch (const EnvironmentError& error) {
    return error.what();
  }
}

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  spec::write_file_atomically(file, text);
}

void write_picture(const fs::path& file, int height, int width) {
  write(file, det::png_bytes(det::Canvas(height, width, {10, 20, 30})));
}

/// A file of annotations for pictures first to last, 20 x 30 pixels, of one object each but the
/// first picture, which has none.
std::string annotations_of(int first, int last, const std::string& more = "") {
  std::string images, objects = more;
  for (int i = first; i <= last; ++i) {
    images += (i > first ? "," : "") + std::string("{\"id\":") + std::to_string(i) +
              ",\"height\":20,\"width\":30,\"file_name\":\"p" + std::to_string(i) + ".png\"}";
    if (i == first) continue;
    objects += (objects.empty() ? "" : ",") + std::string("{\"image_id\":") + std::to_string(i) +
               ",\"category_id\":5,\"bbox\":[2,3,10," + std::to_string(4 + i % 10) + "]}";
  }
  return "{\"images\":[" + images + "],\"annotations\":[" + objects +
         "],\"categories\":[{\"id\":5,\"name\":\"cell\"}]}";
}

}  // namespace

TEST_CASE("a scene is a function of seed, split and number, and its masks are what is seen") {
  const auto set = open_instance_set("synthetic_instances:seed=3");
  const auto again = open_instance_set("synthetic_instances:seed=3");
  const auto other = open_instance_set("synthetic_instances:seed=4");
  std::size_t objects = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    const InstancePicture scene = set->picture(Split::Train, i);
    CHECK(scene.pixels == again->picture(Split::Train, i).pixels);
    CHECK(scene.pixels != other->picture(Split::Train, i).pixels);
    CHECK(scene.pixels != set->picture(Split::Test, i).pixels);
    CHECK(scene.pixels.size() == std::size_t(64 * 64 * 3));
    for (const det::Annotation& object : scene.objects) {
      REQUIRE(object.mask);
      CHECK(det::fault_of(*object.mask).empty());
      CHECK(double(det::area(*object.mask)) == object.area);
      CHECK(object.area >= 24);
      const det::PixelBox box = det::bounds(*object.mask);
      CHECK((box.x == object.box.x && box.y == object.box.y && box.width == object.box.width &&
             box.height == object.box.height));
      CHECK(is_learnable(object, 64, 64));
      for (const det::Annotation& second : scene.objects)
        if (&second != &object) CHECK(det::intersection(*object.mask, *second.mask) == 0);
    }
    objects += scene.objects.size();
  }
  CHECK(objects > 60);
  CHECK(set->info().digest == again->info().digest);
  CHECK(set->info().digest != other->info().digest);
}

TEST_CASE("what hides a thing is cut out of its mask, and too little of it is clutter") {
  Composition scene(40);
  const auto square = [](int left, int top, int side) {
    return [=](int x, int y) -> std::optional<Shade> {
      const bool is_inside = x >= left && x < left + side && y >= top && y < top + side;
      return is_inside ? std::optional(Shade{200, 100, 50}) : std::nullopt;
    };
  };
  scene.lay(0, {0, 0, 40, 40}, square(2, 2, 10));    // 100 pixels, of which a quarter is hidden
  scene.lay(1, {0, 0, 40, 40}, square(20, 20, 10));  // hidden by more than 70 %
  scene.lay(2, {0, 0, 40, 40}, square(7, 7, 5));
  scene.lay(3, {0, 0, 40, 40}, square(20, 20, 9));
  scene.lay(4, {0, 0, 40, 40}, square(30, 2, 4));  // 16 pixels
  spec::Random random(1);
  const InstancePicture picture = scene.finished(random, 0);
  std::vector<std::pair<int, double>> found;
  for (const det::Annotation& object : picture.objects)
    found.emplace_back(object.category, object.area);
  CHECK(found == std::vector<std::pair<int, double>>{{0, 75}, {2, 25}, {3, 81}});
  CHECK(picture.pixels[(2 * 40 + 2) * 3] == 200);
  CHECK(picture.pixels[0] == 0);
}

TEST_CASE("numbers of scenes are read from the name") {
  const auto set = open_instance_set("synthetic_instances:size=48,train=7,validation=3,test=2");
  CHECK(set->pictures(Split::Train) == 7);
  CHECK(set->pictures(Split::Validation) == 3);
  CHECK(set->pictures(Split::Test) == 2);
  CHECK(set->picture(Split::Test, 1).height == 48);
  CHECK(
      fault_of("synthetic_instances:size=31") ==
      "data set synthetic_instances:size=31: size: must be a whole number from 32 to 1024; got 31");
  CHECK(fault_of("synthetic_instances:side=64").find("must be KEY=NUMBER with KEY among") !=
        std::string::npos);
  CHECK(fault_of("synthetic_instances:train=1x") != "accepted");
  CHECK(fault_of("synthetic_instances:train=") != "accepted");
  CHECK(fault_of("synthetic_instances:") == "accepted");
}

TEST_CASE("annotations of made scenes are their objects, and are read back as a file") {
  const auto set = open_instance_set("synthetic_instances:train=12");
  const det::Annotations all = set->annotations(Split::Train);
  CHECK(all.pictures.size() == 12);
  CHECK(all.has_masks());
  std::size_t objects = 0;
  for (std::size_t i = 0; i < 12; ++i)
    for (const det::Annotation& object : set->picture(Split::Train, i).objects) {
      REQUIRE(objects < all.objects.size());
      CHECK(all.objects[objects].picture == int(i));
      CHECK(all.objects[objects].category == object.category);
      CHECK(all.objects[objects++].mask == object.mask);
    }
  CHECK(all.objects.size() == objects);
  CHECK(det::read_annotations(det::annotations_text(all), "a.json").objects.size() == objects);
  std::set<int> categories;
  for (const det::Annotation& object : all.objects) categories.insert(object.category);
  CHECK(categories.size() == 3);
}

TEST_CASE("fashion scenes have items of all classes, and other items to train and to test") {
  bool is_installed = true;
  try {
    describe_dataset("fashion_mnist");
  } catch (const EnvironmentError&) {
    is_installed = false;
  }
  if (!is_installed) {
    CHECK(fault_of("fashion_scenes").find("dataset-fashion-mnist") != std::string::npos);
    return;
  }
  const auto set = open_instance_set("fashion_scenes:size=96,train=60");
  REQUIRE(set->info().categories.size() == 10);
  CHECK(set->info().categories[8].name == "Bag");
  const InstanceCounts counts =
      count_instances(*open_instance_set("fashion_scenes:size=96,train=60,validation=5,test=5"));
  CHECK(counts.splits[0].objects > 100);
  CHECK(counts.splits[0].objects == counts.splits[0].masks);
  CHECK(counts.splits[0].degenerate == 0);
  CHECK(counts.anchors.reach.covered > 0.8);
  CHECK(counts.most_height == 96);
  CHECK(set->picture(Split::Train, 0).pixels == set->picture(Split::Train, 0).pixels);
}

TEST_CASE("a folder in our layout or in COCO's is a set of instances") {
  const test::ScratchFolder scratch;
  const fs::path ours = scratch.path() / "ours", coco = scratch.path() / "coco";
  write(ours / "instances_train.json", annotations_of(1, 4));
  write(ours / "instances_val.json", annotations_of(11, 12));
  write(ours / "instances_test.json", annotations_of(21, 23));
  for (int i = 1; i <= 23; ++i)
    write_picture(ours / "images" / ("p" + std::to_string(i) + ".png"), 20, 30);
  write(coco / "annotations/instances_train2017.json", annotations_of(1, 20));
  write(coco / "annotations/instances_val2017.json", annotations_of(31, 34));
  write(coco / "annotations/person_keypoints_train2017.json", "no JSON");
  for (int i = 1; i <= 20; ++i)
    write_picture(coco / "train2017" / ("p" + std::to_string(i) + ".png"), 20, 30);
  for (int i = 31; i <= 34; ++i)
    write_picture(coco / "val2017" / ("p" + std::to_string(i) + ".png"), 20, 30);

  SECTION("splits are the files") {
    const auto set = open_instance_set(ours.string());
    CHECK(set->pictures(Split::Train) == 4);
    CHECK(set->pictures(Split::Validation) == 2);
    CHECK(set->pictures(Split::Test) == 3);
    CHECK(set->info().notes.empty());
    CHECK(set->missing().empty());
    CHECK(set->picture(Split::Train, 0).objects.empty());
    const InstancePicture second = set->picture(Split::Test, 1);
    CHECK(second.channels == 3);
    CHECK(second.pixels[1] == 20);
    REQUIRE(second.objects.size() == 1);
    CHECK(second.objects[0].box.height == 6);
    CHECK(set->annotations(Split::Test).pictures[1].id == 22);
    CHECK(set->annotations(Split::Test).objects[0].picture == 1);
  }
  SECTION("without a test split val is it, and validation is carved from train by ids") {
    const auto set = open_instance_set(coco.string() + "/");
    CHECK(set->info().name == "coco");
    CHECK(set->pictures(Split::Train) == 18);
    CHECK(set->pictures(Split::Validation) == 2);
    CHECK(set->pictures(Split::Test) == 4);
    CHECK(set->info().notes.size() == 2);
    CHECK(set->missing().empty());
    std::set<std::int64_t> ids;
    for (const Split split : {Split::Train, Split::Validation})
      for (const det::Picture& picture : set->annotations(split).pictures) ids.insert(picture.id);
    CHECK(ids.size() == 20);
    CHECK(set->picture(Split::Validation, 1).height == 20);
  }
  SECTION("pictures that are missing, of another size or no pictures are named") {
    fs::remove(ours / "images/p2.png");
    write_picture(ours / "images/p3.png", 21, 30);
    write(ours / "images/p4.png", "no picture");
    const auto set = open_instance_set(ours.string());
    REQUIRE(set->missing().size() == 1);
    CHECK(set->missing()[0] == "1 of 4 pictures of train have no file, the first is " +
                                   (ours / "images/p2.png").string());
    for (const auto& [index, rule] : {std::pair(1, "No such file"),
                                      {2, "must be 20 x 30 pixels"},
                                      {3, "must be a JPEG or PNG file"}}) {
      try {
        set->picture(Split::Train, std::size_t(index));
        FAIL("accepted");
      } catch (const EnvironmentError& error) {
        INFO(error.what());
        CHECK(std::string(error.what()).find(rule) != std::string::npos);
        CHECK(std::string(error.what()).find("images/p" + std::to_string(index + 1)) !=
              std::string::npos);
      }
    }
  }
  SECTION("what cannot be a set is refused with the reason") {
    write(ours / "instances_val.json",
          "{\"images\":[],\"annotations\":[],\"categories\":[{\"id\":5,\"name\":\"other\"}]}");
    CHECK(fault_of(ours.string()).find("must have the categories of the other splits") !=
          std::string::npos);
    write(coco / "annotations/instances_train2014.json", annotations_of(1, 2));
    CHECK(fault_of(coco.string()).find("a split must have one file of annotations") !=
          std::string::npos);
    fs::remove(coco / "annotations/instances_train2014.json");
    fs::remove(coco / "annotations/instances_train2017.json");
    CHECK(fault_of(coco.string()).find("has no pictures to train on") != std::string::npos);
    CHECK(fault_of("/nowhere").find("not found") != std::string::npos);
    CHECK(fault_of("").find("not found") != std::string::npos);
    write(ours / "instances_train.json", "{\"images\":[");
    CHECK(
        fault_of(ours.string()).starts_with((ours / "instances_train.json").string() + ":1:12: "));
  }
  SECTION("a picture's name leads nowhere else") {
    for (const char* name : {"../secret.png", "/etc/hostname", "a/../../b.png", ""}) {
      write(ours / "instances_train.json",
            std::string("{\"images\":[{\"id\":1,\"height\":2,\"width\":3,\"file_name\":\"") + name +
                "\"}],\"annotations\":[],\"categories\":[{\"id\":5,\"name\":\"cell\"}]}");
      const auto set = open_instance_set(ours.string());
      CHECK_THROWS_AS(set->picture(Split::Train, 0), EnvironmentError);
    }
  }
  SECTION("the digest is of what the files say") {
    const std::string before = open_instance_set(ours.string())->info().digest;
    fs::rename(ours, scratch.path() / "moved");
    CHECK(open_instance_set((scratch.path() / "moved").string())->info().digest == before);
    write(scratch.path() / "moved/instances_test.json", annotations_of(21, 22));
    CHECK(open_instance_set((scratch.path() / "moved").string())->info().digest != before);
  }
}

TEST_CASE("degenerate boxes, crowds and pictures without objects are counted and not learnt from") {
  const test::ScratchFolder scratch;
  const std::string odd =
      R"({"image_id":1,"category_id":5,"bbox":[3,3,0,5]},{"image_id":1,"category_id":5,"bbox":[3,3,-4,5]},
         {"image_id":1,"category_id":5,"bbox":[29.5,3,40,5]},{"image_id":1,"category_id":5,"bbox":[-5,-5,8,9]},
         {"image_id":1,"category_id":5,"bbox":[1,1,9,9],"iscrowd":1,"segmentation":[[1,1,9,1,9,9]]})";
  write(scratch.path() / "instances_train.json", annotations_of(1, 3, odd));
  write(scratch.path() / "instances_val.json", annotations_of(11, 12));
  write(scratch.path() / "instances_test.json", annotations_of(21, 25));
  write_picture(scratch.path() / "images/p1.png", 20, 30);
  const auto set = open_instance_set(scratch.path().string());
  const InstancePicture first = set->picture(Split::Train, 0);
  REQUIRE(first.objects.size() == 2);
  CHECK(first.objects[0].box.x == -5);
  CHECK(first.objects[1].is_crowd);
  const InstanceCounts counts = count_instances(*set);
  CHECK(counts.splits[0].objects == 7);
  CHECK(counts.splits[0].degenerate == 3);
  CHECK(counts.splits[0].crowds == 1);
  CHECK(counts.splits[0].masks == 1);
  CHECK(counts.splits[1].without_objects == 1);
  CHECK(counts.splits[2].without_objects == 1);
  CHECK(counts.class_objects == std::vector<std::size_t>{7});
  CHECK(counts.box_sides[0] == Approx(std::sqrt(3.0 * 4)));
  CHECK(set->annotations(Split::Train).objects.size() == 7);
}
