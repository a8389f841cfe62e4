#pragma once
// Strategies against each other on one table: repetitions at equal simulated CPU-seconds, regret
// and hypervolume over time, paired tests.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "search/tables/rank_statistics.hpp"
#include "search/tables/simulation.hpp"

namespace atto::search {

/// A strategy under its settings, or one with parts switched off. Its rungs are some of the
/// table's, the top one among them; none: all of the table's.
struct Contender {
  std::string label;
  std::string strategy;
  spec::SearchSettings search;
  bool is_baseline = true;
};

struct ComparisonSetting {
  const gen::FeasibleSpace* space = nullptr;
  spec::Objective maximise;
  spec::Bound bound;  ///< of the table's score
  std::vector<Contender> contenders;
  std::vector<double> budgets = {0.02, 0.05, 0.1, 0.2,
                                 0.3};  ///< shares of the table's cost, rising
  int repetitions = 100;
  std::uint64_t seed = 1;
  double charged_per_job = 0;  ///< CPU-seconds, of strategies that measure more than scores
};

/// What a campaign is judged by: regret in points of the score below the table's best, on the
/// training seeds not seen; hypervolume of the designs trained to the top rung, as a share of the
/// table's.
enum class Measure : std::uint8_t { Regret, Hypervolume };
inline constexpr std::array<Measure, 2> kMeasures = {Measure::Regret, Measure::Hypervolume};
/// By measure.
template <class T>
using ByMeasure = std::array<T, kMeasures.size()>;
constexpr std::size_t index_of(Measure measure) {
  return static_cast<std::size_t>(measure);
}

struct Quartiles {
  double low = 0, median = 0, high = 0;
};
/// A budget's equal parts at whose ends campaigns are looked at.
inline constexpr int kMoments = 60;

struct Outcomes {
  std::string label;
  bool is_baseline = true;
  ByMeasure<std::vector<std::vector<double>>> results;      ///< [budget][repetition], at the end
  ByMeasure<std::vector<std::vector<Quartiles>>> progress;  ///< [budget][moment], over repetitions
  double own_cpu_share = 0;    ///< of all it spent: what the strategy itself took, measured
  double own_cpu_per_job = 0;  ///< CPU-seconds, measured
};

/// Runs every contender at every budget. Repetition i of all contenders shares the visible training
/// seed and the strategy's seed (and with it the initial designs).
std::vector<Outcomes> compare(const Table& table, const ComparisonSetting& setting);

/// Campaigns of an optimiser outside of this program, one for each of the first repetitions (or for
/// all): those are the pairs. Every budget is a cut of the same campaign: its length must not steer
/// it.
struct OutsideContender {
  std::string label;
  bool is_baseline = true;
  std::vector<std::vector<OutsideStep>> campaigns;
};
/// Judges them as compare() judges its own.
Outcomes judge(const Table& table, const ComparisonSetting& setting,
               const OutsideContender& contender);

/// Returns the training seed that a repetition sees, of `runs`.
std::size_t visible_run(const ComparisonSetting& setting, std::size_t repetition, std::size_t runs);
/// Returns the seed of a repetition's strategies.
std::uint64_t strategy_seed(const ComparisonSetting& setting, std::size_t repetition);

double median_of(const Outcomes& outcomes, Measure measure, std::size_t budget);

/// Returns the index of the baseline of the best median; outcomes.size() without baselines.
std::size_t best_baseline(const std::vector<Outcomes>& outcomes, Measure measure,
                          std::size_t budget);

/// Contender against one baseline at one budget, by one measure.
struct Duel {
  std::string label, baseline;
  Measure measure = Measure::Regret;
  std::size_t budget = 0;
  bool is_used = false;   ///< the best baseline's median regret there exceeds the seed noise
  PairedTest test;        ///< effect 1: the contender is better in every pair
  double adjusted_p = 1;  ///< Holm's, over all pairs of the contender and the measure
};

/// Tests every contender that is no baseline. `seed_noise` in points.
std::vector<Duel> duels(const std::vector<Outcomes>& outcomes, double seed_noise);

/// Returns the smallest share of the table's cost at which the contender's median over time (of its
/// runs at any budget) is as good as `value`; a negative number where it never is.
double share_to_reach(const Outcomes& outcomes, const std::vector<double>& budgets, Measure measure,
                      double value);

/// The two-objective hypervolume of points in [0, 1]^2 over the origin: here the score against
/// MACs, each scaled from the table's worst value to its best.
double hypervolume_of(std::vector<std::pair<double, double>> points);

}  // namespace atto::search
