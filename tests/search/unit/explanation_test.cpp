// What people are told of a decision that the machine has learnt.
#include "search/report/explanation.hpp"

#include <catch2/catch.hpp>

using namespace atto::search;

namespace {

ExplainedDecision width(std::size_t preferred, double probability, double confidence) {
  ExplainedDecision decision;
  decision.path = "stages[0].channels";
  decision.is_width = decision.is_range = true;
  for (const char* label : {"8-16", "24-32", "40-48"}) {
    ExplainedOption option;
    option.label = label;
    option.at_first = 1.0 / 3;
    option.probability = (1 - probability) / 2;
    decision.options.push_back(option);
  }
  decision.preferred = preferred;
  decision.options[preferred].probability = probability;
  decision.confidence = confidence;
  return decision;
}

bool is_told(const ExplainedDecision& decision, const std::string& what) {
  Explanation explanation;
  explanation.decisions = {decision};
  const bool is_told =
      explanation_text(explanation, 0).find("this is the " + what + " that the prototype allows") !=
      std::string::npos;
  CHECK(is_told == (explanation_json(explanation).find("\"at_end\": true") != std::string::npos));
  return is_told;
}

}  // namespace

TEST_CASE("A learnt preference for the end of a range asks people for a larger one") {
  CHECK(is_told(width(2, 0.7, 0.8), "most"));
  CHECK(is_told(width(0, 0.7, 0.8), "least"));
  CHECK_FALSE(is_at_end(width(1, 0.7, 0.8)));
  CHECK_FALSE(is_at_end(width(2, 0.45, 0.8)));
  CHECK_FALSE(is_at_end(width(2, 0.7, 0.55)));
  ExplainedDecision choice = width(2, 0.7, 0.8);
  choice.is_range = false;  // the last of a list is no end
  CHECK_FALSE(is_at_end(choice));
  ExplainedDecision unlearnt = width(2, 0.7, 0.8);
  unlearnt.options[2].at_first = 0.7;
  CHECK_FALSE(is_at_end(unlearnt));
}
