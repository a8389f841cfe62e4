#include "generator/signals.hpp"

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

std::string module_of_scope(const DecisionTraits& traits, std::int32_t scope) {
  const DecisionForest& forest = traits.forest();
  return std::string(module_of(forest.at(forest.members(scope)[0]).path));
}

template <class Row>
Row deviations(const Row& squares, double count) {
  return (squares / std::max(1.0, count - 1)).cwiseSqrt().cwiseMax(1e-9);
}

}  // namespace

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

ResponseModel::Row ResponseModel::standardised(const std::string& module, std::size_t rung,
                                               const net::ModuleResponses& seen) const {
  const auto found = moments_.find({module, rung});
  if (found == moments_.end() || found->second.count < kFewest) return Row::Zero();
  const Row scaled = (row_of(seen) - found->second.mean).cwiseQuotient(found->second.deviation);
  return scaled.cwiseMax(-kFarthest).cwiseMin(kFarthest);
}

void ResponseModel::fit(const std::vector<Measured>& designs) {
  moments_.clear();
  for (const Measured& design : designs)
    for (const auto& [module, seen] : *design.responses) {
      Moments& at = moments_[{module, design.rung}];
      at.mean += (row_of(seen) - at.mean) / ++at.count;
    }
  std::map<std::pair<std::string, std::size_t>, Row> squares;
  for (const Measured& design : designs)
    for (const auto& [module, seen] : *design.responses) {
      const auto key = std::pair(module, design.rung);
      auto& square = squares.try_emplace(key, Row::Zero()).first->second;
      square += (row_of(seen) - moments_[key].mean).cwiseAbs2();
    }
  for (auto& [key, at] : moments_) at.deviation = deviations(squares[key], at.count);

  std::vector<std::pair<std::vector<std::int32_t>, Row>> rows;
  for (const Measured& design : designs)
    for (std::int32_t scope = 0; scope < static_cast<std::int32_t>(traits_->forest().scopes());
         ++scope) {
      const auto seen = design.responses->find(module_of_scope(*traits_, scope));
      if (seen == design.responses->end()) continue;
      rows.emplace_back(said(scope, *design.assignment, &index_),
                        standardised(seen->first, design.rung, seen->second));
    }
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
    for (const std::int32_t number : numbers) expected += weights_.row(number).transpose();
    signal.expected += expected;
    ++modules;
    if (!measured) continue;
    const std::string module = module_of_scope(*traits_, scope);
    const auto seen = measured->responses->find(module);
    if (seen == measured->responses->end()) continue;
    signal.surprise += standardised(module, measured->rung, seen->second) - expected;
    ++seen_modules;
  }
  if (modules > 0) signal.expected /= std::sqrt(double(modules));
  if (seen_modules > 0) signal.surprise /= std::sqrt(double(seen_modules));
  return signal;
}

void ScoreScale::fit(const std::vector<Measured>& designs) {
  mean_ = Row::Zero();
  Row squares = Row::Zero();
  double count = 0;
  for (const bool is_second : {false, true})
    for (const Measured& design : designs) {
      const auto whole = design.scores->find("");
      if (whole == design.scores->end()) continue;
      const auto values = net::values_of(whole->second);
      const Row row = Eigen::Map<const Row>(values.data());
      if (!row.allFinite()) continue;
      if (is_second)
        squares += (row - mean_).cwiseAbs2();
      else
        mean_ += (row - mean_) / ++count;
    }
  deviation_ = deviations(squares, count);
}

Eigen::Matrix<double, kScores, 1> ScoreScale::scaled(const net::ScoresByModule* scores) const {
  if (!scores) return Row::Zero();
  const auto whole = scores->find("");
  if (whole == scores->end()) return Row::Zero();
  const auto values = net::values_of(whole->second);
  const Row row = Eigen::Map<const Row>(values.data());
  if (!row.allFinite()) return Row::Zero();
  return (row - mean_).cwiseQuotient(deviation_).cwiseMax(-kFarthest).cwiseMin(kFarthest);
}

}  // namespace atto::gen
