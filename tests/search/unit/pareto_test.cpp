#include "search/campaign/pareto.hpp"

#include <catch2/catch.hpp>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using search::Point;

namespace {

bool beats(const Point& a, const Point& b) {
  return a.gain >= b.gain && a.params <= b.params && a.macs <= b.macs &&
         !(a.gain == b.gain && a.params == b.params && a.macs == b.macs);
}

}  // namespace

TEST_CASE("The front is every point that no other point beats") {
  spec::Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<Point> points;
    for (int i = 0; i < 40; ++i)
      points.push_back({double(random.below(10)) / 10, std::int64_t(random.below(10)),
                        std::int64_t(random.below(10))});
    const std::vector<bool> front = search::pareto_front(points);
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool is_beaten = false;
      for (const Point& other : points) is_beaten |= beats(other, points[i]);
      REQUIRE(front[i] == !is_beaten);
    }
  }
}

TEST_CASE("No points have no front") {
  CHECK(search::pareto_front({}).empty());
}
