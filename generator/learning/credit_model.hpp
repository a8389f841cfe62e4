#pragma once
// Bayesian linear regression whose weights come in groups: every group has a prior variance of its
// own, found by expectation maximisation, so that groups without evidence fade (MacKay, "Bayesian
// interpolation", 1992). Observations differ in how noisy they are.

#include <cstdint>
#include <vector>

#include "generator/learning/kernels.hpp"
#include "generator/learning/precision.hpp"

namespace atto::gen {

/// [design or observation, feature]: a design says few of all features.
using FeatureRows = Eigen::SparseMatrix<double, Eigen::RowMajor>;

struct CreditData {
  Eigen::SparseMatrix<double> features;  ///< [observation, feature]
  Eigen::VectorXd values;                ///< [observation], about standardised
  Eigen::VectorXd excess;                ///< [observation]: variance beyond the common noise, >= 0
  Eigen::VectorXd prior;  ///< [feature]: the weight that is expected before anything is known
};

class CreditModel {
 public:
  /// `kernels`: of the same observations. `groups`: of each feature. `shares`: the variance between
  /// designs that each group is held to explain before anything is known. What `poll` throws leaves
  /// the model of no use.
  void fit(const CreditData& data, const Kernels& kernels, const std::vector<int>& groups,
           const std::vector<double>& shares, int iterations, const Poll& poll);

  const Eigen::VectorXd& mean() const { return mean_; }
  /// Returns the common noise's variance.
  double noise() const { return noise_; }
  /// Returns the mean leverage: how far the fit of an observation follows its own value, from 1
  /// (wholly) down to weights an observation. It is what the model leaves open without that value,
  /// over that and the noise.
  double leverage() const { return leverage_; }
  const std::vector<double>& group_variances() const { return variances_; }

  /// Predicts rows of features.
  Eigen::VectorXd predict(const FeatureRows& rows) const;
  /// Returns the posterior deviations of sums of weights, one a column.
  Eigen::VectorXd deviations_of(const Eigen::MatrixXd& contrasts) const;
  /// Returns the posterior precision of the weights around mean().
  const Precision& precision() const { return precision_; }

 private:
  void solve(const CreditData& data, const Kernels& kernels, const Poll& poll);
  void maximise(const CreditData& data, const Kernels& kernels, const Poll& poll);

  std::vector<int> groups_;
  std::vector<double> variances_, start_, group_sizes_;
  double noise_ = 0.3, intercept_ = 0, leverage_ = 1;
  Eigen::VectorXd mean_, prior_, centre_, scale_;
  Precision precision_;
};

}  // namespace atto::gen
