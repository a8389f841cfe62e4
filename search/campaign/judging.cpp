#include "search/campaign/judging.hpp"

#include <cmath>
#include <system_error>

namespace atto::search {

Judgement judge(const Terms& terms, const DesignRow& design, const Measured& measured) {
  const auto& [figures, validation, is_lost] = measured;
  const spec::Objective& maximise = terms.campaign().spec.maximise;
  const std::optional<double> value = spec::find_value(validation, maximise.score.name);
  Judgement judgement;
  judgement.metrics.costs = design.costs;
  judgement.metrics.figures = figures;
  judgement.metrics.scores = validation;
  judgement.metrics.diverged = is_lost || (value && std::isnan(*value));
  judgement.value = spec::objective_value(maximise, judgement.metrics);
  judgement.misses = terms.misses(design, figures);
  // Those are known before training, costs each at its own resolution; scores are, since.
  spec::Requirements trained;
  trained.scores = terms.require().scores;
  for (const spec::Miss& miss : spec::misses(trained, 0, judgement.metrics))
    judgement.misses.push_back(miss.text);
  return judgement;
}

Observation observe(const Terms& terms, const JobRow& row, const DesignRow& design) {
  const bool is_lost = row.verdict.outcome != train::Outcome::Finished;
  const Judgement judgement =
      judge(terms, design, {row.job.figures, row.verdict.validation, is_lost});
  Observation seen;
  seen.hash = read_hash(row.job.hash);
  seen.rung = row.job.rung;
  seen.metrics = judgement.metrics;
  seen.value = judgement.value;
  seen.meets = judgement.meets();
  seen.is_barred = terms.is_steered() && !terms.misses(design, row.job.figures).empty();
  seen.cpu_seconds = row.verdict.cpu_seconds;
  return seen;
}

}  // namespace atto::search
