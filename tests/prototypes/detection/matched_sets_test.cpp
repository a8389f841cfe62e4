// Objects are matched as sets: their order, and what the rules leave open, do not matter.
#include "prototypes/detection/matched_sets.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

using namespace atto::det;

namespace {

const FindingRule kRule{0.05F, 0.5F, 4};

Found three_objects() {
  return {{{{0, 0, 20, 10}, 1, 0.9F}, {{5, 5, 15, 25}, 0, 0.6F}, {{5, 5, 15, 25}, 2, 0.5F}},
          {1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0}};
}

MatchedSets compared(const Found& said, const Found& reference) {
  MatchedSets sets;
  sets.add(said, reference, kRule);
  return sets;
}

}  // namespace

TEST_CASE("sets of objects agree in any order") {
  const Found found = three_objects();
  Found turned;
  for (const std::size_t i : {2, 0, 1}) {
    turned.objects.push_back(found.objects[i]);
    turned.masks.insert(turned.masks.end(), found.masks.begin() + std::ptrdiff_t(4 * i),
                        found.masks.begin() + std::ptrdiff_t(4 * i + 4));
  }
  const MatchedSets sets = compared(turned, found);
  CHECK(sets.matched == 3);
  CHECK(sets.unmatched == 0);
  CHECK(sets.share() == 1);
  CHECK(sets.box_error == 0);
  CHECK(sets.least_mask_iou == 1);
  CHECK(misses(sets).empty());
}

TEST_CASE("pictures without objects agree with each other alone") {
  CHECK(misses(compared({}, {})).empty());
  CHECK(compared({}, {}).share() == 1);
  const MatchedSets nothing = compared({}, three_objects());
  CHECK(nothing.unmatched == 3);
  CHECK(nothing.share() == 0);
  CHECK(misses(nothing) == "0.0 % of the objects matched < 99.0 %");
  CHECK(compared(three_objects(), {}).unmatched == 3);
}

TEST_CASE("programs that round differently find the same objects somewhere near") {
  Found said = three_objects();
  said.objects[0].box.x1 += 3;
  said.objects[1].score += 0.2F;
  said.objects.push_back({{30, 30, 40, 40}, 0, 0.14F});  // within the slack of the rule's end
  said.masks.insert(said.masks.end(), 4, 1);
  CHECK(misses(compared(said, three_objects())).find("of the objects matched") !=
        std::string::npos);
  MatchedSets rough;
  rough.match = kRoughMatch;
  rough.add(said, three_objects(), kRule);
  CHECK(rough.matched == 3);
  CHECK(rough.unmatched == 0);
  CHECK(rough.box_error == 3);
  CHECK(rough.score_error == Approx(0.2));
  CHECK(misses(rough).empty());
}

TEST_CASE("what differs is said") {
  Found said = three_objects();
  SECTION("a class") {
    said.objects[1].category = 1;
    const MatchedSets sets = compared(said, three_objects());
    CHECK(sets.matched == 2);
    CHECK(sets.unmatched == 2);
    CHECK(sets.share() == Approx(2.0 / 3));
  }
  SECTION("a corner") {
    said.objects[0].box.x2 += 0.0625F;
    CHECK(misses(compared(said, three_objects())) == "box error 0.062 px > 0.05");
  }
  SECTION("a score") {
    said.objects[0].score = 0.8984375F;
    CHECK(misses(compared(said, three_objects())) == "score error 1.6e-03 > 1.0e-03");
    said.objects[0].score = std::numeric_limits<float>::quiet_NaN();
    CHECK_FALSE(misses(compared(said, three_objects())).empty());
  }
  SECTION("a mask") {
    said.masks[1] = 0;
    CHECK(compared(said, three_objects()).least_mask_iou == 0.5);
    CHECK(misses(compared(said, three_objects())) == "least mask IoU 0.500 < 0.99");
    said.masks.clear();
    CHECK(compared(said, three_objects()).least_mask_iou == 0);
  }
  SECTION("but not a pixel of a mask that may be either") {
    Found reference = three_objects();
    said.masks[1] = 0.4999F;
    reference.masks[1] = 0.5001F;
    CHECK(misses(compared(said, reference)).empty());
  }
}

TEST_CASE("objects at the end of the rule need no counterpart") {
  Found said = three_objects();
  said.masks.clear();
  Found reference = said;
  SECTION("whose score is that of the threshold") {
    said.objects.push_back({{30, 30, 40, 40}, 0, 0.0501F});
    CHECK(misses(compared(said, reference)).empty());
    said.objects.back().score = 0.06F;
    CHECK(compared(said, reference).unmatched == 1);
  }
  SECTION("the last ones of a full list") {
    said.objects.push_back({{30, 30, 40, 40}, 0, 0.3F});
    reference.objects.push_back({{50, 30, 60, 40}, 0, 0.3F});
    CHECK(misses(compared(said, reference)).empty());
    said.objects.back().score = 0.4F;
    CHECK(compared(said, reference).unmatched == 1);
    reference.objects.pop_back();
    said.objects.back().score = 0.3F;
    CHECK(compared(said, reference).unmatched == 1);  // this list had room for it
  }
}
