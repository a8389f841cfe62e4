// From what networks say to proposals and objects.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "prototypes/detection/found_objects.hpp"
#include "prototypes/detection/proposals.hpp"

using namespace atto::det;

namespace {

constexpr PictureSize kSize = {100, 100};

}  // namespace

TEST_CASE("proposals are the best boxes of all levels, decoded, cut off, without near ones") {
  const std::vector<Box> fine = {{0, 0, 20, 20}, {1, 1, 21, 21}, {50, 50, 70, 70}},
                         coarse = {{0, 0, 20, 20}, {60, 60, 120, 120}};
  const float fine_scores[] = {2, 3, 1}, coarse_scores[] = {4, 0};
  std::vector<float> none(3 * 4, 0.0F);
  std::vector<float> moved(2 * 4, 0.0F);
  moved[4] = 0.5F;  // the last one half of its width to the right
  const std::vector<LevelAnswer> levels = {{fine, fine_scores, none.data()},
                                           {coarse, coarse_scores, moved.data()}};
  const std::vector<Box> all = proposals(levels, kSize, {10, 10, 0.7F});
  // The second fine one suppresses the first; the coarse one of another level does not.
  REQUIRE(all.size() == 4);
  CHECK(all[0] == coarse[0]);
  CHECK(all[1] == fine[1]);
  CHECK(all[2] == fine[2]);
  CHECK(all[3] == Box{90, 60, 100, 100});
  CHECK(proposals(levels, kSize, {2, 10, 0.7F}).size() == 2);
  CHECK(proposals(levels, kSize, {10, 1, 0.7F}).size() == 2);
  CHECK(proposals({}, kSize, {}).empty());
}

TEST_CASE("boxes and scores that are no numbers propose nothing") {
  const std::vector<Box> anchors(2, Box{0, 0, 20, 20});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float scores[] = {nan, 1};
  const std::vector<float> deltas(8, nan);
  CHECK(proposals(std::vector<LevelAnswer>{{anchors, scores, deltas.data()}}, kSize, {}).empty());
}

TEST_CASE("objects are what the box network says of proposals, category by category") {
  const std::vector<Box> boxes = {{10, 10, 30, 30}, {11, 10, 31, 30}, {60, 60, 80, 80}};
  // Background, and two categories.
  const float scores[] = {0, 4, 0,  //
                          0, 3, 2,  //
                          5, 0, 0};
  std::vector<float> deltas(3 * 3 * 4, 0.0F);
  deltas[(0 * 3 + 1) * 4] = 5;  // half of its width to the right: weights are 10 and 5
  const std::vector<FoundObject> found = found_objects(boxes, scores, deltas.data(), 2, kSize, {});
  REQUIRE(found.size() == 3);
  CHECK(found[0].category == 0);
  CHECK(found[0].box == Box{20, 10, 40, 30});
  CHECK(found[0].score == Approx(std::exp(4.0) / (std::exp(4.0) + 2)));
  CHECK(found[1].category == 0);
  CHECK(found[2].category == 1);
  CHECK(found[1].box == found[2].box);
  CHECK(found_objects(boxes, scores, deltas.data(), 2, kSize, {0.5F, 0.5F, 100}).size() == 2);
  CHECK(found_objects(boxes, scores, deltas.data(), 2, kSize, {0.05F, 0.5F, 1}).size() == 1);
  deltas.assign(deltas.size(), 0.0F);
  // The first two overlap by 19 / 21, and are of one category.
  CHECK(found_objects(boxes, scores, deltas.data(), 2, kSize, {}).size() == 2);
  CHECK(found_objects({}, nullptr, nullptr, 2, kSize, {}).empty());
}
