#include "search/strategy.hpp"

#include <algorithm>
#include <cmath>

namespace atto::search {
namespace {

Workload all_to_the_top(const spec::SearchSettings& search) {
  return {double(search.candidates), double(search.candidates) * search.rungs.back()};
}

Workload halving(const spec::SearchSettings& search) {
  Workload work;
  std::size_t count = static_cast<std::size_t>(search.candidates);
  int before = 0;
  for (int epochs : search.rungs) {
    work.jobs += double(count);
    work.epochs += double(count) * (epochs - before);
    before = epochs;
    count = promotions(search, count);
  }
  return work;
}

Workload first_then_top(const spec::SearchSettings& search) {
  const double best = double(promotions(search, static_cast<std::size_t>(search.candidates)));
  const bool is_one_rung = search.rungs.size() == 1;
  return {search.candidates + (is_one_rung ? 0 : best),
          double(search.candidates) * search.rungs.front() +
              best * (search.rungs.back() - search.rungs.front())};
}

Workload synthesis(const spec::SearchSettings& search) {
  return search.synthesis.rungs ? halving(search) : all_to_the_top(search);
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
     make_generative_synthesis, synthesis, wants_of_generative_synthesis},
};

}  // namespace

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

}  // namespace atto::search
