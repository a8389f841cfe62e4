#include "search/tables/comparison.hpp"

#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "design_specs/parallel.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::search {
namespace {

/// The table as one visible seed leaves it: what every design is worth on the others.
struct Truth {
  std::vector<double> gains;
  double best = 0, worst = 0, most_macs = 0, least_macs = 0, full_hypervolume = 0;

  Truth(const Table& table, std::size_t visible) {
    for (std::size_t i = 0; i < table.designs.size(); ++i) {
      const auto macs = double(table.designs[i].costs.macs);
      most_macs = std::max(most_macs, macs);
      least_macs = i == 0 ? macs : std::min(least_macs, macs);
      gains.push_back(table.held_out_gain(i, visible));
      best = std::max(best, gains.back());
      worst = i == 0 ? gains.back() : std::min(worst, gains.back());
    }
    std::vector<std::pair<double, double>> points;
    for (std::size_t i = 0; i < table.designs.size(); ++i) points.push_back(point(table, i));
    full_hypervolume = hypervolume_of(points);
  }
  /// Both between the table's worst value (0) and its best (1).
  std::pair<double, double> point(const Table& table, std::size_t design) const {
    const auto macs = double(table.designs[design].costs.macs);
    return {(gains[design] - worst) / std::max(1e-9, best - worst),
            (most_macs - macs) / std::max(1.0, most_macs - least_macs)};
  }
};

/// One campaign.
struct Trace {
  ByMeasure<std::array<double, kMoments>> at;
  double own_cpu_seconds = 0, cpu_seconds = 0;
  std::size_t jobs = 0;
};

/// The table with some of its rungs.
Table at_rungs(const Table& table, const std::vector<int>& rungs) {
  Table part = table;
  std::vector<std::size_t> kept;
  for (std::size_t r = 0; r < table.rungs.size(); ++r)
    if (std::find(rungs.begin(), rungs.end(), table.rungs[r]) != rungs.end()) kept.push_back(r);
  if (kept.size() != rungs.size() || rungs.back() != table.rungs.back())
    throw InternalError("compare: the table lacks a rung, or its top one is left out");
  part.rungs = rungs;
  for (TableDesign& design : part.designs)
    for (std::vector<TableResult>& run : design.runs) {
      std::vector<TableResult> results;
      for (const std::size_t r : kept) results.push_back(std::move(run[r]));
      run = std::move(results);
    }
  return part;
}

class Referee {
 public:
  Referee(const Table& table, const ComparisonSetting& setting)
      : table_(table), setting_(setting), total_(table.total_cpu_seconds()) {
    for (std::size_t seed = 0; seed < table.common_runs(); ++seed)
      truths_.emplace_back(table, seed);
  }

  Outcomes run(const Contender& contender) const {
    const std::vector<int>& rungs =
        contender.search.rungs.empty() ? table_.rungs : contender.search.rungs;
    const Table part = at_rungs(table_, rungs);
    const auto simulated = [&](double budget, std::size_t number) {
      return repeat(part, contender, budget, number);
    };
    return run(contender.label, contender.is_baseline,
               static_cast<std::size_t>(setting_.repetitions), simulated);
  }

  Outcomes run(const OutsideContender& contender) const {
    const auto replayed = [&](double budget, std::size_t number) {
      const SimulationSetting simulation = simulation_of(budget, number);
      return trace_of(replay(table_, simulation, contender.campaigns.at(number)), simulation,
                      table_);
    };
    return run(contender.label, contender.is_baseline, contender.campaigns.size(), replayed);
  }

