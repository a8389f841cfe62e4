#pragma once
// The inquisitor I: learns from trained candidates - decisions, costs, results at every rung, the
// responses of their modules, zero-cost scores - which decisions deserve credit, and how sure that
// is. A Bayesian linear model over the features of decision_traits.hpp.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "generator/learning/decision_traits.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/network/responses.hpp"

namespace atto::gen {

struct InquisitorSettings {
  std::size_t rungs = 1;
  bool with_responses = true, with_scores = true;
  std::function<void()> poll = [] {};  ///< called between the parts of long work; may throw
};

/// One result of one design. Values compare within a rung only.
struct Evidence {
  Candidate candidate;
  std::size_t rung = 0;
  double value = 0;  ///< -infinity where the design was lost
  net::ResponsesByModule responses;
  net::ScoresByModule scores;
};

/// What one alternative of a decision is worth, against the mean over alternatives seen; of a
/// width: the widest against the narrowest.
struct Credit {
  net::DecisionId decision = net::kNoDecision;
  std::int32_t alternative = 0;
  double effect = 0, deviation = 0;  ///< in units of the value that is maximised
  double confidence = 0.5;           ///< posterior probability that it beats the best of the others
  int designs = 0, at_top = 0;       ///< that took it, and that reached the top rung
  friend bool operator==(const Credit&, const Credit&) = default;
};

/// What the model holds of one feature, in units of the value that is maximised.
struct Weight {
  Feature feature;
  double mean = 0, deviation = 0;
  friend bool operator==(const Weight&, const Weight&) = default;
};

/// Returns what a design's size is held to be worth before any result is known, up to a constant:
/// within the limits, larger is better.
double worth_of_size(const spec::Costs& costs);

class Inquisitor {
 public:
  /// The traits must outlive it.
  Inquisitor(const DecisionTraits& traits, const InquisitorSettings& settings);
  ~Inquisitor();

  void add(Evidence evidence);
  std::size_t designs() const;
  /// Whether learn() was called: only then is anything believed.
  bool has_learnt() const;
  /// Learns from all evidence so far; `iterations` of the search for variances.
  void learn(int iterations);

  /// Returns what learn() made of designs, known or not: the top rung's value in standard
  /// deviations between random designs. A known design's own results count.
  std::vector<double> beliefs(const std::vector<const Candidate*>& designs) const;
  /// Returns the top rung's value that a known design is held to have. What its own result has
  /// beyond the model counts as far as the model is open: all but wholly when little is known, and
  /// little when much is, for the best of many results was lucky too.
  double worth(const Candidate& design) const;
  /// Returns the values of the designs under weights drawn from the posterior, its spread scaled by
  /// `boldness`: one row a draw.
  std::vector<std::vector<double>> draws(const std::vector<const Candidate*>& designs, int count,
                                         double boldness, std::uint64_t seed) const;

  /// Returns the credits of all alternatives of structure decisions that some design took and, for
  /// widths that some design has, of the widest against the narrowest.
  std::vector<Credit> credits() const;
  /// Returns the heaviest weights of features of decisions, at most `count`.
  std::vector<Weight> weights(std::size_t count) const;
  /// Returns the share of the explained variance that each source of evidence has, by name.
  std::vector<std::pair<std::string, double>> sources() const;
  /// Returns the correlation of each rung with the top one, as it is held to be.
  std::vector<double> rung_correlations() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace atto::gen
