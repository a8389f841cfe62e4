#include <catch2/catch.hpp>

#include "search/campaign/leaderboard.hpp"
#include "search/report/report.hpp"
#include "search/report/svg.hpp"

using namespace atto::search;

TEST_CASE("Wilson's interval has the published values") {
  // Newcombe (1998), table I: 81 of 263, and 0 of 20.
  const Interval a = wilson_interval(81.0 / 263, 263);
  CHECK(a.low == Approx(0.2553).margin(1e-4));
  CHECK(a.high == Approx(0.3662).margin(1e-4));
  const Interval b = wilson_interval(0, 20);
  CHECK(b.low == 0);
  CHECK(b.high == Approx(0.1611).margin(1e-4));
}

TEST_CASE("Two shares tie when their difference is within noise") {
  CHECK(is_tie(0.90, 0.901, 10000));
  CHECK_FALSE(is_tie(0.90, 0.92, 10000));
  CHECK(is_tie(0.90, 0.92, 1000));
}

TEST_CASE("A spread has the sample standard deviation") {
  const Spread spread = spread_of({1, 2, 3, 4});
  CHECK(spread.mean == 2.5);
  CHECK(spread.deviation == Approx(1.2909944487));
  CHECK(spread_of({7}).deviation == 0);
}

TEST_CASE("A chart escapes its texts and needs a point") {
  CHECK(chart_svg({}, {"x", "y", false}).empty());
  const std::string svg =
      chart_svg({{"<a&b>", {{1, 2, "\"tip\"", true}}, 0, true, false}}, {"x<y", "y", false});
  CHECK(svg.find("&lt;a&amp;b&gt;") != std::string::npos);
  CHECK(svg.find("&quot;tip&quot;") != std::string::npos);
  CHECK(svg.find("x&lt;y") != std::string::npos);
  CHECK(svg.find("nan") == std::string::npos);
}
