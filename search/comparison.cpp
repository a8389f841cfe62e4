#include "search/comparison.hpp"

#include <algorithm>
#include <cmath>

#include "design_specs/seeds/random.hpp"

namespace atto::search {
namespace {

constexpr double kPoints = 100;  ///< regret is in points of top-1

/// The table as one visible seed leaves it: what every design is worth on the others.
struct Truth {
  std::vector<double> top1;
  double best = 0, most_macs = 0, full_hypervolume = 0;

  Truth(const Table& table, std::size_t visible) {
    std::vector<std::pair<double, double>> points;
    for (const TableDesign& design : table.designs)
      most_macs = std::max(most_macs, double(design.costs.macs));
    for (std::size_t i = 0; i < table.designs.size(); ++i) {
      top1.push_back(table.held_out_top1(i, visible));
      best = std::max(best, top1.back());
      points.push_back(point(table, i));
    }
    full_hypervolume = hypervolume_of(points);
  }
  std::pair<double, double> point(const Table& table, std::size_t design) const {
    return {top1[design], 1 - double(table.designs[design].costs.macs) / (1.01 * most_macs)};
  }
};

class Referee {
 public:
  Referee(const Table& table, const ComparisonSetting& setting)
      : table_(table), setting_(setting), total_(table.total_cpu_seconds()) {
    for (std::size_t seed = 0; seed < table.common_runs(); ++seed)
      truths_.emplace_back(table, seed);
  }

  Outcomes run(const Contender& contender) {
    Outcomes outcomes{contender.label, contender.is_baseline, {}, 0};
    double own = 0, all = 0;
    for (double budget : setting_.budgets) {
      std::vector<Repetition> repetitions;
      for (int i = 0; i < setting_.repetitions; ++i)
        repetitions.push_back(repeat(contender, budget, i, own, all));
      outcomes.repetitions.push_back(std::move(repetitions));
    }
    outcomes.own_cpu_share = all > 0 ? own / all : 0;
    return outcomes;
  }

 private:
  Repetition repeat(const Contender& contender, double budget, int number, double& own,
                    double& all) const {
    const auto part = static_cast<std::uint64_t>(number);
    SimulationSetting simulation;
    simulation.space = setting_.space;
    simulation.strategy = contender.strategy;
    simulation.search = contender.search;
    simulation.search.rungs = table_.rungs;
    simulation.maximise = setting_.maximise;
    simulation.top1 = setting_.top1;
    simulation.seed = spec::derive_seed({setting_.seed, 0x5ea5c4, part});
    simulation.visible_run =
        spec::Random(spec::derive_seed({setting_.seed, 0x5eed, part})).below(truths_.size());
    simulation.budget_cpu_seconds = budget * total_;
    simulation.charged_per_job = contender.is_baseline ? 0 : setting_.charged_per_job;
    simulation.search.candidates =
        candidates_within(table_, *find_strategy(contender.strategy), simulation.search,
                          simulation.budget_cpu_seconds);
    const Simulation result = simulate(table_, simulation);
    own += result.strategy_cpu_seconds;
    all += result.steps.empty() ? 0 : result.steps.back().cpu_seconds;
    return judge(result, truths_[simulation.visible_run], simulation.budget_cpu_seconds);
  }

  /// Before its first result a campaign stands at the whole regret and no volume.
  Repetition judge(const Simulation& result, const Truth& truth, double budget) const {
    Repetition repetition;
    const int top = static_cast<int>(table_.rungs.size()) - 1;
    std::vector<std::pair<double, double>> points;
    double regret = kPoints * truth.best, volume = 0;
    std::size_t step = 0;
    for (int moment = 1; moment <= kMoments; ++moment) {
      const double until = budget * moment / kMoments;
      const std::size_t known = points.size();
      for (; step < result.steps.size() && result.steps[step].cpu_seconds <= until; ++step) {
        const SimulationStep& done = result.steps[step];
        regret = kPoints * (truth.best - truth.top1[done.incumbent]);
        if (done.rung == top) points.push_back(truth.point(table_, done.design));
      }
      if (points.size() != known) volume = hypervolume_of(points) / truth.full_hypervolume;
      repetition.regret_at.push_back(regret);
      repetition.hypervolume_at.push_back(volume);
    }
    repetition.regret = regret;
    repetition.hypervolume = volume;
    return repetition;
  }

  const Table& table_;
  const ComparisonSetting& setting_;
  double total_;
  std::vector<Truth> truths_;
};

template <class Value>
std::vector<double> values_of(const std::vector<Repetition>& repetitions, Value value) {
  std::vector<double> values;
  for (const Repetition& repetition : repetitions) values.push_back(value(repetition));
  return values;
}

PairedTest test_of(const std::vector<Repetition>& more, const std::vector<Repetition>& less,
                   double Repetition::*field) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < more.size(); ++i)
    differences.push_back(more[i].*field - less[i].*field);
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
  Referee referee(table, setting);
  std::vector<Outcomes> all;
  for (const Contender& contender : setting.contenders) all.push_back(referee.run(contender));
  return all;
}

double median_regret(const Outcomes& outcomes, std::size_t budget) {
  return quantile(values_of(outcomes.repetitions.at(budget),
                            [](const Repetition& repetition) { return repetition.regret; }),
                  0.5);
}

std::size_t best_baseline(const std::vector<Outcomes>& outcomes, std::size_t budget) {
  std::size_t best = outcomes.size();
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].is_baseline &&
        (best == outcomes.size() ||
         median_regret(outcomes[i], budget) < median_regret(outcomes[best], budget)))
      best = i;
  return best;
}

std::vector<Duel> duels(const std::vector<Outcomes>& outcomes, double seed_noise) {
  std::vector<Duel> all;
  for (const Outcomes& contender : outcomes) {
    if (contender.is_baseline) continue;
    std::vector<Duel> own;
    for (std::size_t budget = 0; budget < contender.repetitions.size(); ++budget) {
      const std::size_t best = best_baseline(outcomes, budget);
      if (best == outcomes.size()) continue;
      const bool is_used = median_regret(outcomes[best], budget) > seed_noise;
      for (const Outcomes& baseline : outcomes) {
        if (!baseline.is_baseline) continue;
        const auto &ours = contender.repetitions[budget], &theirs = baseline.repetitions[budget];
        own.push_back({contender.label, baseline.label, budget, is_used,
                       test_of(theirs, ours, &Repetition::regret),
                       test_of(ours, theirs, &Repetition::hypervolume), 1, 1});
      }
    }
    std::vector<double> regret, hypervolume;
    for (const Duel& duel : own) {
      regret.push_back(duel.regret.p);
      hypervolume.push_back(duel.hypervolume.p);
    }
    regret = holm(regret);
    hypervolume = holm(hypervolume);
    for (std::size_t i = 0; i < own.size(); ++i) {
      own[i].adjusted_p = regret[i];
      own[i].adjusted_hypervolume_p = hypervolume[i];
      all.push_back(own[i]);
    }
  }
  return all;
}

double share_to_reach(const Outcomes& outcomes, const std::vector<double>& budgets, double regret) {
  double least = -1;
  for (std::size_t budget = 0; budget < budgets.size(); ++budget)
    for (int moment = 0; moment < kMoments; ++moment) {
      const double share = budgets[budget] * (moment + 1) / kMoments;
      if (least >= 0 && share >= least) break;
      const auto at = values_of(outcomes.repetitions[budget], [&](const Repetition& repetition) {
        return repetition.regret_at[static_cast<std::size_t>(moment)];
      });
      if (quantile(at, 0.5) <= regret) least = share;
    }
  return least;
}

}  // namespace atto::search
