#include "search/campaign/task_json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "design_specs/errors.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::json;

constexpr std::pair<spec::Unit, const char*> kUnits[] = {{spec::Unit::ImageShare, "image share"},
                                                         {spec::Unit::Share, "share"},
                                                         {spec::Unit::Number, "number"}};
constexpr std::pair<spec::Better, const char*> kDirections[] = {{spec::Better::More, "more"},
                                                                {spec::Better::Less, "less"}};

template <class Names>
const char* name_of(const Names& names, auto value) {
  return std::find_if(std::begin(names), std::end(names),
                      [&](const auto& entry) { return entry.first == value; })
      ->second;
}

[[noreturn]] void refuse(const char* field, const std::string& got) {
  throw SpecError({{"task", field, "is none of ours", got}});
}

template <class Names>
auto value_of(const Names& names, const char* field, const Json& json) {
  const auto name = json.at(field).get<std::string>();
  for (const auto& [value, known] : names)
    if (name == known) return value;
  refuse(field, name);
}

}  // namespace

Json score_json(const spec::Score& score) {
  return {{"name", score.name},
          {"label", score.label},
          {"quantity", score.quantity},
          {"unit", name_of(kUnits, score.unit)},
          {"better", name_of(kDirections, score.better)},
          {"low", score.low},
          {"high", score.high},
          {"goal", score.is_goal}};
}

Json task_json(const spec::TaskKind& kind) {
  Json scores = Json::array();
  for (const spec::Score& score : kind.scores) scores.push_back(score_json(score));
  return {{"name", kind.name}, {"scores", scores}};
}

spec::Score read_score(const Json& json) {
  spec::Score score;
  score.name = json.at("name").get<std::string>();
  score.label = json.at("label").get<std::string>();
  score.quantity = json.at("quantity").get<std::string>();
  score.unit = value_of(kUnits, "unit", json);
  score.better = value_of(kDirections, "better", json);
  score.low = json.at("low").get<double>();
  score.high = json.at("high").get<double>();
  score.is_goal = json.at("goal").get<bool>();
  if (score.name.empty() || score.quantity.empty() || !(score.low < score.high))
    refuse("scores", score.name);
  return score;
}

spec::TaskKind read_task(const Json& json) {
  spec::TaskKind kind{.name = json.at("name").get<std::string>(), .scores = {}};
  for (const Json& score : json.at("scores")) kind.scores.push_back(read_score(score));
  for (const spec::TaskKind& known : spec::task_kinds())
    if (known.name == kind.name) kind.subject = known.subject;
  if (kind.scores.empty() || !kind.main_score().is_goal) refuse("scores", kind.name);
  return kind;
}

}  // namespace atto::search
