#include "search/tables/comparison.hpp"

#include <catch2/catch.hpp>

#include "design_specs/errors.hpp"
#include "tests/search/unit/synthetic_table.hpp"

using namespace atto;
using namespace atto::search;

namespace {

Contender contender(const std::string& label, const std::string& strategy, bool is_baseline) {
  Contender made;
  made.label = label;
  made.strategy = strategy;
  made.is_baseline = is_baseline;
  made.search.rungs.clear();
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

  const std::size_t regret = index_of(Measure::Regret), volume = index_of(Measure::Hypervolume);

  SECTION("a strategy against itself differs in nothing") {
    for (const Duel& duel : duels(outcomes, 0)) {
      if (duel.baseline != "random") continue;
      CHECK(duel.test.pairs == 0);
      CHECK(duel.adjusted_p == 1);
    }
  }
  SECTION("hypervolume grows while a campaign runs; regret is never below 0") {
    for (const Outcomes& strategy : outcomes)
      for (std::size_t budget = 0; budget < 2; ++budget) {
        for (const double value : strategy.results[regret][budget]) CHECK(value >= 0);
        for (const double value : strategy.results[volume][budget]) CHECK(value <= 1 + 1e-9);
        const std::vector<Quartiles>& at = strategy.progress[volume][budget];
        for (std::size_t moment = 1; moment < at.size(); ++moment)
          CHECK(at[moment - 1].median <= at[moment].median);
        for (const Measure measure : kMeasures)
          CHECK(strategy.progress[index_of(measure)][budget].back().median ==
                median_of(strategy, measure, budget));
      }
  }
  SECTION("more budget does not hurt the median") {
    for (const Outcomes& strategy : outcomes)
      CHECK(median_of(strategy, Measure::Regret, 1) <= median_of(strategy, Measure::Regret, 0));
  }
  SECTION("the best baseline has the best median, and what it reaches is reached somewhere") {
    for (const Measure measure : kMeasures) {
      const std::size_t best = best_baseline(outcomes, measure, 1);
      REQUIRE(outcomes[best].is_baseline);
      const double reached = median_of(outcomes[best], measure, 1);
      for (const Outcomes& strategy : outcomes)
        if (strategy.is_baseline)
          CHECK((measure == Measure::Regret ? reached <= median_of(strategy, measure, 1)
                                            : reached >= median_of(strategy, measure, 1)));
      const double share = share_to_reach(outcomes[best], setting.budgets, measure, reached);
      CHECK(share > 0);
      CHECK(share <= 0.2 + 1e-9);
    }
    CHECK(share_to_reach(outcomes[0], setting.budgets, Measure::Regret, -1) < 0);
    CHECK(share_to_reach(outcomes[0], setting.budgets, Measure::Hypervolume, 2) < 0);
  }
  SECTION("budgets where the best baseline is within the noise are not used") {
    for (const Duel& duel : duels(outcomes, 1e6)) CHECK_FALSE(duel.is_used);
  }
}

TEST_CASE("A contender may leave out rungs, but not the top one") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  ComparisonSetting setting;
  setting.space = made.space.get();
  setting.budgets = {0.05};
  setting.repetitions = 2;
  setting.contenders = {contender("asha", "random_asha", true)};
  setting.contenders[0].search.rungs = {3, 9};
  CHECK(compare(made.table, setting)[0].results[0][0].size() == 2);
  for (const std::vector<int>& rungs : {std::vector<int>{1, 3}, std::vector<int>{2, 9}}) {
    setting.contenders[0].search.rungs = rungs;
    CHECK_THROWS_AS(compare(made.table, setting), InternalError);
  }
}
