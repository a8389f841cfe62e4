#include "search/tables/simulation.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <utility>

#include "design_specs/errors.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/network/identity.hpp"
#include "search/strategies/rungs.hpp"

namespace atto::search {
namespace {

double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

/// Adds the time until its end to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(double& sum) : sum_(sum), start_(thread_cpu_seconds()) {}
  ~Stopwatch() { sum_ += thread_cpu_seconds() - start_; }

 private:
  double& sum_;
  double start_;
};

class Run {
 public:
  Run(const Table& table, const SimulationSetting& setting)
      : table_(table), setting_(setting), reached_(table.designs.size(), -1) {}

  Simulation run() {
    const StrategyEntry* entry = find_strategy(setting_.strategy);
    if (!entry) throw InternalError("simulate: no strategy named " + setting_.strategy);
    strategy_ = entry->make({setting_.space, setting_.search, setting_.seed, setting_.taken, {}});
    wants_ = entry->wants(setting_.search);
    const auto window = static_cast<std::size_t>(setting_.search.window);
    for (;;) {
      while (waiting_.size() >= window) show();
      std::optional<Proposal> proposal = ask();
      if (proposal) {
        if (!take(*proposal)) break;
      } else if (waiting_.empty()) {
        break;
      } else {
        show();
      }
    }
    while (!waiting_.empty()) show();
    return std::move(result_);
  }

  Simulation run(const std::vector<OutsideStep>& steps) {
    for (const OutsideStep& step : steps) {
      if (step.cpu_seconds > setting_.budget_cpu_seconds) break;
      const TableDesign& design = table_.designs.at(step.design);
      spent_ = step.cpu_seconds;
      Proposal proposal;
      proposal.hash = design.hash;
      proposal.rung = static_cast<int>(table_.rungs.size()) - 1;
      Observation seen;
      judge(design, design.runs.at(setting_.visible_run).back(), proposal, seen);
      result_.steps.push_back({spent_, step.design, seen.rung, step.design});
      note(seen);
    }
    return std::move(result_);
  }

 private:
  std::optional<Proposal> ask() {
    const Stopwatch watch(result_.strategy_cpu_seconds);
    return strategy_->propose(static_cast<std::int64_t>(result_.steps.size()));
  }

  void show() {
    const Stopwatch watch(result_.strategy_cpu_seconds);
    strategy_->observe(waiting_.front());
    strategy_->take_released();
    note(waiting_.front());
    waiting_.pop_front();
  }

  /// Trains what was proposed; false when that ends after the budget.
  bool take(const Proposal& proposal) {
    const auto found = table_.index.find(proposal.hash);
    if (found == table_.index.end())
      throw InternalError("simulate: the table has no design " + net::hash_text(proposal.hash));
    const TableDesign& design = table_.designs[found->second];
    const std::vector<TableResult>& run = design.runs.at(setting_.visible_run);
    const TableResult& at = run.at(static_cast<std::size_t>(proposal.rung));
    int& reached = reached_[found->second];
    Observation seen;
    seen.cpu_seconds = at.cpu_seconds;
    if (reached >= 0) seen.cpu_seconds -= run[static_cast<std::size_t>(reached)].cpu_seconds;
    if (wants_.responses) {
      seen.responses = at.responses;
      seen.cpu_seconds += at.probe_cpu_seconds;
    }
    if (static_cast<std::int64_t>(result_.steps.size()) < wants_.scored_jobs) {
      seen.scores = design.scores;
      if (reached < 0) seen.cpu_seconds += design.score_cpu_seconds;
    }
    spent_ += seen.cpu_seconds + setting_.charged_per_job;
    if (spent_ > setting_.budget_cpu_seconds) return false;
    reached = proposal.rung;
    judge(design, at, proposal, seen);
    result_.steps.push_back({spent_, found->second, seen.rung, found->second});
    waiting_.push_back(std::move(seen));
    return true;
  }

  void judge(const TableDesign& design, const TableResult& at, const Proposal& proposal,
             Observation& seen) const {
    seen.hash = proposal.hash;
    seen.rung = proposal.rung;
    seen.metrics.costs = design.costs;
    const spec::Score& score = table_.score;
    seen.metrics.scores[score.name] = at.value;
    seen.metrics.diverged = at.diverged;
    seen.value = spec::objective_value(setting_.maximise, seen.metrics);
    seen.meets = !at.diverged && at.value >= setting_.bound.min.value_or(score.low) &&
                 at.value <= setting_.bound.max.value_or(score.high);
  }

