#include "search/tables/outside.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "generator/space/enumeration.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kKiB = 1024;

Json places_json(const net::Prototype& prototype) {
  Json places = Json::array();
  for (const net::Decision& decision : prototype.decisions())
    places.push_back({{"name", decision.path},
                      {"options", decision.labels},
                      {"parent", decision.parent},
                      {"first", decision.parent_first},
                      {"last", decision.parent_last}});
  return places;
}

/// How far each limit is missed, as a share of it; at most 0 where it is met.
std::vector<double> excesses(const spec::Requirements& require, const spec::Band& band,
                             const spec::Costs& costs) {
  std::vector<double> all;
  double use = 0;
  const auto add = [&](const spec::Bound& bound, double share, double value) {
    if (bound.max) {
      use = std::max(use, value / *bound.max);
      all.push_back(value / *bound.max - 1);
      if (share > 0) all.push_back(share - value / *bound.max);
    }
    if (bound.min) all.push_back(1 - value / *bound.min);
  };
  add(require.params, band.params, double(costs.params));
  add(require.macs, band.macs, double(costs.macs));
  add(require.peak_activation_kib, band.peak_activation_kib,
      double(costs.peak_activation_bytes) / kKiB);
  add(require.model_kib, band.model_kib, double(costs.model_bytes) / kKiB);
  if (band.any > 0) all.push_back(band.any - use);
  return all;
}

Json ways_json(const Table& table, const spec::DesignSpec& spec, const gen::FeasibleSpace& space) {
  Json ways = Json::array();
  const bool is_complete = gen::for_each_design(
      space, gen::kSmallSpace, false,
      [&](const net::Assignment& assignment, const spec::Costs& required, gen::BuiltStructure&) {
        const auto candidate = space.evaluate(assignment);
        const auto found = candidate ? table.index.find(candidate->hash) : table.index.end();
        const bool is_there = found != table.index.end();
        ways.push_back({assignment, is_there ? std::int64_t(found->second) : -1,
                        excesses(spec.require, space.band(), required)});
        return true;
      });
  if (!is_complete)
    throw SpecError(
        {{space.prototype().file(), "",
          fmt::format("has more than {} designs, too many to write one by one", gen::kSmallSpace),
          ""}});
  return ways;
}

[[noreturn]] void refuse(const std::string& file, const std::string& rule) {
  throw SpecError({{file, "", rule, ""}});
}

OutsideContender contender_of(const Json& from, const std::string& file, const Table& table,
                              const ComparisonSetting& setting) {
  OutsideContender made{from.at("label").get<std::string>(), from.value("is_baseline", true), {}};
  for (const Json& campaign : from.at("campaigns")) {
    std::vector<OutsideStep>& steps = made.campaigns.emplace_back();
    for (const Json& step : campaign) {
      steps.push_back({step.at(0).get<double>(), step.at(1).get<std::size_t>()});
      if (steps.back().design >= table.designs.size())
        refuse(file, fmt::format("{}: design {} is not in the table, which has {}", made.label,
                                 steps.back().design, table.designs.size()));
    }
  }
  const std::size_t count = made.campaigns.size();
  if (count == 0 || count > static_cast<std::size_t>(setting.repetitions))
    refuse(file, fmt::format("{}: has {} campaigns; the comparison has {} repetitions", made.label,
                             count, setting.repetitions));
  return made;
}

}  // namespace

std::string problem_text(const Table& table, const spec::DesignSpec& spec,
                         const ComparisonSetting& setting) {
  Json values = Json::array(), seconds = Json::array(), macs = Json::array();
  for (const TableDesign& design : table.designs) {
    Json value = Json::array(), second = Json::array();
    for (const std::vector<TableResult>& run : design.runs) {
      spec::Metrics metrics;
      metrics.costs = design.costs;
      metrics.scores[table.score.name] = run.back().value;
      metrics.diverged = run.back().diverged;
      const double worth = spec::objective_value(setting.maximise, metrics);
      value.push_back(std::isfinite(worth) ? Json(worth) : Json(nullptr));
      second.push_back(run.back().cpu_seconds);
    }
    values.push_back(value);
    seconds.push_back(second);
    macs.push_back(design.costs.macs);
  }
  Json visible = Json::array(), seeds = Json::array();
  for (std::size_t i = 0; i < static_cast<std::size_t>(setting.repetitions); ++i) {
    visible.push_back(visible_run(setting, i, table.common_runs()));
    seeds.push_back(strategy_seed(setting, i) % 0x7fffffff);
  }
  const double total = table.total_cpu_seconds();
  const Json problem = {
      {"table", spec.name},
      {"budget_cpu_seconds", total * setting.budgets.back()},
      {"cpu_seconds_a_training", total / double(std::max<std::size_t>(1, table.designs.size()))},
      {"visible", visible},
      {"seeds", seeds},
      {"places", places_json(setting.space->prototype())},
      {"ways", ways_json(table, spec, *setting.space)},
      {"values", values},
      {"cpu_seconds", seconds},
      {"macs", macs}};
  return problem.dump() + "\n";
}

std::vector<OutsideContender> read_outside(const std::string& file, const Table& table,
                                           const ComparisonSetting& setting) {
  try {
    const Json read = Json::parse(spec::read_file(file));
    std::vector<OutsideContender> all;
    for (const Json& one : read.at("contenders"))
      all.push_back(contender_of(one, file, table, setting));
    return all;
  } catch (const Json::exception& error) {
    refuse(file, fmt::format("cannot be read as campaigns: {}", error.what()));
  }
}

}  // namespace atto::search
