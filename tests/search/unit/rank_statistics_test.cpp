// Rank statistics against values worked out by hand or by SciPy 1.11.
#include "search/tables/rank_statistics.hpp"

#include <catch2/catch.hpp>

using namespace atto::search;
using Catch::Detail::Approx;

TEST_CASE("rank correlations are those of the textbooks") {
  const std::vector<double> x = {1, 2, 3, 4, 5}, same = {10, 20, 30, 40, 50};
  const std::vector<double> back = {5, 4, 3, 2, 1}, flat(5, 7.0), mixed = {2, 1, 4, 3, 5};
  SECTION("perfect and reversed order") {
    CHECK(kendall_tau(x, same) == Approx(1));
    CHECK(kendall_tau(x, back) == Approx(-1));
    CHECK(spearman(x, same) == Approx(1));
    CHECK(spearman(x, back) == Approx(-1));
  }
  SECTION("two swapped pairs of ten") {
    CHECK(kendall_tau(x, mixed) == Approx(0.6));
    CHECK(spearman(x, mixed) == Approx(0.8));
  }
  SECTION("what never varies tells nothing") {
    CHECK(kendall_tau(x, flat) == 0);
    CHECK(spearman(flat, x) == 0);
  }
  SECTION("ties as in tau-b") {
    // 5 pairs concordant, 0 discordant, 1 tie in x: 5 / sqrt(5 * 6)
    CHECK(kendall_tau(std::vector<double>{1, 1, 2, 3}, std::vector<double>{1, 2, 3, 4}) ==
          Approx(5 / std::sqrt(30.0)));
  }
}

TEST_CASE("a partial tau takes out what the others explain") {
  // With one other: (txy - txz tyz) / sqrt((1 - txz^2)(1 - tyz^2)).
  const std::vector<double> x = {1, 2, 3, 4, 5, 6}, y = {2, 1, 3, 5, 4, 6}, z = {1, 3, 2, 4, 6, 5};
  const double xy = kendall_tau(x, y), xz = kendall_tau(x, z), yz = kendall_tau(y, z);
  CHECK(partial_tau(x, y, {z}) ==
        Approx((xy - xz * yz) / std::sqrt((1 - xz * xz) * (1 - yz * yz))));
  CHECK(partial_tau(x, y, {x}) == 0);
}

TEST_CASE("Wilcoxon's test knows chance from a shift") {
  SECTION("all of ten positive: p = 2 / 2^10, exactly") {
    const PairedTest test = wilcoxon(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    CHECK(test.p == Approx(2.0 / 1024));
    CHECK(test.effect == Approx(1));
    CHECK(test.pairs == 10);
  }
  SECTION("a known small case: positive ranks 3 and 5 of five, W = 7 of 15") {
    const PairedTest test = wilcoxon(std::vector<double>{3, -1, -2, 5, -4});
    CHECK(test.effect == Approx(2 * 8.0 / 15 - 1));
    CHECK(test.p == Approx(1.0));
  }
  SECTION("ties and zeros take the approximation") {
    std::vector<double> differences(40, 1.0);
    for (int i = 0; i < 10; ++i) differences[static_cast<std::size_t>(i)] = -1;
    differences.push_back(0);
    // W+ = 30 * 20.5 = 615, mean 410, variance 40*41*81/24 - (40^3 - 40)/48 = 4202.5
    const PairedTest test = wilcoxon(differences);
    CHECK(test.pairs == 40);
    CHECK(test.p == Approx(std::erfc(204.5 / std::sqrt(2 * 4202.5))));
  }
  SECTION("no differences, no evidence") {
    CHECK(wilcoxon(std::vector<double>{0, 0}).p == 1);
  }
}

TEST_CASE("Holm's procedure is monotone and capped") {
  const std::vector<double> adjusted = holm({0.01, 0.04, 0.03, 0.9});
  CHECK(adjusted[0] == Approx(0.04));
  CHECK(adjusted[2] == Approx(0.09));
  CHECK(adjusted[1] == Approx(0.09));
  CHECK(adjusted[3] == Approx(0.9));
}

TEST_CASE("a bootstrap of a mean covers it and repeats with its seed") {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i);
  const auto mean = [&](const std::vector<std::size_t>& drawn) {
    double sum = 0;
    for (std::size_t i : drawn) sum += values[i];
    return sum / double(drawn.size());
  };
  const Confidence spread = bootstrap(values.size(), 0.95, 3, mean);
  // The standard error of the mean is 28.87 / 10.
  CHECK(spread.low == Approx(49.5 - 1.96 * 2.887).margin(0.6));
  CHECK(spread.high == Approx(49.5 + 1.96 * 2.887).margin(0.6));
  CHECK(bootstrap(values.size(), 0.95, 3, mean).low == spread.low);
  CHECK(quantile({1, 2, 3, 4}, 0.5) == Approx(2.5));
}
