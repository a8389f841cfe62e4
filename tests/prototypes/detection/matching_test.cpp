// Matching, sampling and selecting.
#include "prototypes/detection/matching.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/selection.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"

using namespace atto;
using namespace atto::det;

namespace {

struct Scored {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> classes;
};

Scored random_boxes(std::uint64_t seed, int count, bool has_ties) {
  spec::Random random(seed);
  Scored all;
  for (int i = 0; i < count; ++i) {
    const float x = 50 * float(random.uniform()), y = 50 * float(random.uniform());
    all.boxes.push_back(
        {x, y, x + 5 + 20 * float(random.uniform()), y + 5 + 20 * float(random.uniform())});
    all.scores.push_back(has_ties ? float(random.below(4)) / 4 : float(random.uniform()));
    all.classes.push_back(int(random.below(3)));
  }
  return all;
}

/// Takes the best box that is left, again and again, and strikes out what overlaps it.
std::vector<int> struck_out(Scored all, float threshold, bool by_class) {
  std::vector<int> kept;
  while (true) {
    int best = -1;
    for (std::size_t i = 0; i < all.boxes.size(); ++i)
      if (all.scores[i] >= 0 && (best < 0 || all.scores[i] > all.scores[std::size_t(best)]))
        best = int(i);
    if (best < 0) return kept;
    kept.push_back(best);
    for (std::size_t i = 0; i < all.boxes.size(); ++i)
      if (int(i) == best || ((!by_class || all.classes[i] == all.classes[std::size_t(best)]) &&
                             iou(all.boxes[i], all.boxes[std::size_t(best)]) > threshold))
        all.scores[i] = -1;
  }
}

}  // namespace

TEST_CASE("matches are torchvision's") {
  for (const auto& one : test::golden("torchvision/matcher.json")) {
    const auto shape = one.at("iou").at("shape").get<std::vector<std::size_t>>();
    const MatchRule rule{one.at("high"), one.at("low"), one.at("allow_low_quality")};
    CHECK(match(test::floats(one.at("iou")), shape[0], shape[1], rule) ==
          one.at("matches").get<std::vector<int>>());
  }
}

TEST_CASE("of equal overlaps the first object wins, and its best candidates are kept together") {
  const std::vector<float> iou = {0.8F, 0.2F, 0.4F, 0.0F,  //
                                  0.8F, 0.2F, 0.1F, 0.0F};
  CHECK(match(iou, 2, 4, {}) == std::vector<int>{0, kBackground, kBetween, kBackground});
  const std::vector<float> weak = {0.2F, 0.2F, 0.1F, 0.0F};
  CHECK(match(weak, 1, 4, {}) == std::vector<int>{0, 0, kBackground, kBackground});
  CHECK(match(weak, 1, 4, {0.7F, 0.3F, false}) == std::vector<int>(4, kBackground));
}

TEST_CASE("an object that no candidate reaches makes nothing its own") {
  const std::vector<float> iou = {0, 0, 0, test::kNan, test::kNan, test::kNan};
  CHECK(match(iou, 2, 3, {}) == std::vector<int>(3, kBackground));
  CHECK(match({}, 0, 3, {}) == std::vector<int>(3, kBackground));
  CHECK(match({}, 2, 0, {}).empty());
}

TEST_CASE("samples are of both kinds, at most as many as asked for, without repetition") {
  std::vector<int> matches;
  for (int i = 0; i < 300; ++i)
    matches.push_back(i % 10 == 0 ? i / 10 : i % 10 == 1 ? kBetween : kBackground);
  const Sample taken = sample(matches, 64, 0.25, 7);
  CHECK(taken.positive.size() == 16);
  CHECK(taken.negative.size() == 48);
  std::set<int> seen;
  for (const int i : taken.positive) CHECK(matches[std::size_t(i)] >= 0);
  for (const int i : taken.negative) CHECK(matches[std::size_t(i)] == kBackground);
  seen.insert(taken.positive.begin(), taken.positive.end());
  seen.insert(taken.negative.begin(), taken.negative.end());
  CHECK(seen.size() == 64);
  CHECK(std::is_sorted(taken.negative.begin(), taken.negative.end()));
  CHECK(sample(matches, 64, 0.25, 7).negative == taken.negative);
  CHECK(sample(matches, 64, 0.25, 8).negative != taken.negative);
}

TEST_CASE("what positives do not fill, negatives do, and no more than there are") {
  CHECK(sample(std::vector<int>{0, kBackground, kBackground, kBackground}, 4, 0.5, 1)
            .negative.size() == 3);
  CHECK(sample(std::vector<int>{0, kBetween}, 10, 0.5, 1).negative.empty());
  CHECK(sample({}, 10, 0.5, 1).positive.empty());
  CHECK(sample(std::vector<int>{0, 0, 0}, 0, 0.5, 1).positive.empty());
}

TEST_CASE("every candidate is sampled about as often as any other") {
  const std::vector<int> matches(20, kBackground);
  std::vector<int> times(20);
  for (std::uint64_t seed = 0; seed < 2000; ++seed)
    for (const int i : sample(matches, 5, 0.5, seed).negative) ++times[std::size_t(i)];
  CHECK(*std::min_element(times.begin(), times.end()) > 400);
  CHECK(*std::max_element(times.begin(), times.end()) < 600);
}

TEST_CASE("the best are found by falling score, the lower index first") {
  const std::vector<float> scores = {0.5F, test::kNan, 0.9F, 0.5F, -1, 0.9F};
  CHECK(top_k(scores, 3) == std::vector<int>{2, 5, 0});
  CHECK(top_k(scores, 100) == std::vector<int>{2, 5, 0, 3, 4});
  CHECK(top_k(scores, 0).empty());
  CHECK(top_k({}, 5).empty());
}

TEST_CASE("suppression keeps what torchvision keeps") {
  for (const auto& one : test::golden("torchvision/nms.json")) {
    const std::vector<Box> boxes = test::boxes(one.at("boxes"));
    const auto scores = one.at("scores").get<std::vector<float>>();
    const auto classes = one.at("classes").get<std::vector<int>>();
    const float threshold = one.at("threshold");
    CHECK(nms(boxes, scores, threshold) == one.at("keep").get<std::vector<int>>());
    CHECK(nms_by_class(boxes, scores, classes, threshold) ==
          one.at("keep_by_class").get<std::vector<int>>());
  }
}

TEST_CASE("suppression keeps what striking out keeps, ties by index") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Scored all = random_boxes(seed, int(seed * 3), seed % 2 == 0);
    CHECK(nms(all.boxes, all.scores, 0.4F) == struck_out(all, 0.4F, false));
    CHECK(nms_by_class(all.boxes, all.scores, all.classes, 0.4F) == struck_out(all, 0.4F, true));
  }
}

TEST_CASE("no number never stays, and an overlap of just the threshold does") {
  const std::vector<Box> boxes = {
      {0, 0, 10, 10}, {0, 0, 10, 5}, {0, test::kNan, 5, 5}, {0, 0, 9, 9}, {3, 3, 3, 3}};
  const std::vector<float> scores = {0.9F, 0.8F, 0.95F, test::kNan, 0.1F};
  CHECK(nms(boxes, scores, 0.5F) == std::vector<int>{0, 1, 4});
  CHECK(nms(boxes, scores, 0.49F) == std::vector<int>{0, 4});
}
