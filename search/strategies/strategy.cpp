#include "search/strategies/strategy.hpp"

#include <algorithm>
#include <cmath>

namespace atto::search {
namespace {

int top_of(const spec::SearchSettings& search) {
  return static_cast<int>(search.rungs.size()) - 1;
}

Workload first_then_top(const spec::SearchSettings& search) {
  Workload work{{{double(search.candidates), -1, 0}}};
  if (top_of(search) > 0)
    work.climbs.push_back({double(promotions(search, static_cast<std::size_t>(search.candidates))),
                           0, top_of(search)});
  return work;
}

Measurements nothing(const spec::SearchSettings&) {
  return {};
}

constexpr StrategyEntry kStrategies[] = {
    {"random", "every design to the top rung", make_random, all_to_the_top, nothing},
    {"random_asha", "random designs under asynchronous successive halving", make_random_asha,
     halving, nothing},
    {"one_epoch_top_k", "all designs to the first rung, the best of them to the top",
     make_one_epoch_top_k, first_then_top, nothing},
    {"aging_evolution", "mutation and crossover in a population that ages (Real et al. 2019)",
     make_aging_evolution, all_to_the_top, nothing},
    {"generative_synthesis",
     "a generator that learns from an inquisitor what each module should be",
     make_generative_synthesis, work_of_generative_synthesis, wants_of_generative_synthesis},
};

}  // namespace

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

std::span<const StrategyEntry> strategies() {
  return kStrategies;
}

const StrategyEntry* find_strategy(std::string_view name) {
  for (const StrategyEntry& entry : kStrategies)
    if (entry.name == name) return &entry;
  return nullptr;
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
