// Compares strategies on synthetic tables: landscapes [REPETITIONS [LANDSCAPE|all
// [STRATEGY...]]]. Prints the
// median regret in points of top-1 at each share of a table's cost, and the strategy's own CPU
// share.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/search/unit/synthetic_table.hpp"

using namespace atto;

namespace {

constexpr double kShares[] = {0.02, 0.05, 0.1, 0.2, 0.3};
constexpr int kRuns = 3;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

double best_held_out(const search::Table& table, std::size_t visible) {
  double best = 0;
  for (std::size_t i = 0; i < table.designs.size(); ++i)
    best = std::max(best, table.held_out_gain(i, visible));
  return best;
}

/// One strategy on one landscape: a fresh table every ten repetitions, so that no single draw of
/// the effects decides.
void compare(const test::LandscapeShape& shape, bool widths, const std::string& strategy,
             int repetitions) {
  std::vector<double> regrets[std::size(kShares)];
  double own = 0, all = 0;
  test::SyntheticTable made;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    if (repetition % 10 == 0)
      made = test::make_table(shape, widths, kRuns, 100 + std::uint64_t(repetition));
    const std::size_t visible = std::size_t(repetition) % kRuns;
    const double best = best_held_out(made.table, visible);
    for (std::size_t s = 0; s < std::size(kShares); ++s) {
      search::SimulationSetting setting;
      setting.space = made.space.get();
      setting.strategy = strategy;
      setting.search.rungs = made.table.rungs;
      setting.seed = std::uint64_t(repetition);
      setting.visible_run = visible;
      setting.budget_cpu_seconds = kShares[s] * made.table.total_cpu_seconds();
      setting.search.candidates = search::candidates_within(
          made.table, *search::find_strategy(strategy), setting.search, setting.budget_cpu_seconds);
      const search::Simulation result = search::simulate(made.table, setting);
      own += result.strategy_cpu_seconds;
      all += result.steps.empty() ? 0 : result.steps.back().cpu_seconds;
      const std::size_t chosen = result.steps.empty() ? 0 : result.steps.back().incumbent;
      regrets[s].push_back(100 * (best - made.table.held_out_gain(chosen, visible)));
    }
  }
  fmt::print("{:12} {:7} {:24}", shape.name, widths ? "widths" : "modules", strategy);
  for (auto& values : regrets) fmt::print(" {:6.3f}", median(values));
  fmt::print("   own CPU {:.2f} %\n", 100 * own / all);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 30;
  const std::string only = argc > 2 ? argv[2] : "all";
  std::vector<std::string> names(argv + std::min(argc, 3), argv + argc);
  if (names.empty())
    for (const search::StrategyEntry& entry : search::strategies()) names.emplace_back(entry.name);
  for (const test::LandscapeShape& shape : test::landscape_shapes())
    for (const bool widths : {false, true}) {
      if (only != "all" && only != shape.name) continue;
      for (const std::string& name : names) compare(shape, widths, name, repetitions);
    }
  return 0;
}
