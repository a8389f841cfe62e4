#include "prototypes/detection/metrics/match_record.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/metrics/average_precision.hpp"
#include "prototypes/detection/metrics/match_text.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"
#include "tests/prototypes/detection/metrics/judged_case.hpp"

using namespace atto;
using namespace atto::det;
using namespace atto::test;

namespace {

void check_same(const MatchScores& scores, const CocoScores& expected) {
  CHECK(scores.ap == expected.numbers[0]);
  CHECK(scores.ap50 == expected.numbers[1]);
}

std::vector<std::int32_t> random_times(spec::Random& random, std::size_t pictures) {
  std::vector<std::int32_t> times(pictures);
  for (std::size_t i = 0; i < pictures; ++i) ++times[random.below(pictures)];
  return times;
}

}  // namespace

TEST_CASE("AP of a record is COCO's on the golden cases, of boxes and of masks") {
  for (const char* name : kJudgedCases) {
    INFO(name);
    const JudgedCase one = read_case(golden("coco/" + std::string(name) + ".json"));
    const MatchRecord record = match_record(one.truth, one.found, true);
    for (const Overlap overlap : {Overlap::Boxes, Overlap::Masks})
      check_same(scores_of(record, overlap), coco_scores(one.truth, one.found, overlap));
  }
}

TEST_CASE("AP of a record is COCO's on copies of its pictures, with some left out") {
  spec::Random random(3);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const JudgedCase one = random_case(seed);
    const MatchRecord record = match_record(one.truth, one.found, false);
    CHECK_FALSE(record.has_masks());
    check_same(scores_of(record, Overlap::Boxes),
               coco_scores(one.truth, one.found, Overlap::Boxes));
    const auto times = random_times(random, one.truth.pictures.size());
    const JudgedCase drawn = with_copies(one, times);
    check_same(scores_of(record, Overlap::Boxes, times),
               coco_scores(drawn.truth, drawn.found, Overlap::Boxes));
  }
  const MatchRecord nothing = match_record({}, {}, false);
  CHECK(scores_of(nothing, Overlap::Boxes).ap == -1);
}

TEST_CASE("A record ends with what was right") {
  JudgedCase one = random_case(4);
  const MatchRecord before = match_record(one.truth, one.found, false);
  for (int i = 0; i < 50; ++i) one.found.push_back({0, 0, -1.0 - i, {0, 0, 1, 1}, {}});
  CHECK(match_record(one.truth, one.found, false) == before);
  for (const std::vector<Match>& matches : before.boxes) CHECK(matches.back().right != 0);
}

TEST_CASE("Matches are read from their texts as they were written") {
  spec::Random random(1);
  for (const int pictures : {1, 2, 64, 65, 5000, 300000}) {
    std::vector<std::int32_t> places;
    std::vector<Match> matches;
    for (unsigned right = 0; right < 1024; ++right) {
      places.push_back(std::int32_t(random.below(std::uint64_t(pictures))));
      const unsigned wrong = random.below(2) == 0 ? 1023 : unsigned(random.below(1024));
      matches.push_back({places.back(), std::uint16_t(right), std::uint16_t(wrong & ~right)});
    }
    CHECK(read_places(places_text(places, pictures), pictures) == places);
    CHECK(read_matches(matches_text(matches, pictures), pictures) == matches);
  }
  const std::vector<Match> two = {{0, 0x3ff, 0}, {3, 0x007, 0x3f8}};
  CHECK(matches_text(two, 64) == "AKDD");
  CHECK(matches_text({}, 64).empty());
}

TEST_CASE("Texts that are no matches are refused") {
  for (const auto& [text, pictures, rule] : std::vector<std::tuple<std::string, int, std::string>>{
           {"A", 5, "must not end within a number"},
           {"AKA", 5, "must not end within a number"},
           {"A*AAA", 5, "must not end within a number"},
           {"A!", 5, "must be of A-Z, a-z, 0-9, - and _"},
           {"FA", 5, "must name pictures that there are"},
           {"AA", 0, "must name pictures that there are"},
           {"AL", 5, "must be right at 10 overlaps at most"},
           {"A*AAQA", 5, "must be right or wrong at an overlap, of 10"},
           {"A*ABAB", 5, "must be right or wrong at an overlap, of 10"}}) {
    INFO(text);
    CHECK_THROWS_WITH(read_matches(text, pictures), rule);
  }
  CHECK_THROWS_AS(read_places("AB", 65 * 64), std::invalid_argument);
}
