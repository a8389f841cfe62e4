#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "design_specs/requirements/design_spec.hpp"

using namespace atto::spec;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Requirements ceilings() {
  Requirements require;
  require.params.max = 326'000;
  require.macs.max = 1'000'000;
  require.peak_activation_kib.max = 100;
  return require;
}

std::vector<std::string> texts(const std::vector<Miss>& misses) {
  std::vector<std::string> texts;
  for (const Miss& miss : misses) texts.push_back(miss.text);
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("Cost requirements are met up to and including their bounds") {
  Requirements require = ceilings();
  CHECK(cost_misses(require, 0.9, {326'000, 1'000'000, 102'400, 1}).empty());
  CHECK(texts(cost_misses(require, 0.9, {412'306, 1'000'001, 102'401, 1})) ==
        Texts{"params: 412,306 > max 326,000", "macs: 1,000,001 > max 1,000,000",
              "peak_activation_kib: 100.000 > max 100"});
  require.params.min = 1000;
  require.model_kib.min = 2;
  CHECK(texts(cost_misses(require, 0, {999, 1, 1, 2047})) ==
        Texts{"params: 999 < min 1,000", "model_kib: 1.999 < min 2"});
}

TEST_CASE("The band asks that one ceiling be used to its share") {
  const Requirements require = ceilings();
  CHECK(tightest_use(require, {163'000, 250'000, 0, 0}) == 0.5);
  CHECK(cost_misses(require, 0.9, {1000, 900'000, 0, 0}).empty());
  const auto missed = cost_misses(require, 0.9, {1000, 899'999, 0, 0});
  REQUIRE(missed.size() == 1);
  CHECK(missed[0].requirement == "band");
  CHECK(missed[0].text == "band: uses 90.0% of the tightest ceiling, < 90.0%");
  CHECK(cost_misses(require, 0, {1, 1, 0, 0}).empty());
  SECTION("without ceilings there is no band") {
    CHECK(cost_misses({}, 0.9, {1, 1, 1, 1}).empty());
    CHECK(tightest_use({}, {1, 1, 1, 1}) == 0);
  }
}

TEST_CASE("A band of shares asks that each ceiling it names be used to its own share") {
  const Requirements require = ceilings();
  Band band;
  band.params = 0.8;
  band.macs = 0.9;
  CHECK(cost_misses(require, band, {260'800, 900'000, 0, 0}).empty());
  CHECK(texts(cost_misses(require, band, {260'799, 899'999, 0, 0})) ==
        Texts{"band: uses 80.0% of params.max, < 80.0%", "band: uses 90.0% of macs.max, < 90.0%"});
  CHECK(cost_misses(require, band, {1000, 1'000'000, 0, 0})[0].requirement == "band");
  CHECK(cost_misses({}, band, {1, 1, 1, 1}).empty());
}

TEST_CASE("What is required but not measured is a miss") {
  Requirements require;
  require.scores["top1"].min = 0.65;
  require.latency_ms.max = 12;
  Metrics metrics;
  CHECK(texts(misses(require, 0, metrics)) ==
        Texts{"latency_ms: not measured", "top1: not measured"});
  metrics.scores["top1"] = 0.65;
  metrics.figures.latency_ms = 12;
  CHECK(misses(require, 0, metrics).empty());
  metrics.scores["top1"] = 0.6499;
  metrics.figures.latency_ms = 12.5;
  CHECK(texts(misses(require, 0, metrics)) ==
        Texts{"latency_ms: 12.5 > max 12", "top1: 0.6499 < min 0.65"});
  metrics.scores["top1"] = std::nan("");
  metrics.figures.latency_ms = 1;
  CHECK(misses(require, 0, metrics).size() == 1);
  metrics.diverged = true;
  CHECK(texts(misses(require, 0, metrics)) == Texts{"top1: training diverged"});
  CHECK(misses({}, 0, metrics).empty());
}

TEST_CASE("Costs are counted once for each resolution that a requirement names") {
  Requirements require = ceilings();
  require.macs.at = 224;
  require.model_kib.at = 224;
  int calls = 0;
  const Costs costs = required_costs(require, [&](std::optional<int> at) {
    ++calls;
    return at ? Costs{10, 20, 30, 40} : Costs{1, 2, 3, 4};
  });
  CHECK(calls == 2);
  CHECK(costs == Costs{1, 20, 3, 40});
}

TEST_CASE("NetScore follows its formula and ranks failures last") {
  // 20 log10(70^2 / (sqrt(4) sqrt(0.25))) = 40 log10(70)
  CHECK(netscore(0.7, {4'000'000, 250'000'000, 0, 0}, 2, 0.5, 0.5) ==
        Approx(40 * std::log10(70.0)).epsilon(1e-12));
  CHECK(netscore(0, {1, 1, 0, 0}, 2, 0.5, 0.5) == -kInfinity);
  CHECK(netscore(std::nan(""), {1, 1, 0, 0}, 2, 0.5, 0.5) == -kInfinity);
  CHECK(std::isfinite(netscore(0.5, {0, 0, 0, 0}, 2, 0.5, 0.5)));
}

TEST_CASE("The objective is top-1 or NetScore, and minus infinity for what failed") {
  Metrics metrics{{4'000'000, 250'000'000, 0, 0}, {{"top1", 0.7}}, {}, false};
  CHECK(objective_value({}, metrics) == 0.7);
  CHECK(objective_value({.is_netscore = true}, metrics) == Approx(40 * std::log10(70.0)));
  metrics.diverged = true;
  CHECK(objective_value({}, metrics) == -kInfinity);
  metrics = {{}, {{"top1", 0.0}}, {}, false};
  CHECK(objective_value({}, metrics) == 0);  // a detector's first epochs may find nothing
  CHECK(objective_value({.is_netscore = true}, metrics) == -kInfinity);
  metrics.scores.clear();
  CHECK(objective_value({}, metrics) == -kInfinity);
  CHECK(objective_value({.is_netscore = true}, metrics) == -kInfinity);
}
