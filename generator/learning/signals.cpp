#include "generator/learning/signals.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace atto::gen {
namespace {

// In observations: what a weight of the response model is held back by.
constexpr double kRidge = 2;
constexpr int kFewest = 4;  ///< observations at one place and rung before they compare
constexpr double kFarthest = 3;

using Responses = Eigen::Matrix<double, kResponses, 1>;

/// Sparsity, rank and separation as they are, norms and saliencies as logarithms.
Responses row_of(const net::ModuleResponses& seen) {
  const auto values = net::values_of(seen);
  Responses row;
  for (int i = 0; i < kResponses; ++i) {
    const double value = values[static_cast<std::size_t>(i)];
    row[i] = i < 3 ? value : std::log(std::max(value, 1e-12));
    if (!std::isfinite(row[i])) row[i] = 0;
  }
  return row;
}

template <class Row>
Row deviations(const Row& squares, double count) {
  return (squares / std::max(1.0, count - 1)).cwiseSqrt().cwiseMax(1e-9);
}

}  // namespace

ResponseModel::ResponseModel(const DecisionTraits& traits) : traits_(&traits) {
  const DecisionForest& forest = traits.forest();
  for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(forest.scopes()); ++scope)
    modules_.emplace_back(module_of(forest.at(forest.members(scope)[0]).path));
}

std::vector<std::int32_t> ResponseModel::said(std::int32_t scope, const net::Assignment& assignment,
                                              FeatureIndex* grows) const {
  std::vector<Feature> features;
  for (const net::DecisionId id : traits_->forest().members(scope)) {
    const std::int32_t choice = assignment[static_cast<std::size_t>(id)];
    if (choice == net::kInactive || traits_->forest().is_width(id)) continue;
    traits_->say(id, choice, assignment, features);
  }
  std::vector<std::int32_t> numbers;
  for (const Feature& feature : features) {
    const std::int32_t number = grows ? grows->add(feature) : index_.find(feature);
    if (number >= 0) numbers.push_back(number);
  }
  return numbers;
}

ResponseModel::Row ResponseModel::standardised(std::int32_t scope, std::size_t rung,
                                               const net::ModuleResponses& seen) const {
  const auto found = moments_.find({scope, rung});
  if (found == moments_.end() || found->second.count < kFewest) return Row::Zero();
  const Row scaled = (row_of(seen) - found->second.mean).cwiseQuotient(found->second.deviation);
  return scaled.cwiseMax(-kFarthest).cwiseMin(kFarthest);
}

void ResponseModel::fit(const std::vector<Measured>& designs) {
  const auto for_modules = [&](auto&& use) {
    for (const Measured& design : designs)
      for (std::size_t scope = 0; scope < modules_.size(); ++scope)
        if (const auto seen = design.responses->find(modules_[scope]);
            !modules_[scope].empty() && seen != design.responses->end())
          use(design, static_cast<std::int32_t>(scope), seen->second);
  };
  moments_.clear();
  for_modules([&](const Measured& design, std::int32_t scope, const net::ModuleResponses& seen) {
    Moments& at = moments_[{scope, design.rung}];
    at.mean += (row_of(seen) - at.mean) / ++at.count;
  });
  for (auto& [key, at] : moments_) at.deviation = Row::Zero();
  for_modules([&](const Measured& design, std::int32_t scope, const net::ModuleResponses& seen) {
    Moments& at = moments_[{scope, design.rung}];
    at.deviation += (row_of(seen) - at.mean).cwiseAbs2();
  });
  for (auto& [key, at] : moments_) at.deviation = deviations(at.deviation, at.count);

  std::vector<std::pair<std::vector<std::int32_t>, Row>> rows;
  for_modules([&](const Measured& design, std::int32_t scope, const net::ModuleResponses& seen) {
    rows.emplace_back(said(scope, *design.assignment, &index_),
                      standardised(scope, design.rung, seen));
  });
  const auto features = static_cast<Eigen::Index>(index_.features().size());
  Eigen::MatrixXd square = kRidge * Eigen::MatrixXd::Identity(features, features);
  Eigen::MatrixXd product = Eigen::MatrixXd::Zero(features, kResponses);
  for (const auto& [numbers, row] : rows)
    for (const std::int32_t a : numbers) {
      product.row(a) += row.transpose();
      for (const std::int32_t b : numbers) square(a, b) += 1;
    }
  weights_ = rows.empty() ? product : Eigen::MatrixXd(square.llt().solve(product));
}

