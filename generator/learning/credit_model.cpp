#include "generator/learning/credit_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace atto::gen {
namespace {

// Pseudo-observations that hold variances near their start: a group of few features learns slowly.
constexpr double kGroupPrior = 4, kNoisePrior = 6, kNoiseStart = 0.3;
constexpr double kSmallestVariance = 1e-6, kSmallestNoise = 1e-2;

/// Makes rows and columns of a symmetric matrix sum to 0.
void centre(Eigen::MatrixXd& matrix) {
  const Eigen::VectorXd means = matrix.colwise().mean();
  const double mean = means.mean();
  matrix.colwise() -= means;
  matrix.rowwise() -= (means.array() - mean).matrix().transpose();
}

}  // namespace

void CreditModel::fit(const CreditData& data, const Kernels& kernels,
                      const std::vector<int>& groups, const std::vector<double>& shares,
                      int iterations, const Poll& poll) {
  groups_ = groups;
  const Eigen::Index count = data.features.rows();
  const double share = 1 / static_cast<double>(count);
  centre_ = share * (data.features.transpose() * Eigen::VectorXd::Ones(count));
  group_sizes_.assign(shares.size(), 0);
  for (const int group : groups) group_sizes_[static_cast<std::size_t>(group)] += 1;
  // A group's share of the variance is spread over what its features vary in.
  Eigen::MatrixXd one = Eigen::MatrixXd::Identity(count, count);
  centre(one);
  const std::vector<double> spread = kernels.traces(share * one, poll);
  start_.resize(shares.size());
  for (std::size_t g = 0; g < shares.size(); ++g)
    start_[g] = std::max(kSmallestVariance, shares[g] / std::max(spread[g], 0.1));
  if (variances_.size() != shares.size()) variances_ = start_;
  solve(data, kernels, poll);
  for (int i = 0; i < iterations; ++i) {
    maximise(data, kernels, poll);
    solve(data, kernels, poll);
  }
}

void CreditModel::solve(const CreditData& data, const Kernels& kernels, const Poll& poll) {
  const Eigen::VectorXd weight = (data.excess.array() + noise_).inverse();
  intercept_ = weight.dot(data.values) / weight.sum();
  scale_ = weight.cwiseSqrt();
  Eigen::MatrixXd inner = kernels.sum(variances_, poll);
  centre(inner);
  inner = scale_.asDiagonal() * inner * scale_.asDiagonal();
  inner.diagonal().array() += 1;
  Eigen::VectorXd variances(data.features.cols());
  for (std::size_t f = 0; f < groups_.size(); ++f)
    variances[static_cast<Eigen::Index>(f)] = variances_[static_cast<std::size_t>(groups_[f])];
  const Outer outer{data.features, scale_, centre_};
  prior_ = data.prior;
  const Eigen::VectorXd miss =
      scale_.cwiseProduct((data.values.array() - intercept_).matrix()) - outer.seen(prior_);
  precision_.set(std::move(variances), outer, std::move(inner), poll);
  mean_ = prior_ + precision_.answer(miss);
}

void CreditModel::maximise(const CreditData& data, const Kernels& kernels, const Poll& poll) {
  Eigen::MatrixXd sure = precision_.inner_inverse(poll);
  const Eigen::VectorXd doubt = (1 - sure.diagonal().array()).cwiseMax(0);
  sure.triangularView<Eigen::StrictlyUpper>() = sure.transpose();
  sure = scale_.asDiagonal() * sure * scale_.asDiagonal();
  centre(sure);
  const std::vector<double> told = kernels.traces(sure, poll);
  std::vector<double> sum(variances_.size());
  for (std::size_t f = 0; f < groups_.size(); ++f) {
    const auto at = static_cast<Eigen::Index>(f);
    sum[static_cast<std::size_t>(groups_[f])] += std::pow(mean_[at] - prior_[at], 2);
  }
  for (std::size_t g = 0; g < variances_.size(); ++g)
    sum[g] += variances_[g] * std::max(0.0, group_sizes_[g] - variances_[g] * told[g]);
  for (std::size_t g = 0; g < variances_.size(); ++g)
    variances_[g] = std::max(kSmallestVariance,
                             (sum[g] + kGroupPrior * start_[g]) / (group_sizes_[g] + kGroupPrior));
  // Of the observations as solve() weighed them, for each weight is 1 / (noise + excess).
  leverage_ = doubt.mean();
  const Eigen::VectorXd fitted =
      (data.features * mean_).array() + (intercept_ - centre_.dot(mean_));
  double noise = kNoisePrior * kNoiseStart;
  for (Eigen::Index i = 0; i < fitted.size(); ++i) {
    const double all = noise_ + data.excess[i], miss = data.values[i] - fitted[i];
    const double share = noise_ / all;
    noise += noise_ * (1 - share) + share * share * (miss * miss + all * doubt[i]);
  }
  noise_ = std::max(kSmallestNoise, noise / (static_cast<double>(fitted.size()) + kNoisePrior));
}

Eigen::VectorXd CreditModel::predict(const FeatureRows& rows) const {
  return ((rows * mean_).array() + (intercept_ - centre_.dot(mean_))).matrix();
}

Eigen::VectorXd CreditModel::deviations_of(const Eigen::MatrixXd& contrasts) const {
  if (contrasts.cols() == 0) return {};
  return precision_.variances(contrasts).cwiseSqrt();
}

}  // namespace atto::gen
