#include "search/strategies/rungs.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using search::KeptBest;
using search::Rung;
using search::Standing;

namespace {

std::vector<Standing> random_standings(std::size_t count, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<Standing> standings;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_lost = random.below(10) == 0;
    // Few values, so that ties are common and the hash decides.
    const double value =
        is_lost ? -std::numeric_limits<double>::infinity() : double(random.below(8)) / 8;
    standings.push_back({random.below(4) != 0, value, random.next()});
  }
  return standings;
}

/// The slow way: sort all, take the first `quota`, return the first that was not promoted.
std::optional<std::uint64_t> naive_promotable(std::vector<Standing> all, std::size_t quota,
                                              const std::vector<std::uint64_t>& promoted) {
  std::erase_if(all, [](const Standing& s) { return !(s.value > -1e300); });
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < std::min(quota, all.size()); ++i)
    if (std::find(promoted.begin(), promoted.end(), all[i].hash) == promoted.end())
      return all[i].hash;
  return {};
}

}  // namespace

TEST_CASE("A standing ranks by the indicator, then the value, then the hash") {
  CHECK(Standing{true, 0.1, 9} < Standing{false, 0.9, 1});
  CHECK(Standing{true, 0.9, 9} < Standing{true, 0.8, 1});
  CHECK(Standing{true, 0.9, 1} < Standing{true, 0.9, 9});
  CHECK_FALSE(Standing{true, 0.9, 1} < Standing{true, 0.9, 1});
}

TEST_CASE("A rung promotes what sorting everything anew would promote") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<Standing> standings = random_standings(60, seed);
    Rung rung;
    std::vector<Standing> so_far;
    std::vector<std::uint64_t> promoted;
    spec::Random random(seed + 100);
    for (const Standing& standing : standings) {
      rung.add(standing);
      so_far.push_back(standing);
      const std::size_t quota = so_far.size() / 3;
      const auto expected = naive_promotable(so_far, quota, promoted);
      REQUIRE(rung.promotable(quota) == expected);
      if (expected && random.below(3) != 0) {
        rung.mark_promoted(*expected);
        promoted.push_back(*expected);
        REQUIRE(rung.was_promoted(*expected));
      }
    }
    CHECK(rung.count() == standings.size());
  }
}

TEST_CASE("Asking a rung twice changes nothing") {
  Rung rung;
  for (const Standing& standing : random_standings(30, 5)) rung.add(standing);
  const auto first = rung.promotable(10);
  REQUIRE(first);
  CHECK(rung.promotable(10) == first);
}

TEST_CASE("The kept best are the best of all that came, and each other one leaves once") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<Standing> standings = random_standings(50, seed);
    KeptBest kept(7);
    std::vector<std::uint64_t> left;
    for (const Standing& standing : standings)
      if (const auto leaves = kept.add(standing)) left.push_back(*leaves);
    std::vector<Standing> best = standings;
    std::erase_if(best, [](const Standing& s) { return !(s.value > -1e300); });
    std::sort(best.begin(), best.end());
    best.resize(7);
    CHECK(left.size() == standings.size() - 7);
    for (const Standing& standing : best)
      CHECK(std::find(left.begin(), left.end(), standing.hash) == left.end());
  }
}
