#pragma once
// What generative synthesis holds of every decision after a cycle, from the ledger: what the
// generator prefers, how sure the inquisitor is, and what they have seen.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "search/campaign/campaign.hpp"

namespace atto::search {

/// A response of the decision's module where one option was taken, beside the other options.
struct ExplainedResponse {
  std::string name;
  double with = 0, without = 0;  ///< means
  double shift = 0;  ///< mean distance from designs at the same rung, in standard deviations
};

struct ExplainedOption {
  std::string label;                        ///< of an alternative, or a range of widths
  double probability = 0, at_first = 0;     ///< under theta, and before anything was learnt
  std::optional<double> effect, deviation;  ///< of the maximised value; absent where never tried
  double confidence = 0;        ///< that it beats the best of the others; 0 where none was tried
  int designs = 0, at_top = 0;  ///< with results that took it
  std::vector<std::pair<std::string, double>> best;  ///< hash and score at its highest rung
  /// Geometric means of designs with it against those with other options, as the prototype alone
  /// has them: what an option is worth by itself and what it is worth by its size are told apart.
  std::optional<double> params_ratio, macs_ratio;
  std::vector<ExplainedResponse> responses;  ///< the most telling first
  bool is_allowed = true;                    ///< by people
};

struct ExplainedDecision {
  std::string path;
  bool is_width = false;
  double presence = 0;        ///< share of generated designs in which it exists
  double importance = 0;      ///< presence x range of effects, in units of the maximised value
  std::size_t preferred = 0;  ///< the likeliest option
  double confidence = 0;      ///< in it; of a width: in its direction
  std::optional<double> width_effect, width_deviation;  ///< of the widest against the narrowest
  bool is_steered = false;
  bool is_range = false;  ///< of at least three whole numbers
  std::vector<ExplainedOption> options;
};

/// Returns whether what is preferred was learnt and is the most or the least that the prototype
/// allows: people may want to allow more.
bool is_at_end(const ExplainedDecision& decision);

struct ExplainedWeight {
  std::string name;
  double mean = 0, deviation = 0;
};

struct Explanation {
  std::string campaign, tier;
  std::int64_t cycle = 0, cycles = 0, position = 0, results = 0;
  int designs = 0;    ///< with results
  std::string value;  ///< what is maximised: "top-1" or "NetScore"
  double scale = 1;   ///< of its effects: 100 where they are told in points of a percent
  spec::Score score;
  bool has_learnt = false;
  std::vector<ExplainedDecision> decisions;  ///< the most important first
  std::vector<ExplainedWeight> weights;      ///< the heaviest first
  std::vector<std::pair<std::string, double>> sources;
  std::vector<std::pair<int, double>> rungs;  ///< epochs, correlation with the top rung
};

/// Explains a cycle of a tier (0 = the last); nothing where the strategy has recorded none. Depends
/// on the ledger alone. Throws SpecError for a cycle that the tier does not have.
std::optional<Explanation> explain(Ledger& ledger, const Campaign& campaign, int tier,
                                   std::int64_t cycle);

/// Keeps the decisions that a path addresses ("[*]", or the start of paths). Throws SpecError when
/// none.
void keep_path(Explanation& explanation, const std::string& path);

/// For people; at most `most` decisions (0 = all).
std::string explanation_text(const Explanation& explanation, std::size_t most);
std::string explanation_json(const Explanation& explanation);
/// A picture: a card for every place of the network with its distributions, and the effects of the
/// most important decisions.
std::string explanation_svg(const Explanation& explanation);

}  // namespace atto::search
