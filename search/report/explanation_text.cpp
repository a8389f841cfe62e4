// An explanation in words, and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/report/explanation.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::json;

constexpr int kBarCells = 20;
constexpr std::size_t kLabelCells = 22, kWeightsShown = 5;
// Sizes that differ by less are as good as equal.
constexpr double kTellingRatio = 1.05;
/// Of designs that take an option, and of confidence in it, where it is told that the range ends.
constexpr double kTellingShare = 0.5, kTellingConfidence = 0.6;

std::string unit_of(const Explanation& explanation) {
  return explanation.scale > 1 ? "points" : explanation.value;
}

std::string bar(double share) {
  const int cells = static_cast<int>(share * kBarCells + 0.5);
  std::string text;
  for (int i = 0; i < kBarCells; ++i) text += i < cells ? "█" : "·";
  return text;
}

std::string counted(int count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string size_text(const ExplainedOption& option) {
  std::string text;
  for (const auto& [ratio, of] :
       {std::pair(option.macs_ratio, "MACs"), std::pair(option.params_ratio, "params")})
    if (ratio && (*ratio > kTellingRatio || *ratio < 1 / kTellingRatio))
      text += fmt::format("{}{} x{:.2f}", text.empty() ? "  [" : ", ", of, *ratio);
  return text.empty() ? "" : text + "]";
}

std::string option_line(const ExplainedOption& option, const Explanation& of) {
  std::string text = fmt::format("     {:<{}} {} {:>3.0f} %", option.label.substr(0, kLabelCells),
                                 kLabelCells, bar(option.probability), 100 * option.probability);
  text += fmt::format(" (first {:>3.0f} %)", 100 * option.at_first);
  if (option.effect)
    text += fmt::format("  {:>+6.2f} ± {:.2f}", of.scale * *option.effect,
                        of.scale * *option.deviation);
  text += "  " + counted(option.designs, "design", "designs");
  if (option.at_top > 0) text += fmt::format(", {} at the top rung", option.at_top);
  if (!option.best.empty())
    text +=
        fmt::format("; best {} {}{}", option.best.front().first.substr(0, 8),
                    spec::shown(of.score, option.best.front().second), spec::unit_text(of.score));
  text += size_text(option);
  if (!option.is_allowed) text += "  [people said no]";
  text += "\n";
  for (const ExplainedResponse& response : option.responses)
    text += fmt::format("       {}: {:.3g} against {:.3g} elsewhere ({:+.1f} sd)\n", response.name,
                        response.with, response.without, response.shift);
  return text;
}

std::string head_line(const ExplainedDecision& decision, std::size_t number,
                      const Explanation& of) {
  std::string text = fmt::format("{:>3}. {}", number, decision.path);
  const ExplainedOption& preferred = decision.options[decision.preferred];
  text += fmt::format("\n     prefers {} ({:.0f} %)", preferred.label, 100 * preferred.probability);
  if (decision.confidence > 0) text += fmt::format(", sure {:.0f} %", 100 * decision.confidence);
  if (decision.width_effect)
    text += fmt::format(" that {} is better: widest against narrowest {:+.2f} ± {:.2f}",
                        *decision.width_effect > 0 ? "wider" : "narrower",
                        of.scale * *decision.width_effect, of.scale * *decision.width_deviation);
  if (decision.importance > 0)
    text += fmt::format("; worth {:.2f} {}", of.scale * decision.importance, unit_of(of));
  if (decision.presence < 0.995)
    text += fmt::format("; in {:.0f} % of designs", 100 * decision.presence);
  if (decision.is_steered) text += "; steered by people";
  if (is_at_end(decision))
    text += fmt::format(
        "\n     this is the {} that the prototype allows: a larger range may hold better",
        decision.preferred == 0 ? "least" : "most");
  return text + "\n";
}

Json maybe(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json option_json(const ExplainedOption& option, const spec::Score& score) {
  Json best = Json::array(), responses = Json::array();
  for (const auto& [hash, value] : option.best)
    best.push_back({{"hash", hash}, {score.name, value}});
  for (const ExplainedResponse& response : option.responses)
    responses.push_back({{"name", response.name},
                         {"with", response.with},
                         {"without", response.without},
                         {"shift_sd", response.shift}});
  return {{"label", option.label},
          {"probability", option.probability},
          {"probability_at_first", option.at_first},
          {"effect", maybe(option.effect)},
          {"deviation", maybe(option.deviation)},
          {"confidence", option.confidence},
          {"designs", option.designs},
          {"at_top", option.at_top},
          {"best", best},
          {"params_ratio", maybe(option.params_ratio)},
          {"macs_ratio", maybe(option.macs_ratio)},
          {"responses", responses},
          {"allowed", option.is_allowed}};
}

Json decision_json(const ExplainedDecision& decision, const spec::Score& score) {
  Json options = Json::array();
  for (const ExplainedOption& option : decision.options)
    options.push_back(option_json(option, score));
  return {{"path", decision.path},
          {"is_width", decision.is_width},
          {"preferred", decision.options[decision.preferred].label},
          {"confidence", decision.confidence},
          {"importance", decision.importance},
          {"presence", decision.presence},
          {"width_effect", maybe(decision.width_effect)},
          {"width_deviation", maybe(decision.width_deviation)},
          {"steered", decision.is_steered},
          {"at_end", is_at_end(decision)},
          {"options", options}};
}

}  // namespace

bool is_at_end(const ExplainedDecision& decision) {
  const ExplainedOption& preferred = decision.options[decision.preferred];
  return decision.is_range &&
         (decision.preferred == 0 || decision.preferred + 1 == decision.options.size()) &&
         preferred.probability >= kTellingShare && preferred.probability > preferred.at_first &&
         decision.confidence >= kTellingConfidence;
}

std::string explanation_text(const Explanation& explanation, std::size_t most) {
  std::string text = fmt::format(
      "{}{}: cycle {} of {}, before proposal {}: {} results of {} designs\n", explanation.campaign,
      explanation.tier.empty() ? "" : " tier " + explanation.tier, explanation.cycle,
      explanation.cycles, explanation.position, explanation.results, explanation.designs);
  if (!explanation.has_learnt)
    text += "nothing is learnt yet: the generator is the prototype as people wrote it\n";
  std::vector<std::string> parts;
  auto sources = explanation.sources;
  std::stable_sort(sources.begin(), sources.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [name, share] : sources)
    if (share >= 0.005) parts.push_back(fmt::format("{} {:.0f} %", name, 100 * share));
  if (!parts.empty()) text += fmt::format("what explains results: {}\n", fmt::join(parts, ", "));
  parts.clear();
  for (const auto& [epochs, correlation] : explanation.rungs)
    parts.push_back(fmt::format("{} ep. {:.2f}", epochs, correlation));
  if (parts.size() > 1)
    text += fmt::format("correlation of rungs with the top one: {}\n", fmt::join(parts, ", "));
  parts.clear();
  for (const ExplainedWeight& weight : explanation.weights)
    if (parts.size() < kWeightsShown)
      parts.push_back(fmt::format("  {:>+6.2f} ± {:.2f}  {}", explanation.scale * weight.mean,
                                  explanation.scale * weight.deviation, weight.name));
  if (!parts.empty())
    text +=
        fmt::format("heaviest beliefs ({}):\n{}\n", unit_of(explanation), fmt::join(parts, "\n"));
  const std::size_t count = explanation.decisions.size();
  const std::size_t shown = most == 0 ? count : std::min(most, count);
  for (std::size_t i = 0; i < shown; ++i) {
    const ExplainedDecision& decision = explanation.decisions[i];
    text += "\n" + head_line(decision, i + 1, explanation);
    for (const ExplainedOption& option : decision.options) text += option_line(option, explanation);
  }
  if (shown < count) text += fmt::format("\nand {} more decisions (--top 0)\n", count - shown);
  return text;
}

std::string explanation_json(const Explanation& explanation) {
  Json decisions = Json::array(), weights = Json::array(), sources = Json::object(),
       rungs = Json::array();
  for (const ExplainedDecision& decision : explanation.decisions)
    decisions.push_back(decision_json(decision, explanation.score));
  for (const ExplainedWeight& weight : explanation.weights)
    weights.push_back(
        {{"feature", weight.name}, {"mean", weight.mean}, {"deviation", weight.deviation}});
  for (const auto& [name, share] : explanation.sources) sources[name] = share;
  for (const auto& [epochs, correlation] : explanation.rungs)
    rungs.push_back({{"epochs", epochs}, {"correlation", correlation}});
  const Json json = {{"campaign", explanation.campaign},
                     {"tier", explanation.tier},
                     {"cycle", explanation.cycle},
                     {"cycles", explanation.cycles},
                     {"proposal", explanation.position},
                     {"results", explanation.results},
                     {"designs", explanation.designs},
                     {"value", explanation.value},
                     {"has_learnt", explanation.has_learnt},
                     {"sources", sources},
                     {"rungs", rungs},
                     {"weights", weights},
                     {"decisions", decisions}};
  return spec::json_text(json, 2) + "\n";
}

}  // namespace atto::search
