#include "search/tables/simulation.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "search/tables/comparison.hpp"
#include "tests/search/unit/synthetic_table.hpp"

using namespace atto;
using namespace atto::search;

namespace {

SimulationSetting setting_on(const test::SyntheticTable& made, const std::string& strategy,
                             double share) {
  SimulationSetting setting;
  setting.space = made.space.get();
  setting.strategy = strategy;
  setting.search.rungs = made.table.rungs;
  setting.search.candidates = 40;
  setting.seed = 3;
  setting.budget_cpu_seconds = share * made.table.total_cpu_seconds();
  return setting;
}

}  // namespace

TEST_CASE(
    "A simulated campaign spends what its jobs cost, and hands over a design of the top rung: the "
    "best result where nothing is learnt") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  REQUIRE(made.table.designs.size() > 400);
  for (const StrategyEntry& entry : strategies()) {
    INFO(entry.name);
    const SimulationSetting setting = setting_on(made, std::string(entry.name), 1);
    const Simulation result = simulate(made.table, setting);
    const Measurements wants = entry.wants(setting.search);
    std::vector<int> reached(made.table.designs.size(), -1);
    double spent = 0;
    for (const SimulationStep& step : result.steps) {
      const auto& run = made.table.designs[step.design].runs[0];
      const TableResult& at = run[std::size_t(step.rung)];
      int& before = reached[step.design];
      REQUIRE(step.rung > before);
      spent += at.cpu_seconds - (before < 0 ? 0 : run[std::size_t(before)].cpu_seconds);
      if (wants.responses) spent += at.probe_cpu_seconds;
      if (&step - result.steps.data() < wants.scored_jobs && before < 0)
        spent += made.table.designs[step.design].score_cpu_seconds;
      before = step.rung;
      CHECK(step.cpu_seconds == Approx(spent));
    }
    const std::size_t chosen = result.steps.back().incumbent;
    REQUIRE(reached[chosen] == 2);
    for (std::size_t d = 0; d < reached.size(); ++d)
      if (reached[d] == 2 && entry.name != "generative_synthesis")
        CHECK(made.table.designs[d].runs[0][2].value <=
              made.table.designs[chosen].runs[0][2].value);
  }
}

TEST_CASE("What a strategy that learns hands over was less lucky than the best result") {
  test::LandscapeShape noisy;
  noisy.seed_sd = 1;
  const test::SyntheticTable made = test::make_table(noisy, false, 3, 5);
  double handed = 0, luckiest = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SimulationSetting setting = setting_on(made, "generative_synthesis", 0.1);
    setting.seed = seed;
    setting.visible_run = seed % 3;
    const Simulation result = simulate(made.table, setting);
    const auto visible = [&](std::size_t design) {
      return made.table.designs[design].runs[setting.visible_run].back().value;
    };
    std::size_t best = result.steps.back().incumbent;
    for (const SimulationStep& step : result.steps)
      if (step.rung == 2 && visible(step.design) > visible(best)) best = step.design;
    handed += made.table.held_out_gain(result.steps.back().incumbent, setting.visible_run);
    luckiest += made.table.held_out_gain(best, setting.visible_run);
  }
  CHECK(handed > luckiest);
}

TEST_CASE("A simulation repeats itself, ends within its budget, and sees the visible run only") {
  test::SyntheticTable made = test::make_table({}, true, 3, 2);
  SimulationSetting setting = setting_on(made, "random_asha", 0.03);
  const Simulation first = simulate(made.table, setting), again = simulate(made.table, setting);
  REQUIRE(first.steps.size() == again.steps.size());
  CHECK(first.steps.back().cpu_seconds <= setting.budget_cpu_seconds);
  for (std::size_t i = 0; i < first.steps.size(); ++i)
    CHECK(first.steps[i].design == again.steps[i].design);
  for (TableDesign& design : made.table.designs) design.runs[1].back().value = 0.5;
  CHECK(simulate(made.table, setting).steps.back().incumbent == first.steps.back().incumbent);
  setting.charged_per_job = setting.budget_cpu_seconds / 4;
  CHECK(simulate(made.table, setting).steps.size() == 3);
}

