#include "trainer/comparison/paired_accuracy.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "design_specs/seeds/random.hpp"

using namespace atto::train;

namespace {

/// Trainings of a design: images have difficulties of their own, seeds have luck of their own.
RightBySeed trainings(atto::spec::Random& random, const std::vector<double>& difficulty, int seeds,
                      double accuracy, double luck) {
  RightBySeed right;
  for (int s = 0; s < seeds; ++s) {
    const double chance = accuracy + luck * (random.uniform() + random.uniform() - 1);
    std::vector<std::uint8_t> images;
    for (const double image : difficulty)
      images.push_back(random.uniform() < std::min(1.0, std::max(0.0, chance + image)));
    right.push_back(std::move(images));
  }
  return right;
}

}  // namespace

TEST_CASE("Student's quantiles are those of the tables") {
  CHECK(student_quantile(0.975, 1) == Approx(12.7062047).epsilon(1e-7));
  CHECK(student_quantile(0.975, 5) == Approx(2.5705818).epsilon(1e-7));
  CHECK(student_quantile(0.95, 10) == Approx(1.8124611).epsilon(1e-7));
  CHECK(student_quantile(0.975, 30) == Approx(2.0422725).epsilon(1e-7));
  CHECK(student_quantile(0.975, 1e7) == Approx(1.9599642).epsilon(1e-6));
  CHECK(student_quantile(0.025, 5) == Approx(-2.5705818).epsilon(1e-7));
  CHECK(student_quantile(0.5, 3) == Approx(0).margin(1e-6));
}

TEST_CASE("With one training a side the difference is the paired test over images") {
  // Differences -1, 0, 0, 1, 1: mean 0.2, deviation 0.83666.
  const RightBySeed first = {{1, 1, 0, 0, 0}}, second = {{0, 1, 0, 1, 1}};
  const PairedDifference result = paired_difference(first, second);
  CHECK(result.difference == Approx(0.2));
  CHECK(result.high - 0.2 == Approx(2.7764451 * 0.8366600 / std::sqrt(5.0)).epsilon(1e-6));
  CHECK(result.low == Approx(0.4 - result.high));
  CHECK_FALSE(result.has_seeds);
  CHECK_FALSE(result.is_resolved());
  CHECK(paired_difference(first, first).high == 0);
  CHECK_THROWS_AS(paired_difference(first, {{1, 0}}), std::invalid_argument);
  CHECK_THROWS_AS(paired_difference(first, {}), std::invalid_argument);
}

TEST_CASE("The interval holds the true difference about as often as it says") {
  atto::spec::Random random(7);
  int held = 0, held_by_images_alone = 0;
  constexpr int kTimes = 400;
  for (int i = 0; i < kTimes; ++i) {
    std::vector<double> difficulty(300);
    for (double& image : difficulty) image = 0.3 * (random.uniform() - 0.5);
    const RightBySeed first = trainings(random, difficulty, 3, 0.5, 0.1);
    const RightBySeed second = trainings(random, difficulty, 3, 0.55, 0.1);
    const PairedDifference both = paired_difference(first, second);
    held += both.low <= 0.05 && 0.05 <= both.high;
    const PairedDifference one = paired_difference({first[0]}, {second[0]});
    held_by_images_alone += one.low <= 0.05 && 0.05 <= one.high;
  }
  CHECK(held > 0.92 * kTimes);
  CHECK(held_by_images_alone < 0.92 * kTimes);  // seeds matter: this is why they are counted
}
