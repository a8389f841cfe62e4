#include "scripts/bench/search_outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace atto::search {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMeasureNames[] = {"regret", "hypervolume"};

std::vector<Outcomes> read_outcomes(const Json& json) {
  std::vector<Outcomes> outcomes;
  for (const Json& from : json) {
    Outcomes one{
        from.at("label").get<std::string>(),    from.at("is_baseline").get<bool>(),      {}, {},
        from.at("own_cpu_share").get<double>(), from.at("own_cpu_per_job").get<double>()};
    for (const Measure measure : kMeasures) {
      const std::string name = kMeasureNames[index_of(measure)];
      one.results[index_of(measure)] = from.at(name).get<std::vector<std::vector<double>>>();
      for (const Json& budget : from.at(name + "_progress")) {
        auto& row = one.progress[index_of(measure)].emplace_back();
        for (const Json& at : budget)
          row.push_back({at.at(0).get<double>(), at.at(1).get<double>(), at.at(2).get<double>()});
      }
    }
    outcomes.push_back(std::move(one));
  }
  return outcomes;
}

Json test_json(const PairedTest& test, double adjusted_p) {
  return {{"p", test.p}, {"adjusted_p", adjusted_p}, {"effect", rounded(test.effect)}};
}

/// One strategy's own part of the summary.
Json summary_of(const Outcomes& one, const std::vector<Outcomes>& all, const Json& stored,
                const std::vector<Duel>& fought) {
  const auto budgets = stored.at("budgets").get<std::vector<double>>();
  const std::size_t last = budgets.size() - 1;
  const std::vector<double>& regrets = one.results[0][last];
  Json json = {{"median_regret", rounded(median_of(one, Measure::Regret, last))},
               {"quartiles", {rounded(quantile(regrets, 0.25)), rounded(quantile(regrets, 0.75))}}};
  for (const Measure measure : kMeasures) {
    const std::size_t best = best_baseline(all, measure, last);
    double share = -1;
    if (best < all.size())
      share = share_to_reach(one, budgets, measure, median_of(all[best], measure, last));
    const char* key = measure == Measure::Regret ? "cpu_share_to_best_baseline"
                                                 : "cpu_share_to_best_baseline_hypervolume";
    json[key] = share < 0 ? Json(nullptr) : Json(rounded(share));
  }
  double p = -1;
  Json by_budget = Json::array();
  for (std::size_t b = 0; b < budgets.size(); ++b) {
    Json row = {{"budget", budgets[b]},
                {"median_regret", rounded(median_of(one, Measure::Regret, b))},
                {"median_hypervolume", rounded(median_of(one, Measure::Hypervolume, b))}};
    for (const Duel& duel : fought) {
      if (duel.label != one.label || duel.budget != b) continue;
      row["is_used"] = duel.is_used;
      row[kMeasureNames[index_of(duel.measure)]][duel.baseline] =
          test_json(duel.test, duel.adjusted_p);
      if (duel.is_used && duel.measure == Measure::Regret) p = std::max(p, duel.adjusted_p);
    }
    by_budget.push_back(row);
  }
  json["p_value"] = p < 0 ? Json(nullptr) : Json(p);
  json["own_cpu_share"] = one.own_cpu_share;
  json["by_budget"] = by_budget;
  return json;
}

}  // namespace

double rounded(double value) {
  return std::round(1e5 * value) / 1e5;
}

Json outcomes_json(const std::vector<Outcomes>& outcomes) {
  Json all = Json::array();
  for (const Outcomes& one : outcomes) {
    Json json = {{"label", one.label},
                 {"is_baseline", one.is_baseline},
                 {"own_cpu_share", rounded(one.own_cpu_share)},
                 {"own_cpu_per_job", rounded(one.own_cpu_per_job)}};
    for (const Measure measure : kMeasures) {
      Json results = Json::array(), progress = Json::array();
      for (const std::vector<double>& budget : one.results[index_of(measure)]) {
        Json row = Json::array();
        for (const double value : budget) row.push_back(rounded(value));
        results.push_back(row);
      }
      for (const std::vector<Quartiles>& budget : one.progress[index_of(measure)]) {
        Json row = Json::array();
        for (const Quartiles& at : budget)
          row.push_back({rounded(at.low), rounded(at.median), rounded(at.high)});
        progress.push_back(row);
      }
      const std::string name = kMeasureNames[index_of(measure)];
      json[name] = results;
      json[name + "_progress"] = progress;
    }
    all.push_back(json);
  }
  return all;
}

Json summary(const Json& stored) {
  const std::vector<Outcomes> outcomes = read_outcomes(stored.at("outcomes"));
  const std::vector<Duel> fought = duels(outcomes, stored.at("seed_noise").get<double>());
  Json json = Json::object();
  for (const Outcomes& one : outcomes) json[one.label] = summary_of(one, outcomes, stored, fought);
  return json;
}

void print_summary(const Json& stored, const Json& said) {
  fmt::print("{}: {} designs, {} repetitions, noise {:.3f} points; median regret in points\n{:24}",
             stored.at("table").get<std::string>(), stored.at("designs").get<int>(),
             stored.at("repetitions").get<int>(), stored.at("seed_noise").get<double>(), "");
  for (const Json& budget : stored.at("budgets"))
    fmt::print("{:>8}", fmt::format("{:g} %", 100 * budget.get<double>()));
  fmt::print("  reaches  worst p\n");
  for (const auto& [label, one] : said.items()) {
    fmt::print("{:24}", label);
    for (const Json& row : one.at("by_budget"))
      fmt::print("{:8.3f}", row.at("median_regret").get<double>());
    const Json &share = one.at("cpu_share_to_best_baseline"), &p = one.at("p_value");
    fmt::print("{:>9}{:>9}\n",
               share.is_null() ? "-" : fmt::format("{:.1f} %", 100 * share.get<double>()),
               p.is_null() ? "-" : fmt::format("{:.2g}", p.get<double>()));
  }
}

}  // namespace atto::search