 private:
  template <class Repeat>
  Outcomes run(const std::string& label, bool is_baseline, std::size_t count,
               const Repeat& repeat) const {
    Outcomes outcomes{label, is_baseline, {}, {}, 0, 0};
    double own = 0, all = 0, jobs = 0;
    for (const double budget : setting_.budgets) {
      std::vector<Trace> traces(count);
      spec::parallel_for(traces.size(), 1, [&](std::size_t i) { traces[i] = repeat(budget, i); });
      for (const Trace& trace : traces) {
        own += trace.own_cpu_seconds;
        all += trace.cpu_seconds;
        jobs += static_cast<double>(trace.jobs);
      }
      for (const Measure measure : kMeasures) summarise(traces, measure, outcomes);
    }
    outcomes.own_cpu_share = all > 0 ? own / all : 0;
    outcomes.own_cpu_per_job = jobs > 0 ? own / jobs : 0;
    return outcomes;
  }

  static void summarise(const std::vector<Trace>& traces, Measure measure, Outcomes& outcomes) {
    const std::size_t m = index_of(measure);
    std::vector<double>& results = outcomes.results[m].emplace_back();
    for (const Trace& trace : traces) results.push_back(trace.at[m].back());
    std::vector<Quartiles>& progress = outcomes.progress[m].emplace_back();
    for (std::size_t moment = 0; moment < kMoments; ++moment) {
      std::vector<double> values;
      for (const Trace& trace : traces) values.push_back(trace.at[m][moment]);
      progress.push_back({quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)});
    }
  }

  SimulationSetting simulation_of(double budget, std::size_t number) const {
    SimulationSetting simulation;
    simulation.space = setting_.space;
    simulation.maximise = setting_.maximise;
    simulation.bound = setting_.bound;
    simulation.seed = strategy_seed(setting_, number);
    simulation.visible_run = visible_run(setting_, number, truths_.size());
    simulation.budget_cpu_seconds = budget * total_;
    return simulation;
  }

  Trace repeat(const Table& part, const Contender& contender, double budget,
               std::size_t number) const {
    SimulationSetting simulation = simulation_of(budget, number);
    simulation.strategy = contender.strategy;
    simulation.search = contender.search;
    simulation.search.rungs = part.rungs;
    simulation.charged_per_job = contender.is_baseline ? 0 : setting_.charged_per_job;
    simulation.search.candidates = candidates_within(
        part, *find_strategy(contender.strategy), simulation.search, simulation.budget_cpu_seconds);
    return trace_of(simulate(part, simulation), simulation, part);
  }

  Trace trace_of(const Simulation& result, const SimulationSetting& simulation,
                 const Table& part) const {
    Trace trace =
        judge(result, truths_[simulation.visible_run], simulation.budget_cpu_seconds, part);
    trace.own_cpu_seconds = result.strategy_cpu_seconds;
    trace.cpu_seconds = result.steps.empty() ? 0 : result.steps.back().cpu_seconds;
    trace.jobs = result.steps.size();
    return trace;
  }

  /// Before its first result a campaign stands at the whole regret and no volume.
  static Trace judge(const Simulation& result, const Truth& truth, double budget,
                     const Table& part) {
    Trace trace;
    const int top = static_cast<int>(part.rungs.size()) - 1;
    std::vector<std::pair<double, double>> points;
    const double points_of = spec::scale_of(part.score);  // regret is in points of a share
    double regret = points_of * truth.best, volume = 0;
    std::size_t step = 0;
    for (int moment = 0; moment < kMoments; ++moment) {
      const double until = budget * (moment + 1) / kMoments;
      const std::size_t known = points.size();
      for (; step < result.steps.size() && result.steps[step].cpu_seconds <= until; ++step) {
        const SimulationStep& done = result.steps[step];
        regret = points_of * (truth.best - truth.gains[done.incumbent]);
        if (done.rung == top) points.push_back(truth.point(part, done.design));
      }
      if (points.size() != known) volume = hypervolume_of(points) / truth.full_hypervolume;
      trace.at[index_of(Measure::Regret)][static_cast<std::size_t>(moment)] = regret;
      trace.at[index_of(Measure::Hypervolume)][static_cast<std::size_t>(moment)] = volume;
    }
    return trace;
  }

  const Table& table_;
  const ComparisonSetting& setting_;
  double total_;
  std::vector<Truth> truths_;
};

