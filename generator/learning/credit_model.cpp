#include "generator/learning/credit_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace atto::gen {
namespace {

// Pseudo-observations that hold variances near their start: a group of few features learns slowly.
constexpr double kGroupPrior = 4, kNoisePrior = 6, kNoiseStart = 0.3;
constexpr double kSmallestVariance = 1e-6, kSmallestNoise = 1e-2;

}  // namespace

void CreditModel::fit(const CreditData& data, const std::vector<int>& groups,
                      const std::vector<double>& shares, int iterations, const Poll& poll) {
  groups_ = groups;
  centre_ = data.features.colwise().mean();
  // A group's share of the variance is spread over what its features vary in.
  std::vector<double> spread(shares.size());
  const Eigen::VectorXd feature_variances =
      (data.features.rowwise() - centre_.transpose()).colwise().squaredNorm() /
      std::max<double>(1, static_cast<double>(data.features.rows()));
  group_sizes_.assign(shares.size(), 0);
  for (std::size_t f = 0; f < groups.size(); ++f) {
    spread[static_cast<std::size_t>(groups[f])] += feature_variances[static_cast<Eigen::Index>(f)];
    group_sizes_[static_cast<std::size_t>(groups[f])] += 1;
  }
  start_.resize(shares.size());
  for (std::size_t g = 0; g < shares.size(); ++g)
    start_[g] = std::max(kSmallestVariance, shares[g] / std::max(spread[g], 0.1));
  if (variances_.size() != shares.size()) variances_ = start_;
  solve(data, poll);
  for (int i = 0; i < iterations; ++i) {
    maximise(data, poll);
    solve(data, poll);
  }
}

void CreditModel::solve(const CreditData& data, const Poll& poll) {
  const Eigen::Index count = data.features.rows();
  const Eigen::VectorXd weight = (data.excess.array() + noise_).inverse();
  const Eigen::MatrixXd centred = data.features.rowwise() - centre_.transpose();
  const double total = weight.sum();
  intercept_ = count > 0 ? weight.dot(data.values) / total : 0;
  Eigen::VectorXd diagonal(centred.cols());
  for (std::size_t f = 0; f < groups_.size(); ++f)
    diagonal[static_cast<Eigen::Index>(f)] = 1 / variances_[static_cast<std::size_t>(groups_[f])];
  precision_.set(std::move(diagonal), centred.array().colwise() * weight.array().sqrt(), poll);
  prior_ = data.prior;
  const Eigen::VectorXd residual = (data.values - centred * prior_).array() - intercept_;
  mean_ = prior_ + precision_.solve(centred.transpose() * residual.cwiseProduct(weight));
}

void CreditModel::maximise(const CreditData& data, const Poll& poll) {
  const Eigen::VectorXd spread = precision_.diagonal_of_inverse(poll);
  std::vector<double> sum(variances_.size());
  for (std::size_t f = 0; f < groups_.size(); ++f) {
    const auto at = static_cast<Eigen::Index>(f);
    sum[static_cast<std::size_t>(groups_[f])] += std::pow(mean_[at] - prior_[at], 2) + spread[at];
  }
  for (std::size_t g = 0; g < variances_.size(); ++g)
    variances_[g] = std::max(kSmallestVariance,
                             (sum[g] + kGroupPrior * start_[g]) / (group_sizes_[g] + kGroupPrior));
  // Of the observations as solve() weighed them, for each weight is 1 / (noise + excess).
  const Eigen::VectorXd doubt = precision_.variances_of_observations();
  const Eigen::VectorXd fitted = predict(data.features);
  double noise = kNoisePrior * kNoiseStart;
  for (Eigen::Index i = 0; i < fitted.size(); ++i) {
    const double all = noise_ + data.excess[i], miss = data.values[i] - fitted[i];
    const double share = noise_ / all;
    noise += noise_ * (1 - share) + share * share * (miss * miss + all * doubt[i]);
  }
  noise_ = std::max(kSmallestNoise, noise / (static_cast<double>(fitted.size()) + kNoisePrior));
}

Eigen::VectorXd CreditModel::predict(const Eigen::MatrixXd& rows) const {
  return ((rows * mean_).array() + (intercept_ - centre_.dot(mean_))).matrix();
}

Eigen::VectorXd CreditModel::deviations_of(const Eigen::MatrixXd& contrasts) const {
  if (contrasts.cols() == 0) return {};
  return precision_.variances(contrasts).cwiseSqrt();
}

}  // namespace atto::gen