TEST_CASE("Held-out accuracy is the mean of the runs that the search did not see") {
  Table table;
  TableDesign design;
  for (const double value : {0.5, 0.7, 0.8}) design.runs.push_back({{value, false, 1, {}, 0}});
  table.add(design);
  CHECK(table.held_out_gain(0, 0) == Approx(0.75));
  CHECK(table.held_out_gain(0, 2) == Approx(0.6));
  table.designs[0].runs[1].back().diverged = true;
  CHECK(table.held_out_gain(0, 2) == Approx(0.25));
}

TEST_CASE("As many candidates are taken as a budget pays for") {
  const test::SyntheticTable made = test::make_table({}, false, 1, 1);
  const double total = made.table.total_cpu_seconds();
  spec::SearchSettings search;
  search.rungs = made.table.rungs;
  const int all = candidates_within(made.table, *find_strategy("random"), search, 0.1 * total);
  CHECK(all == int(0.1 * double(made.table.designs.size())));
  const int halved =
      candidates_within(made.table, *find_strategy("random_asha"), search, 0.1 * total);
  CHECK(halved > 3 * all);

  // A first rung that costs more than its share of the epochs is priced as it is.
  Table slow = made.table;
  for (TableDesign& design : slow.designs)
    for (std::vector<TableResult>& run : design.runs) run[0].cpu_seconds *= 2;
  CHECK(slow.total_cpu_seconds() == total);
  CHECK(candidates_within(slow, *find_strategy("random"), search, 0.1 * total) == all);
  CHECK(candidates_within(slow, *find_strategy("random_asha"), search, 0.1 * total) < 0.9 * halved);
}

TEST_CASE("A plan too small to learn from is a random sample, trained to the top and unmeasured") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 1);
  const auto trained = [&](const char* strategy, int candidates) {
    SimulationSetting setting = setting_on(made, strategy, 1);
    setting.search.candidates = candidates;
    std::vector<std::pair<std::size_t, int>> steps;
    for (const SimulationStep& step : simulate(made.table, setting).steps)
      steps.emplace_back(step.design, step.rung);
    return steps;
  };
  const StrategyEntry& ours = *find_strategy("generative_synthesis");
  spec::SearchSettings search;
  search.candidates = 7;
  CHECK(trained("generative_synthesis", 7) == trained("random", 7));
  CHECK_FALSE(ours.wants(search).responses);
  CHECK(ours.wants(search).scored_jobs == 0);
  CHECK(ours.workload(search).jobs() == 7);
  search.candidates = 8;
  CHECK(trained("generative_synthesis", 8) != trained("random", 8));
  CHECK(ours.wants(search).responses);
  CHECK(ours.workload(search).jobs() > 8);
}

TEST_CASE("Work for the front brings small designs to the top, some work for the objective alone") {
  const test::SyntheticTable made = test::make_table({}, false, 3, 4);
  // Mean over seeds: hypervolume of the designs at the top, and the best top-1 among them.
  const auto mean = [&](double front) {
    double volume = 0, best = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      SimulationSetting setting = setting_on(made, "generative_synthesis", 0.1);
      setting.search.synthesis.front = front;
      setting.seed = seed;
      std::vector<std::pair<double, double>> points;
      double highest = 0;
      for (const SimulationStep& step : simulate(made.table, setting).steps) {
        if (step.rung != 2) continue;
        const TableDesign& design = made.table.designs[step.design];
        points.emplace_back(design.runs[0][2].value, 1e3 / double(design.costs.macs));
        highest = std::max(highest, points.back().first);
      }
      volume += hypervolume_of(points) / 6;
      best += highest / 6;
    }
    return std::pair(volume, best);
  };
  const auto [none, alone] = mean(0);
  const auto [some, beside] = mean(1.0 / 3);
  CHECK(some > none);
  CHECK(beside > alone - 0.02);
}
