#include "search/cli/calibrate_latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "search/cli/campaign_run.hpp"
#include "search/latency/engine/engine_latency_meter.hpp"
#include "search/latency/fake_latency_meter.hpp"
#include "search/running/latency_gate.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Row {
  std::string hash;
  search::Latency latency;
  std::optional<double> predicted_ms;
};

std::string row_text(const Row& row) {
  std::string text = fmt::format(
      "{}  {:>9}  middle half {:.1f} %", row.hash, search::latency_text(row.latency.median_ms),
      100 * (row.latency.high_ms - row.latency.low_ms) / row.latency.median_ms);
  if (row.predicted_ms)
    text += fmt::format("  predicted {:>9}  {:+.1f} %", search::latency_text(*row.predicted_ms),
                        100 * (*row.predicted_ms / row.latency.median_ms - 1));
  return text + "\n";
}

Json row_json(const Row& row) {
  Json json = {{"hash", row.hash},
               {"latency_ms", row.latency.median_ms},
               {"low_ms", row.latency.low_ms},
               {"high_ms", row.latency.high_ms},
               {"predicted_ms", nullptr}};
  if (row.predicted_ms) json["predicted_ms"] = *row.predicted_ms;
  return json;
}

}  // namespace

int calibrate_latency(const search::Campaign& campaign,
                      const std::vector<search::DesignRow>& designs, bool is_json,
                      search::StopSignals& signals) {
  search::EngineLatencyMeter engine_meter;
  search::FakeLatencyMeter fake_meter;
  search::LatencyMeter& meter = campaign.evaluator == search::EvaluatorKind::Fake
                                    ? static_cast<search::LatencyMeter&>(fake_meter)
                                    : engine_meter;
  const spec::LatencySetting& setting = campaign.require(0).latency;
  search::BlockCosts costs;
  Json rows = Json::array();
  for (const search::DesignRow& design : designs) {
    throw_if_stopped(signals, "interrupted; nothing is kept");
    const net::Realised built = search::build_design(campaign, design);
    const search::LatencyRequest request{built, design.hash, setting, {}};
    Row row{design.hash, {}, costs.predict_ms(meter.blocks(request))};
    row.latency = meter.measure(request);
    costs.add(row.latency, row.predicted_ms);
    if (!is_json) fmt::print("{}", row_text(row));
    rows.push_back(row_json(row));
  }
  const search::PredictionQuality quality = costs.quality();
  if (is_json) {
    const Json json = {{"host", meter.host()},
                       {"runtime", meter.runtime()},
                       {"threads", setting.threads},
                       {"precision", spec::precision_name(setting.precision)},
                       {"designs", rows},
                       {"judged", quality.designs},
                       {"median_error", quality.median_error},
                       {"tail_error", quality.tail_error},
                       {"trusted", quality.is_trusted()}};
    fmt::print("{}\n", spec::json_text(json, 2));
    return 0;
  }
  fmt::print("{}, {}, {} thread{}, {}\npredictions from those before: {}: {}\n", meter.host(),
             meter.runtime(), setting.threads, setting.threads == 1 ? "" : "s",
             spec::precision_name(setting.precision), search::quality_text(quality),
             quality.is_trusted()
                 ? "would be used"
                 : fmt::format("would be switched off, {:.0f} % and {:.0f} % over "
                               "{} designs are allowed",
                               100 * search::kMedianErrorAllowed, 100 * search::kTailErrorAllowed,
                               search::kJudgedDesigns));
  return 0;
}

}  // namespace atto::cli
