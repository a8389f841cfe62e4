#include "search/judging.hpp"

#include <cmath>
#include <limits>

namespace atto::search {

Judgement judge(const Terms& terms, const DesignRow& design, std::optional<double> top1,
                bool is_lost) {
  Judgement judgement;
  judgement.metrics.costs = design.costs;
  judgement.metrics.top1 = top1;
  judgement.metrics.diverged = is_lost || (top1 && std::isnan(*top1));
  judgement.value = spec::objective_value(terms.campaign().spec.maximise, judgement.metrics);
  if (!top1) judgement.value = -std::numeric_limits<double>::infinity();
  judgement.misses = terms.misses(design);
  // Those are known before training, costs each at its own resolution; the rest was measured since.
  spec::Requirements measured;
  measured.top1 = terms.require().top1;
  measured.latency_ms = terms.require().latency_ms;
  for (const spec::Miss& miss : spec::misses(measured, 0, judgement.metrics))
    judgement.misses.push_back(miss.text);
  return judgement;
}

Observation observe(const Terms& terms, const JobRow& row, const DesignRow& design) {
  const bool is_lost = row.verdict.outcome != train::Outcome::Finished;
  const Judgement judgement = judge(terms, design, row.verdict.top1, is_lost);
  Observation seen;
  seen.hash = read_hash(row.job.hash);
  seen.rung = row.job.rung;
  seen.metrics = judgement.metrics;
  seen.value = judgement.value;
  seen.meets = judgement.meets();
  seen.is_barred = terms.is_steered() && !terms.misses(design).empty();
  seen.cpu_seconds = row.verdict.cpu_seconds;
  return seen;
}

std::uint64_t read_hash(const std::string& text) {
  return std::stoull(text, nullptr, 16);
}

}  // namespace atto::search
