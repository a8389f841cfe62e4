#include "search/running/latency_gate.hpp"

#include <fmt/format.h>

#include <set>

#include "search/campaign/footprint.hpp"

namespace atto::search {

std::string latency_text(double ms) {
  return fmt::format("{:.4g} ms", ms);
}

std::string quality_text(const PredictionQuality& quality) {
  return fmt::format("median error {:.1f} %, 9 of 10 within {:.1f} %, over {} designs",
                     100 * quality.median_error, 100 * quality.tail_error, quality.designs);
}

LatencyRow LatencyGate::key_of(const spec::Requirements& require, const DesignRow& design) const {
  if (!meter_) throw InternalError("a latency is asked for and there is no meter");
  LatencyRow row;
  row.hash = design.hash;
  row.host = meter_->host();
  row.runtime = meter_->runtime();
  row.setting = require.latency;
  return row;
}

/// Measures and stores.
void LatencyGate::measure(LatencyRequest request, LatencyRow& row) {
  request.between = between_;
  quietly_([&] { row.latency = meter_->measure(request); });
  row.at = now_ms();
  faults_.pass("before_latency");
  ledger_.add_latency(row);
  faults_.pass("after_latency");
}

/// What the ledger holds of this host and runtime is learnt at the first call.
LatencyGate::Guide& LatencyGate::guide_of(const LatencyRow& key) {
  const auto [guide, is_new] =
      guides_.try_emplace(std::pair(key.setting.threads, key.setting.precision));
  if (!is_new) return guide->second;
  for (const LatencyRow& row : ledger_.latencies(false))
    if (row.host == key.host && row.runtime == key.runtime && row.setting == key.setting)
      guide->second.costs.add(row.latency, row.predicted_ms);
  const PredictionQuality quality = guide->second.costs.quality();
  if (quality.designs >= kJudgedDesigns) guide->second.is_trusted = quality.is_trusted();
  return guide->second;
}

std::optional<double> LatencyGate::predict(Guide& guide, const LatencyRequest& request) {
  return guide.costs.predict_ms(meter_->blocks(request));
}

void LatencyGate::learn(Guide& guide, const LatencyRow& row, double max_ms) {
  guide.costs.add(row.latency, row.predicted_ms);
  const PredictionQuality quality = guide.costs.quality();
  if (quality.designs < kJudgedDesigns || guide.is_trusted == quality.is_trusted()) return;
  guide.is_trusted = quality.is_trusted();
  notes_.push_back(
      fmt::format("predicted latencies: {}: {}", quality_text(quality),
                  *guide.is_trusted
                      ? fmt::format("designs predicted above {} are refused without a measurement",
                                    latency_text(kFarTooSlow * max_ms))
                      : fmt::format("switched off, {:.0f} % and {:.0f} % are allowed",
                                    100 * kMedianErrorAllowed, 100 * kTailErrorAllowed)));
}

Judged LatencyGate::judge(const spec::Requirements& require, const DesignRow& design) {
  Judged judged;
  if (require.asks_footprint())
    judged.refusal = judge_footprint(require, build_network(campaign_, design), judged.figures);
  // A person's design is trained whatever it takes: all of its figures are told.
  if (require.latency_ms.max && (judged.refusal.empty() || design.origin == Origin::Human))
    judge_latency(require, design, judged);
  return judged;
}

void LatencyGate::judge_latency(const spec::Requirements& require, const DesignRow& design,
                                Judged& judged) {
  const double max = *require.latency_ms.max;
  const auto take = [&](double ms) {
    judged.figures.latency_ms = ms;
    if (ms > max)
      judged.refusal = fmt::format("too slow: {} > {}", latency_text(ms), latency_text(max));
  };
  LatencyRow row = key_of(require, design);
  if (const std::optional<Latency> known = ledger_.find_latency(row)) return take(known->median_ms);
  try {
    const net::Realised built = build_design(campaign_, design);
    const LatencyRequest request{built, design.hash, require.latency, {}};
    Guide& guide = guide_of(row);
    row.predicted_ms = predict(guide, request);
    const bool may_skip = guide.is_trusted.value_or(false) && design.origin == Origin::Machine;
    if (may_skip && row.predicted_ms && *row.predicted_ms > kFarTooSlow * max) {
      judged.refusal = fmt::format("too slow: about {} (predicted) > {}",
                                   latency_text(*row.predicted_ms), latency_text(max));
      return;
    }
    measure(request, row);
    learn(guide, row, max);
    take(row.latency.median_ms);
  } catch (const SpecError& error) {
    judged.refusal = fmt::format("cannot run: {}", error.problems().front().rule);
  }
}

void LatencyGate::confirm(const spec::Requirements& require, const DesignRow& winner,
                          const std::filesystem::path& trained) {
  if (!require.latency_ms.max) return;
  for (const LatencyRow& row : ledger_.latencies(true))
    if (row.hash == winner.hash && row.setting == require.latency) return;
  LatencyRow row = key_of(require, winner);
  row.is_trained = true;
  const net::Realised built = build_design(campaign_, winner);
  measure({built, winner.hash, require.latency, trained}, row);
}

std::vector<std::string> LatencyGate::other_machines() {
  if (!meter_) return {};
  std::set<std::string> found;
  for (const LatencyRow& row : ledger_.latencies(false))
    if (row.host != meter_->host() || row.runtime != meter_->runtime())
      found.insert(fmt::format("{}, {}", row.host, row.runtime));
  return {found.begin(), found.end()};
}

}  // namespace atto::search