  /// Judges who would be handed over after a result: of the designs at the highest rung, the one
  /// that the strategy holds to be the best; without a strategy (or its opinion) by results.
  void note(const Observation& seen) {
    if (seen.rung > highest_) at_highest_.clear();
    highest_ = std::max(highest_, seen.rung);
    if (seen.rung == highest_ && std::isfinite(seen.value))
      at_highest_.push_back({seen.meets, seen.value, seen.hash});
    SimulationStep& step = result_.steps[shown_++];
    std::optional<Standing> best;
    for (Standing one : at_highest_) {
      if (strategy_) one.value = strategy_->belief(one.hash).value_or(one.value);
      if (!best || one < *best) best = one;
    }
    if (best) step.incumbent = table_.index.at(best->hash);
  }

  const Table& table_;
  const SimulationSetting& setting_;
  std::unique_ptr<Strategy> strategy_;
  Measurements wants_;
  std::vector<int> reached_;  ///< by design: the highest rung trained
  std::deque<Observation> waiting_;
  std::vector<Standing> at_highest_;  ///< the designs whose results are of the highest rung
  int highest_ = -1;
  std::size_t shown_ = 0;  ///< results
  double spent_ = 0;
  Simulation result_;
};

/// Mean CPU-seconds over the table: of training from the start to each rung, of probing once, of a
/// design's scores.
struct Means {
  std::vector<double> rungs;
  double probe = 0, scores = 0;

  double of(const Climb& climb) const {
    const double before = climb.from < 0 ? 0 : rungs[static_cast<std::size_t>(climb.from)];
    return rungs[static_cast<std::size_t>(climb.to)] - before;
  }
};

Means means_of(const Table& table) {
  Means means;
  means.rungs.resize(table.rungs.size());
  double runs = 0;
  for (const TableDesign& design : table.designs) {
    means.scores += design.score_cpu_seconds / double(table.designs.size());
    for (const std::vector<TableResult>& run : design.runs) {
      ++runs;
      for (std::size_t rung = 0; rung < run.size(); ++rung) {
        means.rungs[rung] += run[rung].cpu_seconds;
        means.probe += run[rung].probe_cpu_seconds / double(run.size());
      }
    }
  }
  for (double& cost : means.rungs) cost /= std::max(1.0, runs);
  means.probe /= std::max(1.0, runs);
  return means;
}

}  // namespace

void Table::add(TableDesign design) {
  index.emplace(design.hash, designs.size());
  designs.push_back(std::move(design));
}

double Table::total_cpu_seconds() const {
  double sum = 0;
  for (const TableDesign& design : designs) {
    double once = 0;
    for (const std::vector<TableResult>& run : design.runs) once += run.back().cpu_seconds;
    sum += once / static_cast<double>(design.runs.size());
  }
  return sum;
}

std::size_t Table::common_runs() const {
  std::size_t count = designs.empty() ? 0 : designs.front().runs.size();
  for (const TableDesign& design : designs) count = std::min(count, design.runs.size());
  return count;
}

double Table::gain(const TableResult& result) const {
  return result.diverged ? 0 : spec::gain_of(score, result.value);
}

double Table::held_out_gain(std::size_t design, std::size_t visible_run) const {
  const auto& runs = designs.at(design).runs;
  double sum = 0;
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (i != visible_run || runs.size() == 1) {
      const TableResult& result = runs[i].back();
      sum += result.test ? spec::gain_of(score, *result.test) : gain(result);
    }
  return sum / static_cast<double>(std::max<std::size_t>(1, runs.size() - 1));
}

Table allowed_part(const Table& table, const gen::FeasibleSpace& space) {
  Table part;
  part.score = table.score;
  part.rungs = table.rungs;
  for (const TableDesign& design : table.designs)
    if (space.allows(design.assignment)) part.add(design);
  return part;
}

Simulation simulate(const Table& table, const SimulationSetting& setting) {
  return Run(table, setting).run();
}

Simulation replay(const Table& table, const SimulationSetting& setting,
                  const std::vector<OutsideStep>& steps) {
  return Run(table, setting).run(steps);
}

int candidates_within(const Table& table, const StrategyEntry& strategy,
                      spec::SearchSettings search, double budget_cpu_seconds) {
  const Means means = means_of(table);
  int low = 1, high = static_cast<int>(table.designs.size()) + 1;
  while (high - low > 1) {
    search.candidates = low + (high - low) / 2;
    const Workload work = strategy.workload(search);
    const Measurements wants = strategy.wants(search);
    const double scored = std::min(double(search.candidates), double(wants.scored_jobs));
    double cost = scored * means.scores + (wants.responses ? work.jobs() * means.probe : 0);
    for (const Climb& climb : work.climbs) cost += climb.jobs * means.of(climb);
    (cost <= budget_cpu_seconds ? low : high) = search.candidates;
  }
  return low;
}

}  // namespace atto::search
