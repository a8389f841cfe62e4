#include "search/comparison.hpp"

#include <catch2/catch.hpp>

#include "tests/search/synthetic_table.hpp"

using namespace atto;
using namespace atto::search;

namespace {

Contender contender(const std::string& label, const std::string& strategy, bool is_baseline) {
  Contender made;
  made.label = label;
  made.strategy = strategy;
  made.is_baseline = is_baseline;
  return made;
}

}  // namespace

TEST_CASE("Hypervolume adds what each point has beyond the others") {
  CHECK(hypervolume_of({}) == 0);
  CHECK(hypervolume_of({{0.5, 0.4}}) == Approx(0.2));
  CHECK(hypervolume_of({{0.5, 0.4}, {0.8, 0.1}, {0.4, 0.3}}) == Approx(0.8 * 0.1 + 0.5 * 0.3));
}

TEST_CASE("Strategies are compared in pairs at equal cost") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  ComparisonSetting setting;
  setting.space = made.space.get();
  setting.budgets = {0.05, 0.2};
  setting.repetitions = 12;
  setting.contenders = {contender("random", "random", true), contender("asha", "random_asha", true),
                        contender("again", "random", false)};
  const std::vector<Outcomes> outcomes = compare(made.table, setting);
  REQUIRE(outcomes.size() == 3);

  SECTION("a strategy against itself differs in nothing") {
    for (const Duel& duel : duels(outcomes, 0)) {
      if (duel.baseline != "random") continue;
      CHECK(duel.regret.pairs == 0);
      CHECK(duel.adjusted_p == 1);
      CHECK(duel.hypervolume.pairs == 0);
    }
  }
  SECTION("hypervolume grows while a campaign runs; regret is never below 0") {
    for (const Outcomes& strategy : outcomes)
      for (const std::vector<Repetition>& budget : strategy.repetitions)
        for (const Repetition& repetition : budget) {
          CHECK(repetition.regret >= 0);
          CHECK(repetition.regret_at.back() == repetition.regret);
          CHECK(repetition.hypervolume_at.front() <= repetition.hypervolume);
          CHECK(repetition.hypervolume <= 1 + 1e-9);
        }
  }
  SECTION("more budget does not hurt the median") {
    for (const Outcomes& strategy : outcomes)
      CHECK(median_regret(strategy, 1) <= median_regret(strategy, 0));
  }
  SECTION("the best baseline has the lowest median, and its regret is reached somewhere") {
    const std::size_t best = best_baseline(outcomes, 1);
    REQUIRE(outcomes[best].is_baseline);
    const double regret = median_regret(outcomes[best], 1);
    CHECK(regret <= median_regret(outcomes[0], 1));
    CHECK(regret <= median_regret(outcomes[1], 1));
    const double share = share_to_reach(outcomes[best], setting.budgets, regret);
    CHECK(share > 0);
    CHECK(share <= 0.2 + 1e-9);
    CHECK(share_to_reach(outcomes[best], setting.budgets, -1) < 0);
  }
  SECTION("budgets where the best baseline is within the noise are not used") {
    for (const Duel& duel : duels(outcomes, 1e6)) CHECK_FALSE(duel.is_used);
  }
}
