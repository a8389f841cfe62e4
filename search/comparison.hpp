#pragma once
// Strategies against each other on one table: repetitions at equal simulated CPU-seconds, regret
// and hypervolume over time, paired tests.

#include <cstdint>
#include <string>
#include <vector>

#include "search/rank_statistics.hpp"
#include "search/simulation.hpp"

namespace atto::search {

/// A strategy under its settings, or one with parts switched off.
struct Contender {
  std::string label;
  std::string strategy;
  spec::SearchSettings search;
  bool is_baseline = true;
};

struct ComparisonSetting {
  const gen::FeasibleSpace* space = nullptr;
  spec::Objective maximise;
  spec::Bound top1;
  std::vector<Contender> contenders;
  std::vector<double> budgets = {0.02, 0.05, 0.1, 0.2,
                                 0.3};  ///< shares of the table's cost, rising
  int repetitions = 100;
  std::uint64_t seed = 1;
  double charged_per_job = 0;  ///< CPU-seconds, of strategies that measure more than accuracy
};

/// One campaign: what it hands over at its end, and on the way.
struct Repetition {
  double regret = 0;       ///< points of top-1 below the table's best, on the seeds not seen
  double hypervolume = 0;  ///< of the designs trained to the top rung, as a share of the table's
  std::vector<double> regret_at, hypervolume_at;  ///< at kMoments equal shares of its budget
};
inline constexpr int kMoments = 60;

struct Outcomes {
  std::string label;
  bool is_baseline = true;
  std::vector<std::vector<Repetition>> repetitions;  ///< [budget][repetition]
  double own_cpu_share = 0;  ///< of all it spent: what the strategy itself took, measured
};

/// Runs every contender at every budget. Repetition i of all contenders shares the visible training
/// seed and the strategy's seed (and with it the initial designs).
std::vector<Outcomes> compare(const Table& table, const ComparisonSetting& setting);

/// Contender against one baseline at one budget.
struct Duel {
  std::string label, baseline;
  std::size_t budget = 0;
  bool is_used = false;  ///< the best baseline's median regret there exceeds the seed noise
  PairedTest regret, hypervolume;  ///< of baseline minus contender, and contender minus baseline
  double adjusted_p = 1, adjusted_hypervolume_p = 1;  ///< Holm's, over all pairs of the contender
};

/// Tests every contender that is no baseline. `seed_noise` in points.
std::vector<Duel> duels(const std::vector<Outcomes>& outcomes, double seed_noise);

/// Returns the budget's index where the baseline of the lowest median regret stands, and its label.
std::size_t best_baseline(const std::vector<Outcomes>& outcomes, std::size_t budget);

/// Returns the smallest share of the table's cost at which the contender's median regret over time
/// (of its runs at any budget) is at most `regret`; a negative number where it never is.
double share_to_reach(const Outcomes& outcomes, const std::vector<double>& budgets, double regret);

double median_regret(const Outcomes& outcomes, std::size_t budget);

/// The two-objective hypervolume of (top-1, MACs) points over (0, ceiling), accuracy times the
/// share of the ceiling that is left free, each point in [0, 1].
double hypervolume_of(std::vector<std::pair<double, double>> points);

}  // namespace atto::search