Signal<kResponses> ResponseModel::signal(const net::Assignment& assignment,
                                         const Measured* measured) const {
  Signal<kResponses> signal;
  int modules = 0, seen_modules = 0;
  for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(traits_->forest().scopes());
       ++scope) {
    if (traits_->of(traits_->forest().members(scope)[0]).position < 0) continue;
    const std::vector<std::int32_t> numbers = said(scope, assignment, nullptr);
    if (numbers.empty()) continue;
    Row expected = Row::Zero();
    for (const std::int32_t number : numbers)
      if (number < weights_.rows()) expected += weights_.row(number).transpose();
    signal.expected += expected;
    ++modules;
    if (!measured) continue;
    const auto seen = measured->responses->find(modules_[static_cast<std::size_t>(scope)]);
    if (seen == measured->responses->end()) continue;
    signal.surprise += standardised(scope, measured->rung, seen->second) - expected;
    ++seen_modules;
  }
  if (modules > 0) signal.expected /= std::sqrt(double(modules));
  if (seen_modules > 0) signal.surprise /= std::sqrt(double(seen_modules));
  return signal;
}

namespace {

std::optional<ScoreModel::Row> row_of(const net::ScoresByModule& scores) {
  const auto whole = scores.find("");
  if (whole == scores.end()) return {};
  const auto values = net::values_of(whole->second);
  const ScoreModel::Row row = Eigen::Map<const ScoreModel::Row>(values.data());
  if (!row.allFinite()) return {};
  return row;
}

}  // namespace

void ScoreModel::fit(const Eigen::MatrixXd& features, const std::vector<Measured>& designs) {
  forget();
  std::vector<Eigen::Index> scored;
  mean_ = Row::Zero();
  for (std::size_t i = 0; i < designs.size(); ++i)
    if (const auto row = row_of(*designs[i].scores)) {
      scored.push_back(static_cast<Eigen::Index>(i));
      mean_ += (*row - mean_) / static_cast<double>(scored.size());
    }
  if (scored.size() < kFewest) return;
  const auto count = static_cast<Eigen::Index>(scored.size());
  Eigen::MatrixXd rows(count, features.cols()), values(count, kScores);
  Row squares = Row::Zero();
  for (Eigen::Index i = 0; i < count; ++i) {
    const Row row =
        *row_of(*designs[static_cast<std::size_t>(scored[static_cast<std::size_t>(i)])].scores);
    rows.row(i) = features.row(scored[static_cast<std::size_t>(i)]);
    values.row(i) = (row - mean_).transpose();
    squares += (row - mean_).cwiseAbs2();
  }
  deviation_ = deviations(squares, static_cast<double>(count));
  values = values.array().rowwise() / deviation_.transpose().array();
  centre_ = rows.colwise().mean();
  rows.rowwise() -= centre_;
  // In its dual form: there are fewer designs than features.
  Eigen::MatrixXd kernel = rows * rows.transpose();
  kernel.diagonal().array() += kRidge;
  weights_ = rows.transpose() * kernel.llt().solve(values);
}

std::optional<ScoreModel::Row> ScoreModel::scaled(const net::ScoresByModule& scores) const {
  const auto row = row_of(scores);
  if (!row) return {};
  return Row((*row - mean_).cwiseQuotient(deviation_).cwiseMax(-kFarthest).cwiseMin(kFarthest));
}

ScoreModel::Row ScoreModel::difference(const Eigen::RowVectorXd& features) const {
  return weights_.rows() == 0 ? Row(Row::Zero()) : Row((features * weights_).transpose());
}

Signal<kScores> ScoreModel::signal(const Eigen::RowVectorXd& features,
                                   const net::ScoresByModule* scores) const {
  Signal<kScores> signal;
  if (weights_.rows() == 0) return signal;
  signal.expected = ((features - centre_) * weights_).transpose();
  if (scores)
    if (const auto seen = scaled(*scores)) signal.surprise = *seen - signal.expected;
  return signal;
}

}  // namespace atto::gen
