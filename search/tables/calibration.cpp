#include "search/tables/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"

namespace atto::search {
namespace {

constexpr double kShare = 0.95;
constexpr std::uint64_t kBootstrapSeed = 0xca11b;

using Column = std::vector<double>;

struct Columns {
  Column gains, params, macs;
  std::vector<std::pair<std::string, Column>> others;  ///< the scores, then what training gives
};

double score_at(const TableDesign& design, std::size_t which) {
  const auto found = design.scores.find("");
  return found == design.scores.end() ? 0 : net::values_of(found->second)[which];
}

Columns columns_of(const StoredTable& stored) {
  Columns columns;
  for (std::string_view name : net::kScoreNames) columns.others.push_back({std::string(name), {}});
  columns.others.push_back({"loss_sum", {}});
  columns.others.push_back({"first_rung", {}});
  const std::size_t losses_at = net::kScoreNames.size(), rung_at = losses_at + 1;
  std::size_t run = 0;
  for (const TableDesign& design : stored.table.designs) {
    const std::vector<TableResult>& results = design.runs.at(0);
    columns.gains.push_back(stored.table.gain(results.back()));
    columns.params.push_back(double(design.costs.params));
    columns.macs.push_back(double(design.costs.macs));
    for (std::size_t i = 0; i < net::kScoreNames.size(); ++i)
      columns.others[i].second.push_back(score_at(design, i));
    double sum = 0;  // over the epochs of the first rung: less is better
    const std::vector<double>& losses = stored.losses.at(run);
    for (int epoch = 0; epoch < stored.table.rungs.front(); ++epoch)
      if (static_cast<std::size_t>(epoch) < losses.size())
        sum -= losses[static_cast<std::size_t>(epoch)];
    columns.others[losses_at].second.push_back(std::isfinite(sum) ? sum : -1e9);
    columns.others[rung_at].second.push_back(stored.table.gain(results.front()));
    run += design.runs.size();
  }
  return columns;
}

Column drawn_of(const Column& column, const std::vector<std::size_t>& drawn) {
  Column values;
  for (std::size_t index : drawn) values.push_back(column[index]);
  return values;
}

Calibrated calibrate_one(const std::string& name, const Column& x, const Columns& columns,
                         bool is_size) {
  Calibrated result;
  result.name = name;
  result.is_score =
      std::find(net::kScoreNames.begin(), net::kScoreNames.end(), name) != net::kScoreNames.end();
  const std::size_t count = columns.gains.size();
  result.tau = kendall_tau(x, columns.gains);
  result.tau_spread = bootstrap(count, kShare, kBootstrapSeed, [&](const auto& drawn) {
    return kendall_tau(drawn_of(x, drawn), drawn_of(columns.gains, drawn));
  });
  if (is_size) return result;
  result.partial = partial_tau(x, columns.gains, {columns.params, columns.macs});
  result.partial_spread = bootstrap(count, kShare, kBootstrapSeed, [&](const auto& drawn) {
    return partial_tau(drawn_of(x, drawn), drawn_of(columns.gains, drawn),
                       {drawn_of(columns.params, drawn), drawn_of(columns.macs, drawn)});
  });
  return result;
}

}  // namespace

std::vector<std::string> Calibration::switched_off() const {
  std::vector<std::string> names;
  for (const Calibrated& predictor : predictors)
    if (predictor.is_score && !predictor.has_signal()) names.push_back(predictor.name);
  return names;
}

Calibration calibrate(const StoredTable& stored) {
  const Columns columns = columns_of(stored);
  Calibration calibration;
  calibration.designs = columns.gains.size();
  calibration.predictors.push_back(calibrate_one("params", columns.params, columns, true));
  calibration.predictors.push_back(calibrate_one("macs", columns.macs, columns, true));
  for (const auto& [name, column] : columns.others)
    calibration.predictors.push_back(calibrate_one(name, column, columns, false));
  return calibration;
}

std::string calibration_text(const Calibration& calibration) {
  std::string text = fmt::format("{:<13} {:>7}  {:<17} {:>9}  {:<17}\n", "predictor", "tau",
                                 "95 % interval", "beyond*", "95 % interval");
  for (const Calibrated& p : calibration.predictors) {
    text += fmt::format("{:<13} {:>7.3f}  [{:>6.3f}, {:>6.3f}]", p.name, p.tau, p.tau_spread.low,
                        p.tau_spread.high);
    if (p.name != "params" && p.name != "macs")
      text += fmt::format("  {:>9.3f}  [{:>6.3f}, {:>6.3f}]{}", p.partial, p.partial_spread.low,
                          p.partial_spread.high, p.has_signal() ? "" : "  no signal");
    text += "\n";
  }
  text += fmt::format("{} designs of the feasible band; * partial tau given params and MACs\n",
                      calibration.designs);
  for (const std::string& name : calibration.switched_off())
    text += fmt::format("{} is switched off: it says nothing that params and MACs do not\n", name);
  return text;
}

std::string calibration_json(const Calibration& calibration) {
  nlohmann::json predictors = nlohmann::json::array();
  for (const Calibrated& p : calibration.predictors) {
    nlohmann::json entry = {
        {"name", p.name}, {"tau", p.tau}, {"tau_95", {p.tau_spread.low, p.tau_spread.high}}};
    if (p.name != "params" && p.name != "macs") {
      entry["partial_tau"] = p.partial;
      entry["partial_tau_95"] = {p.partial_spread.low, p.partial_spread.high};
      entry["has_signal"] = p.has_signal();
    }
    predictors.push_back(std::move(entry));
  }
  const nlohmann::json json = {{"designs", calibration.designs},
                               {"predictors", predictors},
                               {"switched_off", calibration.switched_off()}};
  return spec::json_text(json, 2) + "\n";
}

}  // namespace atto::search
