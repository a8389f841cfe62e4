#pragma once
// The inside of the inquisitor: the rows of its linear model. inquisitor_model.cpp learns,
// inquisitor.cpp believes and draws, inquisitor_credits.cpp explains.

#include <limits>
#include <unordered_map>

#include "generator/learning/credit_model.hpp"
#include "generator/learning/inquisitor.hpp"
#include "generator/learning/rung_scale.hpp"
#include "generator/learning/signals.hpp"

namespace atto::gen {

/// The groups of weights: one per kind of feature, then these.
enum Group {
  kCost = kFeatureKinds,
  kResponse,
  kResponseOwn,
  kScore,
  kScoreOwn,
  kEarly,
  kEarlyCost,
  kGroups
};
constexpr int kCostColumns = 6;
constexpr int kFixedColumns = kCostColumns + 2 * kResponses + 2 * kScores;

struct Known {
  Candidate candidate;
  std::vector<std::optional<double>> results;
  std::size_t highest = 0;
  net::ResponsesByModule responses;
  std::size_t responses_rung = 0;
  net::ScoresByModule scores;
  std::vector<std::pair<std::int32_t, double>> said;  ///< numbered features, with values
  std::optional<double> fitted;  ///< what learn() made of it; nothing where more is known since
};

struct Inquisitor::Parts {
  Parts(const DecisionTraits& of, const InquisitorSettings& with)
      : traits(of), settings(with), responses(of) {}

  const DecisionTraits& traits;
  InquisitorSettings settings;
  std::vector<Known> known;
  std::unordered_map<std::uint64_t, std::size_t> numbers;
  FeatureIndex index;
  RungScale scale;
  ResponseModel responses;
  ScoreModel scores;
  Kernels kernels{kFeatureKinds, kEarly, kGroups};
  CreditModel model;
  Eigen::Vector3d cost_centre = Eigen::Vector3d::Zero(), cost_spread = Eigen::Vector3d::Ones();
  CreditData data;
  /// Features that turned up since learn() have no weight yet.
  Eigen::Index learnt = 0;

  /// A row: decisions, costs, responses, scores; then what early results show beyond the design's
  /// worth: the decisions and costs once more, which count at early rungs alone.
  Eigen::Index score_column() const { return learnt + kCostColumns + 2 * kResponses; }
  Eigen::Index early_column() const { return learnt + kFixedColumns; }
  Eigen::Index columns() const { return early_column() + learnt + kCostColumns; }

  const Known* find(const Candidate& candidate) const {
    const auto found = numbers.find(candidate.hash);
    return found == numbers.end() ? nullptr : &known[found->second];
  }
  /// Everything that a design's choices say, with the numbers of widths.
  std::vector<std::pair<Feature, double>> said(const net::Assignment& assignment) const;
  /// Rows of designs, known or not; `unseen` gets the prior variance of what no known one says.
  FeatureRows rows_of(const std::vector<const Candidate*>& designs,
                      std::vector<double>* unseen) const;
  /// The group of each column.
  std::vector<int> groups() const;
  void learn(int iterations);

  /// The credits of a structure decision's alternatives that some design took.
  std::vector<Credit> credits_of(net::DecisionId id) const;
  std::vector<Credit> credit_of_width(net::DecisionId id) const;

 private:
  Measured measured(const Known& design) const {
    return {&design.candidate.assignment, design.responses_rung, &design.responses, &design.scores};
  }
  double variance_of(const Feature& feature) const {
    const std::vector<double>& variances = model.group_variances();
    return variances.empty() ? 0 : variances[static_cast<std::size_t>(feature.kind)];
  }
  /// Writes a design's row up to what counts at early rungs alone; returns the prior variance of
  /// what no known design says.
  double fill(const Candidate& candidate, Eigen::VectorXd& row) const;
  /// Writes its part of scores; `own` null: a design that is not known.
  void fill_scores(const Known* own, Eigen::VectorXd& row) const;
  void scale_costs();
  /// One observation for every result of every known design, whose row is given.
  void observe(const FeatureRows& rows);
  /// Brings the kernels up to the observations.
  void compare(const FeatureRows& rows, std::vector<Seen> seen);
  /// Adds to a row of decisions what they let expect of scores.
  void add_expected_scores(Eigen::VectorXd& row) const;
  /// The weights' row that tells what an alternative says, averaged over the designs that took it.
  Eigen::VectorXd saying(net::DecisionId id, std::int32_t alternative, Credit& credit) const;
};

}  // namespace atto::gen
