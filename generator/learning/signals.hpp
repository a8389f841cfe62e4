#pragma once
// Signals beside the result: module responses and zero-cost scores. What a design's decisions let
// expect of them is known for every design; what was observed beyond that only for measured ones.

#include <Eigen/Dense>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "generator/learning/decision_traits.hpp"
#include "prototypes/network/responses.hpp"

namespace atto::gen {

inline constexpr int kResponses = 6, kScores = 4;

/// Both are 0 where nothing is known.
template <int count>
struct Signal {
  Eigen::Matrix<double, count, 1> expected = Eigen::Matrix<double, count, 1>::Zero();
  Eigen::Matrix<double, count, 1> surprise = Eigen::Matrix<double, count, 1>::Zero();
};

/// A measured design.
struct Measured {
  const net::Assignment* assignment = nullptr;
  std::size_t rung = 0;
  const net::ResponsesByModule* responses = nullptr;
  const net::ScoresByModule* scores = nullptr;
};

/// Ridge regression from the choices made in a module to its responses, compared with what other
/// designs showed at the same place and rung: every trained candidate gives as many observations as
/// it has modules.
class ResponseModel {
 public:
  explicit ResponseModel(const DecisionTraits& traits);
  void fit(const std::vector<Measured>& designs);
  /// Averages over the modules that exist; `measured` null: not measured.
  Signal<kResponses> signal(const net::Assignment& assignment, const Measured* measured) const;

 private:
  using Row = Eigen::Matrix<double, kResponses, 1>;
  struct Moments {
    Row mean = Row::Zero(), deviation = Row::Ones();
    int count = 0;
  };
  Row standardised(std::int32_t scope, std::size_t rung, const net::ModuleResponses& seen) const;
  std::vector<std::int32_t> said(std::int32_t scope, const net::Assignment& assignment,
                                 FeatureIndex* grows) const;

  const DecisionTraits* traits_;
  FeatureIndex index_;
  std::map<std::pair<std::int32_t, std::size_t>, Moments> moments_;  ///< by scope and rung
  std::vector<std::string> modules_;  ///< by scope; "" outside modules
  Eigen::MatrixXd weights_;           ///< [feature, response]
};

/// Zero-cost scores of whole networks, standardised over the scored ones, and a ridge regression to
/// them from what a design's decisions and costs say: a few scored designs tell what others have.
class ScoreModel {
 public:
  using Row = Eigen::Matrix<double, kScores, 1>;

  /// `features`: a row a design. Designs without scores are passed over.
  void fit(const Eigen::MatrixXd& features, const std::vector<Measured>& designs);
  void forget() { weights_.resize(0, kScores); }
  /// Returns by how much scores are expected to differ where features differ by so much.
  Row difference(const Eigen::RowVectorXd& features) const;
  /// `scores` null: not scored.
  Signal<kScores> signal(const Eigen::RowVectorXd& features,
                         const net::ScoresByModule* scores) const;

 private:
  std::optional<Row> scaled(const net::ScoresByModule& scores) const;

  Row mean_ = Row::Zero(), deviation_ = Row::Ones();
  Eigen::RowVectorXd centre_;
  Eigen::MatrixXd weights_;  ///< [feature, score]; no row = nothing known
};

}  // namespace atto::gen
