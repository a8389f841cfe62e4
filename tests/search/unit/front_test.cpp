#include "search/strategies/front.hpp"

#include <catch2/catch.hpp>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using search::Front;

namespace {

constexpr int kSide = 12;

/// The unit cells of a grid that some point covers: those below its value and right of its cost.
int covered(const std::vector<std::pair<int, int>>& points) {
  int cells = 0;
  for (int value = 0; value < kSide; ++value)
    for (int cost = 0; cost < kSide; ++cost) {
      bool is_covered = false;
      for (const auto& [high, from] : points) is_covered |= value < high && cost >= from;
      cells += is_covered;
    }
  return cells;
}

}  // namespace

TEST_CASE("A point gains the cells of a grid that no point before it covers") {
  spec::Random random(4);
  for (int round = 0; round < 200; ++round) {
    Front front(0, kSide);
    std::vector<std::pair<int, int>> points;
    for (int i = 0; i < 15; ++i) {
      // Some lie outside the reference: they cover nothing.
      const int value = int(random.below(kSide + 2)) - 1, cost = int(random.below(kSide + 2));
      std::vector<std::pair<int, int>> more = points;
      more.emplace_back(value, cost);
      const int gain = covered(more) - covered(points);
      REQUIRE(front.gain(value, cost) == Approx(gain));
      front.add(value, cost);
      points = more;
      CHECK(front.gain(value, cost) == Approx(0));
    }
  }
}

TEST_CASE("What is no better than the reference gains nothing") {
  Front front(0.5, 100);
  CHECK(front.gain(0.5, 10) == Approx(0));
  CHECK(front.gain(0.9, 100) == Approx(0));
  CHECK(front.gain(0.9, 60) == Approx(0.4 * 40));
  front.add(0.4, 10);
  front.add(0.9, 120);
  CHECK(front.gain(0.9, 60) == Approx(0.4 * 40));
}
