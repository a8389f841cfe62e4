#include "prototypes/detection/metrics/average_precision.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/prototypes/detection/golden_tensors.hpp"
#include "tests/prototypes/detection/metrics/judged_case.hpp"

using namespace atto;
using namespace atto::det;
using namespace atto::test;
using nlohmann::json;

namespace {

void check_equal(const CocoScores& scores, const json& expected) {
  for (std::size_t i = 0; i < kCocoNumbers; ++i) {
    INFO(coco_numbers()[i].name);
    CHECK(std::abs(scores.numbers[i] - expected.at("stats")[i].get<double>()) < 1e-12);
  }
  const auto classes = expected.at("ap_per_class").get<std::vector<double>>();
  REQUIRE(scores.class_ap.size() == classes.size());
  for (std::size_t i = 0; i < classes.size(); ++i)
    CHECK(std::abs(scores.class_ap[i] - classes[i]) < 1e-12);
}

double naive_iou(const FileBox& a, const FileBox& b, bool is_crowd) {
  const double w = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double h = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  const double both = std::max(w, 0.0) * std::max(h, 0.0), own = a.width * a.height;
  return both / (is_crowd ? own : own + b.width * b.height - both);
}

/// AP and recall of boxes of one class at one threshold, of all sizes, straight from the
/// definition: detections of all pictures by falling score, each to the best free object of its
/// picture.
std::pair<double, double> naive_ap(const JudgedCase& one, int category, double threshold) {
  std::vector<const Detection*> found;
  for (const Detection& d : one.found)
    if (d.category == category) found.push_back(&d);
  std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->score > b->score; });
  std::vector<const Annotation*> objects;
  int wanted = 0;
  for (const Annotation& o : one.truth.objects)
    if (o.category == category) {
      objects.push_back(&o);
      wanted += !o.is_crowd;
    }
  if (wanted == 0) return {-1, -1};
  std::vector<bool> is_taken(objects.size());
  std::vector<std::pair<double, double>> points;  // recall, precision
  int right = 0, wrong = 0;
  for (const Detection* d : found) {
    int best = -1, crowd = -1;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (objects[i]->picture != d->picture) continue;
      const double overlap = naive_iou(d->box, objects[i]->box, objects[i]->is_crowd);
      if (overlap < threshold) continue;
      if (objects[i]->is_crowd)
        crowd = int(i);
      else if (!is_taken[i] &&
               (best < 0 || overlap > naive_iou(d->box, objects[std::size_t(best)]->box, false)))
        best = int(i);
    }
    if (best >= 0) {
      is_taken[std::size_t(best)] = true;
      ++right;
    } else if (crowd < 0) {
      ++wrong;
    } else {
      continue;
    }
    points.push_back({double(right) / wanted, double(right) / (right + wrong)});
  }
  double sum = 0;
  for (int step = 0; step <= 100; ++step) {
    double highest = 0;
    for (const auto& [recall, precision] : points)
      if (recall >= step * 0.01 - 1e-12) highest = std::max(highest, precision);
    sum += highest;
  }
  return {sum / 101, double(right) / wanted};
}

}  // namespace

TEST_CASE("the twelve numbers and AP of classes are pycocotools', of boxes and of masks") {
  for (const char* name : kJudgedCases) {
    INFO(name);
    const json file = test::golden("coco/" + std::string(name) + ".json");
    const JudgedCase one = read_case(file);
    for (const auto& [kind, overlap] :
         {std::pair("bbox", Overlap::Boxes), {"segm", Overlap::Masks}}) {
      INFO(kind);
      const json& expected = file.at("expected").at(kind);
      const CocoScores scores = coco_scores(one.truth, one.found, overlap);
      if (!expected.at("stats").is_null()) {
        check_equal(scores, expected);
        continue;
      }
      CHECK(one.found.empty());
      CHECK(scores.numbers[0] == 0);
      CHECK(scores.numbers[8] == 0);
    }
  }
}

TEST_CASE("the order of pictures changes nothing") {
  for (const char* name : {"ties", "crowd_and_ties", "more_than_100"}) {
    json file = test::golden("coco/" + std::string(name) + ".json");
    const CocoScores before =
        coco_scores(read_case(file).truth, read_case(file).found, Overlap::Boxes);
    json& images = file["ground_truth"]["images"];
    std::reverse(images.begin(), images.end());
    for (json* list : {&file["ground_truth"]["annotations"], &file["detections"]})
      std::stable_sort(list->begin(), list->end(),
                       [](const json& a, const json& b) { return a["image_id"] > b["image_id"]; });
    const JudgedCase turned = read_case(file);
    const CocoScores after = coco_scores(turned.truth, turned.found, Overlap::Boxes);
    CHECK(after.numbers == before.numbers);
    CHECK(after.class_ap == before.class_ap);
  }
}

TEST_CASE("AP is what a plain evaluator finds on random pictures") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const JudgedCase one = random_case(seed);
    const CocoScores scores = coco_scores(one.truth, one.found, Overlap::Boxes);
    double ap50 = 0, recall = 0, classes = 0;
    for (int category = 0; category < 2; ++category) {
      double ap = 0;
      for (int t = 0; t < 10; ++t) {
        const auto [area, found] = naive_ap(one, category, 0.5 + 0.05 * t);
        ap += area / 10;
        if (found < 0) continue;
        if (t == 0) ap50 += area;
        recall += found / 10;
      }
      CHECK(scores.class_ap[std::size_t(category)] == Approx(ap).margin(1e-9));
      if (ap >= 0) ++classes;
    }
    if (classes > 0) CHECK(scores.numbers[1] == Approx(ap50 / classes).margin(1e-9));
    if (classes > 0) CHECK(scores.numbers[8] == Approx(recall / classes).margin(1e-9));
  }
}

TEST_CASE("masks are judged as boxes are where they are boxes") {
  JudgedCase one = random_case(5);
  const auto rectangle = [](FileBox& box) {
    box = {std::floor(box.x), std::floor(box.y), std::ceil(box.width), std::ceil(box.height)};
    box.x = std::clamp(box.x, 0.0, 90.0);
    box.y = std::clamp(box.y, 0.0, 90.0);
    box.width = std::min(box.width, 100 - box.x);
    box.height = std::min(box.height, 100 - box.y);
    std::vector<std::uint8_t> bits(10000);
    for (int y = int(box.y); y < int(box.y + box.height); ++y)
      for (int x = int(box.x); x < int(box.x + box.width); ++x) bits[std::size_t(100 * y + x)] = 1;
    return encode_mask(bits, 100, 100);
  };
  for (Annotation& object : one.truth.objects) object.mask = rectangle(object.box);
  for (Detection& found : one.found) found.mask = rectangle(found.box);
  CHECK(one.truth.has_masks());
  CHECK(coco_scores(one.truth, one.found, Overlap::Masks).numbers ==
        coco_scores(one.truth, one.found, Overlap::Boxes).numbers);
}

TEST_CASE("nothing to find, or nothing found, has its numbers too") {
  CHECK(coco_scores({}, {}, Overlap::Boxes).numbers[0] == -1);
  JudgedCase one = random_case(3);
  CHECK(coco_scores(one.truth, {}, Overlap::Boxes).numbers[0] == 0);
  one.truth.objects.clear();
  CHECK(coco_scores(one.truth, one.found, Overlap::Boxes).numbers[0] == -1);
  CHECK_FALSE(one.truth.has_masks());
}
