#pragma once
// Bayesian linear regression whose weights come in groups: every group has a prior variance of its
// own, found by expectation maximisation, so that groups without evidence fade (MacKay, "Bayesian
// interpolation", 1992). Observations differ in how noisy they are.

#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "design_specs/seeds/random.hpp"

namespace atto::gen {

struct CreditData {
  Eigen::MatrixXd features;  ///< [observation, feature]
  Eigen::VectorXd values;    ///< [observation], about standardised
  Eigen::VectorXd excess;    ///< [observation]: variance beyond the common noise, >= 0
  Eigen::VectorXd prior;     ///< [feature]: the weight that is expected before anything is known
};

class CreditModel {
 public:
  /// `groups`: of each feature. `shares`: the variance between designs that each group is held to
  /// explain before anything is known.
  void fit(const CreditData& data, const std::vector<int>& groups,
           const std::vector<double>& shares, int iterations);

  const Eigen::VectorXd& mean() const { return mean_; }
  double intercept() const { return intercept_; }
  /// Returns the common noise's variance.
  double noise() const { return noise_; }
  const std::vector<double>& group_variances() const { return variances_; }

  /// Predicts rows of features.
  Eigen::VectorXd predict(const Eigen::MatrixXd& rows) const;
  /// Returns the variance of the same predictions, noise left out.
  Eigen::VectorXd variance(const Eigen::MatrixXd& rows) const;
  /// Returns the posterior deviations of sums of weights, one a column.
  Eigen::VectorXd deviations_of(const Eigen::MatrixXd& contrasts) const;
  /// Draws weights from the posterior.
  Eigen::VectorXd draw(spec::Random& random) const;

 private:
  void solve(const CreditData& data);
  void maximise(const CreditData& data);

  std::vector<int> groups_;
  std::vector<double> variances_, start_, group_sizes_;
  double noise_ = 0.3, intercept_ = 0;
  Eigen::VectorXd mean_, prior_, centre_;
  Eigen::LLT<Eigen::MatrixXd> precision_;
};

}  // namespace atto::gen
