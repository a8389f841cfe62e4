#include "search/strategies/strategy.hpp"

#include <algorithm>
#include <cmath>

namespace atto::search {
namespace {

int top_of(const spec::SearchSettings& search) {
  return static_cast<int>(search.rungs.size()) - 1;
}

}  // namespace

// Each in the file of its strategy.
extern const StrategyEntry kRandom, kRandomAsha, kOneEpochTopK, kAgingEvolution, kLocalSearch,
    kGenerativeSynthesis;

std::span<const StrategyEntry> strategies() {
  static const StrategyEntry all[] = {kRandom,         kRandomAsha,  kOneEpochTopK,
                                      kAgingEvolution, kLocalSearch, kGenerativeSynthesis};
  return all;
}

std::span<const std::string_view> strategy_names() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const StrategyEntry& entry : strategies()) all.push_back(entry.name);
    return all;
  }();
  return names;
}

const StrategyEntry* find_strategy(std::string_view name) {
  for (const StrategyEntry& entry : strategies())
    if (entry.name == name) return &entry;
  return nullptr;
}

double Workload::jobs() const {
  double sum = 0;
  for (const Climb& climb : climbs) sum += climb.jobs;
  return sum;
}

double Workload::epochs(const std::vector<int>& rungs) const {
  double sum = 0;
  for (const Climb& climb : climbs)
    sum += climb.jobs * (rungs[static_cast<std::size_t>(climb.to)] -
                         (climb.from < 0 ? 0 : rungs[static_cast<std::size_t>(climb.from)]));
  return sum;
}

std::size_t promotions(const spec::SearchSettings& search, std::size_t count) {
  const auto share = static_cast<std::size_t>(std::ceil(search.promote * double(count) - 1e-9));
  return std::min(count, std::max(share, static_cast<std::size_t>(std::max(1, search.finalists))));
}

Workload all_to_the_top(const spec::SearchSettings& search) {
  return {{{double(search.candidates), -1, top_of(search)}}};
}

Workload halving(const spec::SearchSettings& search) {
  Workload work;
  std::size_t count = static_cast<std::size_t>(search.candidates);
  for (int rung = 0; rung <= top_of(search); ++rung) {
    work.climbs.push_back({double(count), rung - 1, rung});
    count = promotions(search, count);
  }
  return work;
}

}  // namespace atto::search