/// How much better the first value is, in the measure's own direction.
double lead(Measure measure, double value, double other) {
  return measure == Measure::Regret ? other - value : value - other;
}

PairedTest test_of(const Outcomes& contender, const Outcomes& baseline, Measure measure,
                   std::size_t budget) {
  const std::vector<double>& ours = contender.results[index_of(measure)].at(budget);
  const std::vector<double>& theirs = baseline.results[index_of(measure)].at(budget);
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
    differences.push_back(lead(measure, ours[i], theirs[i]));
  return wilcoxon(differences);
}

}  // namespace

double hypervolume_of(std::vector<std::pair<double, double>> points) {
  // Falling first coordinate: each point adds what it has in the second beyond all before it.
  std::sort(points.begin(), points.end(), std::greater<>());
  double volume = 0, height = 0;
  for (const auto& [first, second] : points) {
    if (second <= height) continue;
    volume += first * (second - height);
    height = second;
  }
  return volume;
}

std::vector<Outcomes> compare(const Table& table, const ComparisonSetting& setting) {
  const Referee referee(table, setting);
  std::vector<Outcomes> all;
  for (const Contender& contender : setting.contenders) all.push_back(referee.run(contender));
  return all;
}

Outcomes judge(const Table& table, const ComparisonSetting& setting,
               const OutsideContender& contender) {
  return Referee(table, setting).run(contender);
}

std::size_t visible_run(const ComparisonSetting& setting, std::size_t repetition,
                        std::size_t runs) {
  return spec::Random(spec::derive_seed({setting.seed, 0x5eed, repetition})).below(runs);
}

std::uint64_t strategy_seed(const ComparisonSetting& setting, std::size_t repetition) {
  return spec::derive_seed({setting.seed, 0x5ea5c4, repetition});
}

double median_of(const Outcomes& outcomes, Measure measure, std::size_t budget) {
  return quantile(outcomes.results[index_of(measure)].at(budget), 0.5);
}

std::size_t best_baseline(const std::vector<Outcomes>& outcomes, Measure measure,
                          std::size_t budget) {
  std::size_t best = outcomes.size();
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].is_baseline &&
        (best == outcomes.size() || lead(measure, median_of(outcomes[i], measure, budget),
                                         median_of(outcomes[best], measure, budget)) > 0))
      best = i;
  return best;
}

std::vector<Duel> duels(const std::vector<Outcomes>& outcomes, double seed_noise) {
  std::vector<Duel> all;
  for (const Outcomes& contender : outcomes)
    for (const Measure measure : kMeasures) {
      if (contender.is_baseline) continue;
      const std::size_t first = all.size();
      std::vector<double> p;
      for (std::size_t budget = 0; budget < contender.results[0].size(); ++budget) {
        const std::size_t best = best_baseline(outcomes, Measure::Regret, budget);
        if (best == outcomes.size()) continue;
        const bool is_used = median_of(outcomes[best], Measure::Regret, budget) > seed_noise;
        for (const Outcomes& baseline : outcomes) {
          if (!baseline.is_baseline) continue;
          all.push_back({contender.label, baseline.label, measure, budget, is_used,
                         test_of(contender, baseline, measure, budget), 1});
          p.push_back(all.back().test.p);
        }
      }
      const std::vector<double> adjusted = holm(p);
      for (std::size_t i = 0; i < adjusted.size(); ++i) all[first + i].adjusted_p = adjusted[i];
    }
  return all;
}

double share_to_reach(const Outcomes& outcomes, const std::vector<double>& budgets, Measure measure,
                      double value) {
  double least = -1;
  for (std::size_t budget = 0; budget < budgets.size(); ++budget)
    for (std::size_t moment = 0; moment < kMoments; ++moment) {
      const double share = budgets[budget] * double(moment + 1) / kMoments;
      if (least >= 0 && share >= least) break;
      const Quartiles& at = outcomes.progress[index_of(measure)][budget][moment];
      if (lead(measure, at.median, value) >= 0) least = share;
    }
  return least;
}

}  // namespace atto::search
