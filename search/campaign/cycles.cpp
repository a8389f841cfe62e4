#include "search/campaign/cycles.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::json;

Json feature_json(const gen::Feature& f) {
  return {static_cast<int>(f.kind), f.subject, f.alternative, f.context, f.before};
}

gen::Feature read_feature(const Json& json) {
  const int kind = json.at(0).get<int>();
  if (kind < 0 || kind >= gen::kFeatureKinds)
    throw EnvironmentError(fmt::format("the ledger is damaged: a feature of kind {}", kind));
  return {static_cast<gen::FeatureKind>(kind), json.at(1).get<std::int32_t>(),
          json.at(2).get<std::int32_t>(), json.at(3).get<std::int32_t>(),
          json.at(4).get<std::int32_t>()};
}

}  // namespace

std::string insight_text(const Insight& insight) {
  Json theta = Json::array(), credits = Json::array(), weights = Json::array(),
       sources = Json::array();
  for (const gen::ThetaEntry& entry : insight.theta)
    theta.push_back({feature_json(entry.feature), entry.value});
  for (const gen::Credit& c : insight.credits)
    credits.push_back(
        {c.decision, c.alternative, c.effect, c.deviation, c.confidence, c.designs, c.at_top});
  for (const gen::Weight& weight : insight.weights)
    weights.push_back({feature_json(weight.feature), weight.mean, weight.deviation});
  for (const auto& [name, share] : insight.sources) sources.push_back({name, share});
  const Json json = {{"theta", theta},
                     {"credits", credits},
                     {"weights", weights},
                     {"sources", sources},
                     {"rung_correlations", insight.rung_correlations}};
  return spec::json_text(json);
}

Insight read_insight(const std::string& text) try {
  const Json json = Json::parse(text);
  Insight insight;
  for (const Json& entry : json.at("theta"))
    insight.theta.push_back({read_feature(entry.at(0)), entry.at(1).get<double>()});
  for (const Json& c : json.at("credits"))
    insight.credits.push_back({c.at(0).get<net::DecisionId>(), c.at(1).get<std::int32_t>(),
                               c.at(2).get<double>(), c.at(3).get<double>(), c.at(4).get<double>(),
                               c.at(5).get<int>(), c.at(6).get<int>()});
  for (const Json& entry : json.at("weights"))
    insight.weights.push_back(
        {read_feature(entry.at(0)), entry.at(1).get<double>(), entry.at(2).get<double>()});
  for (const Json& entry : json.at("sources"))
    insight.sources.emplace_back(entry.at(0).get<std::string>(), entry.at(1).get<double>());
  insight.rung_correlations = json.at("rung_correlations").get<std::vector<double>>();
  return insight;
} catch (const Json::exception& error) {
  throw EnvironmentError(fmt::format("the ledger is damaged: a cycle: {}", error.what()));
}

gen::Theta theta_at_start(Ledger& ledger, int tier, const gen::Theta& of_tier_above) {
  const std::string key = fmt::format("theta_at_start_{}", tier);
  const std::string stored = ledger.meta(key);
  if (!stored.empty()) return read_insight(stored).theta;
  ledger.set_meta(key, insight_text({of_tier_above, {}, {}, {}, {}}));
  return of_tier_above;
}

}  // namespace atto::search
