#include "prototypes/detection/metrics/files.hpp"

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "tests/golden.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"

using namespace atto;
using namespace atto::det;

namespace {

std::string head(const std::string& annotations) {
  return R"({"annotations":[)" + annotations +
         R"(],"info":{"year":2017},"licenses":[],"images":[{"id":7,"height":10,"width":12,"file_name":"a.jpg","flickr_url":""},
             {"id":3,"height":5,"width":6}],"categories":[{"id":9,"name":"cat","supercategory":"animal"},{"id":2}]})";
}

Annotation only(const std::string& annotation) {
  const Annotations all = read_annotations(head(annotation), "t.json");
  REQUIRE(all.objects.size() == 1);
  return all.objects[0];
}

}  // namespace

TEST_CASE("annotations may come before what they name, with keys that we do not know") {
  const Annotations all = read_annotations(
      head(R"({"id":1,"image_id":7,"category_id":2,"bbox":[1,2,3.5,4],"keypoints":[1,2,3]})"),
      "t.json");
  REQUIRE(all.pictures.size() == 2);
  CHECK(all.pictures[0].id == 3);
  CHECK(all.pictures[1].file == "a.jpg");
  CHECK(all.categories[0].name == "2");
  CHECK(all.categories[1].name == "cat");
  REQUIRE(all.objects.size() == 1);
  CHECK(all.objects[0].picture == 1);
  CHECK(all.objects[0].category == 0);
  CHECK(all.objects[0].area == 14);
  CHECK_FALSE(all.objects[0].mask);
  CHECK(all.objects[0].box.corners() == Box{1, 2, 4.5F, 6});
}

TEST_CASE(
    "a mask may be polygons, runs or compressed runs, and gives box and area where they lack") {
  const std::string begin = R"({"image_id":7,"category_id":2,"segmentation":)";
  const Annotation polygons = only(begin + "[[2,1,5,1,5,4,2,4],[6,6,8,6,8,8,6,8]]}");
  CHECK(polygons.area == 13);
  CHECK(polygons.box.corners() == Box{2, 1, 8, 8});
  const std::string text = compressed(*polygons.mask);
  CHECK(only(begin + R"({"size":[10,12],"counts":")" + text + "\"}}").mask == polygons.mask);
  std::string runs;
  for (const auto run : polygons.mask->runs)
    runs += (runs.empty() ? "" : ",") + std::to_string(run);
  const Annotation crowd =
      only(begin + R"({"counts":[)" + runs + R"(],"size":[10,12]},"iscrowd":1,"area":5.5})");
  CHECK(crowd.mask == polygons.mask);
  CHECK(crowd.is_crowd);
  CHECK(crowd.area == 5.5);
  CHECK(only(R"({"image_id":7,"category_id":2,"segmentation":[],"bbox":[0,0,2,2],"iscrowd":true})")
            .is_crowd);
}

TEST_CASE("faults of annotations are told with their place") {
  test::check_golden_folder("bad/annotations", 10,
                            [](std::string_view text, const std::string& name) {
                              try {
                                read_annotations(text, name);
                                return std::string("accepted");
                              } catch (const SpecError& error) {
                                return std::string(error.what());
                              }
                            });
}

TEST_CASE("faults of results are told with their place") {
  const Annotations truth = read_annotations(head(""), "t.json");
  const auto fault = [&](const std::string& text) {
    try {
      read_results(text, "r.json", truth);
      return std::string("accepted");
    } catch (const SpecError& error) {
      return std::string(error.what());
    }
  };
  CHECK(fault("{}") == "r.json:1:1: must be a list of detections; got {}");
  CHECK(fault(R"([{"image_id":1,"category_id":2,"score":1,"bbox":[0,0,1,1]}])") ==
        "r.json:1:14: /0/image_id: must be the id of one of the data set's images; got 1");
  CHECK(fault(R"([{"image_id":3,"category_id":2,"bbox":[0,0,1,1]}])") ==
        "r.json:1:2: /0: missing key \"score\"");
  CHECK(fault(R"([{"image_id":3,"category_id":2,"score":"1","bbox":[0,0,1,1]}])") ==
        "r.json:1:40: /0/score: must be a number; got \"1\"");
  CHECK(fault(R"([{"image_id":3,"category_id":2,"score":1}])") ==
        "r.json:1:2: /0: must have bbox or segmentation");
  CHECK(fault("[") != "accepted");
  CHECK(fault("[]") == "accepted");
  CHECK_THROWS_AS(read_results(std::filesystem::path("/nowhere/r.json"), truth), EnvironmentError);
}

TEST_CASE("a result without a box has the area and the box of its mask, and is written so") {
  const Annotations truth = read_annotations(head(""), "t.json");
  const std::string begin =
      R"([{"image_id":7,"category_id":2,"score":0.5,"segmentation":[[0,0,4,0,4,4,0,4]])";
  const auto bare = read_results(begin + "}]", "r.json", truth);
  const auto boxed = read_results(begin + R"(,"bbox":[0,0,4,5]}])", "r.json", truth);
  CHECK(bare[0].area == 16);
  CHECK(bare[0].box.height == 4);
  CHECK(boxed[0].area == 20);
  for (const auto& found : {bare, boxed})
    CHECK(read_results(results_text(found, truth), "r.json", truth)[0].area == found[0].area);
}

TEST_CASE("what is written is read back, to the last bit") {
  const nlohmann::json file = test::golden("coco/holes.json");
  const Annotations truth = read_annotations(file.at("ground_truth").dump(), "t.json");
  const auto found = read_results(file.at("detections").dump(), "r.json", truth);
  const Annotations again = read_annotations(annotations_text(truth), "t.json");
  const auto found_again = read_results(results_text(found, truth), "r.json", truth);
  CHECK(nlohmann::json::parse(results_text(found, truth)) == file.at("detections"));
  REQUIRE(again.objects.size() == truth.objects.size());
  for (std::size_t i = 0; i < truth.objects.size(); ++i) {
    CHECK(again.objects[i].mask == truth.objects[i].mask);
    CHECK(again.objects[i].area == truth.objects[i].area);
    CHECK(again.objects[i].box.width == truth.objects[i].box.width);
  }
  REQUIRE(found_again.size() == found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found_again[i].score == found[i].score);
    CHECK(found_again[i].mask == found[i].mask);
  }
  CHECK(read_results(results_text({}, truth), "r.json", truth).empty());
}
