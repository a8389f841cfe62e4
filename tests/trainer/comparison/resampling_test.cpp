#include "trainer/comparison/resampling.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/metrics/average_precision.hpp"
#include "tests/prototypes/detection/metrics/judged_case.hpp"

using namespace atto;
using namespace atto::train;
using test::JudgedCase;

namespace {

/// One to four objects in each picture, of two classes.
det::Annotations random_truth(spec::Random& random, int pictures) {
  det::Annotations truth{{}, {{1, "a"}, {2, "b"}}, {}};
  for (int i = 0; i < pictures; ++i) {
    truth.pictures.push_back({i + 1, 100, 100, ""});
    for (std::uint64_t k = 1 + random.below(4); k > 0; --k)
      truth.objects.push_back({i,
                               int(random.below(2)),
                               {80 * random.uniform(), 80 * random.uniform(), 20, 20},
                               {},
                               400,
                               false});
  }
  return truth;
}

/// What a detector says that is off by so many pixels.
JudgedCase judged(const det::Annotations& truth, spec::Random& random, double off) {
  JudgedCase one{truth, {}};
  for (const det::Annotation& object : truth.objects) {
    if (random.below(5) == 0) continue;
    const det::FileBox& box = object.box;
    one.found.push_back({object.picture,
                         object.category,
                         random.uniform(),
                         {box.x + off * random.normal(), box.y + off * random.normal(), 20, 20},
                         {}});
  }
  return one;
}

std::vector<det::MatchRecord> records_of(const std::vector<JudgedCase>& cases) {
  std::vector<det::MatchRecord> records;
  for (const JudgedCase& one : cases)
    records.push_back(det::match_record(one.truth, one.found, false));
  return records;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

/// Of one value.
double variance(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += std::pow(value - mean(values), 2);
  return squares / double(values.size() - 1);
}

std::vector<double> naive_ap(const std::vector<JudgedCase>& seeds,
                             const std::vector<std::int32_t>& times) {
  std::vector<double> values;
  for (const JudgedCase& one : seeds) {
    const JudgedCase drawn = test::with_copies(one, times);
    values.push_back(det::coco_scores(drawn.truth, drawn.found, det::Overlap::Boxes).numbers[0]);
  }
  return values;
}

}  // namespace

TEST_CASE("A draw of pictures is a function of its number, as many as there are") {
  for (const int pictures : {1, 7, 500}) {
    const auto times = resample(pictures, 3);
    CHECK(int(times.size()) == pictures);
    CHECK(std::accumulate(times.begin(), times.end(), 0) == pictures);
    CHECK(times == resample(pictures, 3));
  }
  CHECK(resample(500, 3) != resample(500, 4));
  // A picture is left out of a draw with probability 1/e.
  const auto times = resample(100000, 0);
  CHECK(std::count(times.begin(), times.end(), 0) == Approx(100000 / std::exp(1)).epsilon(0.02));
}

TEST_CASE("The interval is that of pictures that are written down again and judged anew") {
  constexpr int kPictures = 25, kDraws = 60;
  spec::Random random(5);
  const det::Annotations truth = random_truth(random, kPictures);
  std::vector<JudgedCase> first, second;
  for (int seed = 0; seed < 3; ++seed) first.push_back(judged(truth, random, 2));
  for (int seed = 0; seed < 2; ++seed) second.push_back(judged(truth, random, 1));
  const ResampledScores a = resampled_scores(records_of(first), kDraws),
                        b = resampled_scores(records_of(second), kDraws);
  std::vector<double> differences;
  for (int i = 0; i < kDraws; ++i) {
    const auto times = resample(kPictures, i);
    differences.push_back(mean(naive_ap(second, times)) - mean(naive_ap(first, times)));
  }
  const std::vector<std::int32_t> once(kPictures, 1);
  const std::vector<double> before = naive_ap(first, once), after = naive_ap(second, once);
  const double parts[] = {variance(differences), variance(before) / 3, variance(after) / 2};
  const double all = parts[0] + parts[1] + parts[2];
  const double degrees =
      all * all / (parts[0] * parts[0] / 24 + parts[1] * parts[1] / 2 + parts[2] * parts[2] / 1);
  const double reach = student_quantile(0.975, degrees) * std::sqrt(all);

  const PairedDifference told = paired_difference(a, b, "box_map");
  CHECK(told.difference == Approx(mean(after) - mean(before)));
  CHECK(told.high - told.difference == Approx(reach));
  CHECK(told.difference - told.low == Approx(reach));
  CHECK(told.has_seeds);
  CHECK(paired_difference(b, a, "box_map50").difference ==
        Approx(-paired_difference(a, b, "box_map50").difference));
}

TEST_CASE("Detectors are told apart where they differ, and seldom where they do not") {
  spec::Random random(11);
  int equal = 0, better = 0;
  constexpr int kTimes = 100, kDraws = 100;
  for (int i = 0; i < kTimes; ++i) {
    const det::Annotations truth = random_truth(random, 40);
    const auto side = [&](double off) {
      return resampled_scores(records_of({judged(truth, random, off)}), kDraws);
    };
    const ResampledScores one = side(2);
    equal += paired_difference(one, side(2), "box_map").is_resolved();
    better += paired_difference(one, side(1.2), "box_map").low > 0;
  }
  CHECK(equal <= 0.12 * kTimes);
  CHECK(better >= 0.8 * kTimes);
}

TEST_CASE("What was judged on other pictures is not compared") {
  spec::Random random(2);
  const auto side = [&](int pictures) {
    return records_of({judged(random_truth(random, pictures), random, 1)});
  };
  const std::vector<det::MatchRecord> five = side(5), six = side(6);
  CHECK_THROWS_AS(resampled_scores({}), std::invalid_argument);
  CHECK_THROWS_AS(resampled_scores({five[0], six[0]}), std::invalid_argument);
  CHECK_THROWS_AS(paired_difference(resampled_scores(five, 9), resampled_scores(six, 9), "box_map"),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      paired_difference(resampled_scores(five, 9), resampled_scores(five, 8), "box_map"),
      std::invalid_argument);
}
