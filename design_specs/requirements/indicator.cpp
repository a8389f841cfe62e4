// The indicator function 1_r and the value that ranks designs.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "design_specs/requirements/design_spec.hpp"

namespace atto::spec {
namespace {

constexpr double kBytesPerKib = 1024;
constexpr std::string_view kNoFile = "not known, for there is no int8 C file of it";

/// One cost with its bound, both in the bound's unit.
struct BoundedCost {
  std::string_view name;
  const Bound& bound;
  double value;
  double share = 0;  ///< of its ceiling that must be used
};

std::vector<BoundedCost> bounded(const Requirements& require, const Band& band,
                                 const Costs& costs) {
  const auto kib = [](std::int64_t bytes) { return static_cast<double>(bytes) / kBytesPerKib; };
  return {{"params", require.params, static_cast<double>(costs.params), band.params},
          {"macs", require.macs, static_cast<double>(costs.macs), band.macs},
          {"peak_activation_kib", require.peak_activation_kib, kib(costs.peak_activation_bytes),
           band.peak_activation_kib},
          {"model_kib", require.model_kib, kib(costs.model_bytes), band.model_kib}};
}

/// Returns a number for people: "412,306", "6,144.5".
std::string grouped(double value) {
  const double whole = std::floor(value);
  std::string text = fmt::format("{:.0f}", whole);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), ",");
  if (value == whole) return text;
  return text + fmt::format("{:.6f}", value - whole).substr(1, 4);
}

std::string miss_text(std::string_view name, const std::string& value, std::string_view relation,
                      const std::string& limit) {
  return fmt::format("{}: {} {} {}", name, value, relation, limit);
}

void add_misses(const BoundedCost& cost, std::vector<Miss>& found) {
  const std::string name(cost.name);
  if (cost.bound.max && cost.value > *cost.bound.max)
    found.push_back(
        {name, miss_text(name, grouped(cost.value), "> max", grouped(*cost.bound.max))});
  if (cost.bound.min && cost.value < *cost.bound.min)
    found.push_back(
        {name, miss_text(name, grouped(cost.value), "< min", grouped(*cost.bound.min))});
  if (cost.bound.max && cost.value < cost.share * *cost.bound.max)
    found.push_back(
        {"band", fmt::format("band: uses {:.1f}% of {}.max, < {:.1f}%",
                             100 * cost.value / *cost.bound.max, cost.name, 100 * cost.share)});
}

/// Adds the misses of something that is measured and may not have been.
void add_measured(std::string_view name, const Bound& bound, std::optional<double> value,
                  std::vector<Miss>& found, std::string_view absent = "not measured") {
  if (!bound.min && !bound.max) return;
  const std::string key(name);
  if (!value) {
    found.push_back({key, fmt::format("{}: {}", key, absent)});
    return;
  }
  const auto shown = [](double number) { return fmt::format("{:.6g}", number); };
  // Written so that NaN misses.
  if (bound.max && !(*value <= *bound.max))
    found.push_back({key, miss_text(key, shown(*value), "> max", shown(*bound.max))});
  if (bound.min && !(*value >= *bound.min))
    found.push_back({key, miss_text(key, shown(*value), "< min", shown(*bound.min))});
}

bool has_ceiling(const Requirements& require) {
  return require.params.max || require.macs.max || require.peak_activation_kib.max ||
         require.model_kib.max;
}

}  // namespace

double netscore(double share, const Costs& costs, double alpha, double beta, double gamma) {
  if (!(share > 0)) return -std::numeric_limits<double>::infinity();
  const double params = static_cast<double>(std::max<std::int64_t>(costs.params, 1)) / 1e6;
  const double macs = static_cast<double>(std::max<std::int64_t>(costs.macs, 1)) / 1e9;
  return 20 *
         (alpha * std::log10(100 * share) - beta * std::log10(params) - gamma * std::log10(macs));
}

Costs required_costs(const Requirements& require,
                     const std::function<Costs(std::optional<int> at)>& count) {
  std::vector<std::pair<std::optional<int>, Costs>> counted;
  const auto costs_at = [&](const Bound& bound) {
    for (const auto& [at, costs] : counted)
      if (at == bound.at) return costs;
    return counted.emplace_back(bound.at, count(bound.at)).second;
  };
  return {costs_at(require.params).params, costs_at(require.macs).macs,
          costs_at(require.peak_activation_kib).peak_activation_bytes,
          costs_at(require.model_kib).model_bytes};
}

std::vector<Miss> cost_misses(const Requirements& require, const Band& band, const Costs& costs) {
  std::vector<Miss> found;
  for (const BoundedCost& cost : bounded(require, band, costs)) add_misses(cost, found);
  const double use = tightest_use(require, costs);
  if (has_ceiling(require) && use < band.any)
    found.push_back({"band", fmt::format("band: uses {:.1f}% of the tightest ceiling, < {:.1f}%",
                                         100 * use, 100 * band.any)});
  return found;
}

std::vector<Miss> misses(const Requirements& require, const Band& band, const Metrics& metrics) {
  std::vector<Miss> found = cost_misses(require, band, metrics.costs);
  add_measured("latency_ms", require.latency_ms, metrics.figures.latency_ms, found);
  add_measured("flash_kib", require.flash_kib, metrics.figures.flash_kib, found, kNoFile);
  add_measured("ram_kib", require.ram_kib, metrics.figures.ram_kib, found, kNoFile);
  for (const auto& [name, bound] : require.scores)
    if (metrics.diverged && (bound.min || bound.max))
      found.push_back({name, name + ": training diverged"});
    else
      add_measured(name, bound, find_value(metrics.scores, name), found);
  return found;
}

double tightest_use(const Requirements& require, const Costs& costs) {
  double use = 0;
  for (const BoundedCost& cost : bounded(require, {}, costs))
    if (cost.bound.max && *cost.bound.max > 0) use = std::max(use, cost.value / *cost.bound.max);
  return use;
}

double objective_value(const Objective& objective, const Metrics& metrics) {
  const std::optional<double> value = find_value(metrics.scores, objective.score.name);
  const double gain = value ? gain_of(objective.score, *value) : -1;
  // A detector that finds nothing yet has 0; NetScore takes its logarithm.
  const bool has_value = objective.is_netscore ? gain > 0 : gain >= 0;
  if (metrics.diverged || !has_value) return -std::numeric_limits<double>::infinity();
  if (!objective.is_netscore) return gain;
  return netscore(gain, metrics.costs, objective.alpha, objective.beta, objective.gamma);
}

}  // namespace atto::spec
