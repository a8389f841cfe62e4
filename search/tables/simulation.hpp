#pragma once
// Campaigns against a table in which every design's results are known: the same strategies, windows
// and order of results as a real campaign, in milliseconds.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/strategies/strategy.hpp"

namespace atto::search {

/// One training run at one rung.
struct TableResult {
  double value = 0;        ///< of the table's score, on validation
  bool diverged = false;   ///< it means nothing then
  double cpu_seconds = 0;  ///< cumulative from the run's start to this rung
  net::ResponsesByModule responses;
  double probe_cpu_seconds = 0;     ///< of `responses`
  std::optional<double> test = {};  ///< of the score, on images that no search sees; where known
};

struct TableDesign {
  std::uint64_t hash = 0;
  net::Assignment assignment;
  spec::Costs costs;
  std::vector<std::vector<TableResult>> runs;  ///< [training seed][rung]; all rungs in each
  net::ScoresByModule scores;
  double score_cpu_seconds = 0;  ///< of `scores`
};

struct Table {
  spec::Score score = spec::task_kinds().front().main_score();
  std::vector<int> rungs;  ///< cumulative epochs
  std::vector<TableDesign> designs;
  std::unordered_map<std::uint64_t, std::size_t> index;  ///< by hash

  void add(TableDesign design);
  /// Returns the cost of training every design once, in one run each.
  double total_cpu_seconds() const;
  /// Returns the number of training seeds that every design has.
  std::size_t common_runs() const;
  /// What a result gains over the worst; 0 where it diverged.
  double gain(const TableResult& result) const;
  /// Returns the mean gain at the top rung over every run but the visible one; on the test images
  /// where the table has them.
  double held_out_gain(std::size_t design, std::size_t visible_run) const;
};

/// Returns the designs that a space under narrower limits allows.
Table allowed_part(const Table& table, const gen::FeasibleSpace& space);

struct SimulationSetting {
  const gen::FeasibleSpace* space = nullptr;
  std::string strategy;
  spec::SearchSettings search;  ///< its rungs are the table's
  spec::Objective maximise;
  spec::Bound bound;                 ///< of the table's score
  std::uint64_t seed = 0;            ///< of the strategy
  std::size_t visible_run = 0;       ///< the training seed that the search sees
  double budget_cpu_seconds = 0;     ///< nothing counts that ends later
  double charged_per_job = 0;        ///< CPU-seconds of generator and inquisitor, a job
  std::vector<std::uint64_t> taken;  ///< designs that must not be proposed
};

/// One job.
struct SimulationStep {
  double cpu_seconds = 0;  ///< spent when it ends, all charges included
  std::size_t design = 0;  ///< in the table
  int rung = 0;
  std::size_t incumbent = 0;  ///< the design that the campaign would hand over now: at the highest
                              ///< rung the best by Strategy::belief(), else by the visible run
};

struct Simulation {
  std::vector<SimulationStep> steps;
  double strategy_cpu_seconds = 0;  ///< measured: what the strategy itself took
};

/// Runs a strategy against the table until its budget is spent or it is done. Depends on the
/// setting alone, but for the measured time. Throws InternalError when it proposes a design that
/// the table lacks.
Simulation simulate(const Table& table, const SimulationSetting& setting);

/// A training that an optimiser outside of this program asked for.
struct OutsideStep {
  double cpu_seconds = 0;  ///< spent when it ends, all charges included
  std::size_t design = 0;  ///< in the table; trained to the top rung
};

/// Returns the campaign that such trainings are, judged as one of simulate(): up to the setting's
/// budget, by its visible run. Strategy, space and seed of the setting play no part.
Simulation replay(const Table& table, const SimulationSetting& setting,
                  const std::vector<OutsideStep>& steps);

/// Returns the largest number of candidates whose work costs at most the budget on average designs
/// of the table, probes and scores included; at least 1.
int candidates_within(const Table& table, const StrategyEntry& strategy,
                      spec::SearchSettings search, double budget_cpu_seconds);

}  // namespace atto::search
