#include "search/latency/block_costs.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <utility>

namespace atto::search {
namespace {

constexpr std::size_t kFewestDesigns = 8;
constexpr double kLeastUs = 1e-3;
/// Shrinks each rate towards all rates' mean, in blocks.
constexpr double kRateRidge = 0.3;
constexpr int kMostSteps = 30;
constexpr double kLongestStep = 0.7, kShortStep = 1e-3;  ///< of a log(rate)
/// Shrink a family's level and slopes towards none, in blocks.
constexpr double kLevelRidge = 1, kSlopeRidge = 1;
/// How near in log(size) a known block must be to correct the fit, and what the fit itself weighs.
constexpr double kReach = 0.5, kFitWeight = 1;

double square(double x) {
  return x * x;
}

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::ceil(share * double(values.size()))) - 1];
}

}  // namespace

bool PredictionQuality::is_trusted() const {
  return designs >= kJudgedDesigns && median_error <= kMedianErrorAllowed &&
         tail_error <= kTailErrorAllowed;
}

double BlockCosts::Rates::at(const std::string& amount) const {
  const auto rate = log_us.find(amount);
  return rate == log_us.end() ? other : rate->second;
}

double BlockCosts::Rates::log_us_of(const Block& block) const {
  double us = 0;
  for (const auto& [name, amount] : block.amounts) us += amount * std::exp(at(name));
  return std::log(std::max(us, kLeastUs));
}

double BlockCosts::Departure::at(const Block& block) const {
  double value = level;
  for (std::size_t i = 0; i < kBlockFeatures; ++i)
    value += slopes[i] * (block.features[i] - centre[i]);
  return value;
}

/// Least squares of log(us) over all known blocks, by Gauss and Newton: costs add up, errors are
/// shares.
BlockCosts::Rates BlockCosts::fit_rates() const {
  std::map<std::string, Eigen::Index> places;
  double us = 0, amounts = 0;
  for (const auto& [name, family] : families_)
    for (const Known& known : family) {
      us += std::exp(known.log_us);
      for (const auto& [amount, value] : known.block.amounts) {
        places.try_emplace(amount, static_cast<Eigen::Index>(places.size()));
        amounts += value;
      }
    }
  const auto n = static_cast<Eigen::Index>(places.size());
  Rates rates;
  rates.other = std::log(us / amounts);
  for (const auto& [name, place] : places) rates.log_us[name] = rates.other;
  for (int step = 0; step < kMostSteps; ++step) {
    Eigen::MatrixXd products = kRateRidge * Eigen::MatrixXd::Identity(n, n);
    Eigen::VectorXd sums(n);
    for (const auto& [name, place] : places)
      sums[place] = kRateRidge * (rates.other - rates.log_us.at(name));
    for (const auto& [name, family] : families_)
      for (const Known& known : family) {
        const double expected = rates.log_us_of(known.block);
        std::vector<std::pair<Eigen::Index, double>> shares;
        for (const auto& [amount, value] : known.block.amounts)
          shares.emplace_back(places.at(amount), value * std::exp(rates.at(amount) - expected));
        for (const auto& [i, share] : shares) {
          sums[i] += share * (known.log_us - expected);
          for (const auto& [j, other] : shares) products(i, j) += share * other;
        }
      }
    const Eigen::VectorXd found =
        products.ldlt().solve(sums).cwiseMax(-kLongestStep).cwiseMin(kLongestStep);
    rates.other = 0;
    for (const auto& [name, place] : places) {
      rates.log_us[name] += found[place];
      rates.other += rates.log_us[name] / static_cast<double>(n);
    }
    if (found.cwiseAbs().maxCoeff() < kShortStep) break;
  }
  return rates;
}

BlockCosts::Departure BlockCosts::fit(const Family& family, const Rates& rates) {
  constexpr auto n = static_cast<Eigen::Index>(kBlockFeatures);
  const auto rows = static_cast<Eigen::Index>(family.size());
  Eigen::MatrixXd features(rows, n);
  Eigen::VectorXd residuals(rows);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const Known& known = family[static_cast<std::size_t>(i)];
    features.row(i) = Eigen::Map<const Eigen::RowVectorXd>(known.block.features.data(), n);
    residuals[i] = known.log_us - rates.log_us_of(known.block);
  }
  // Around the centre, so that shrunk slopes leave the level alone.
  const Eigen::RowVectorXd centre = features.colwise().mean();
  features.rowwise() -= centre;
  Departure found;
  found.level = residuals.sum() / (static_cast<double>(rows) + kLevelRidge);
  const Eigen::MatrixXd products =
      features.transpose() * features + kSlopeRidge * Eigen::MatrixXd::Identity(n, n);
  Eigen::Map<Eigen::VectorXd>(found.slopes.data(), n) =
      products.ldlt().solve(features.transpose() * (residuals.array() - found.level).matrix());
  Eigen::Map<Eigen::RowVectorXd>(found.centre.data(), n) = centre;
  return found;
}

double BlockCosts::log_us(const Block& block) const {
  if (!rates_) rates_ = fit_rates();
  const double by_rates = rates_->log_us_of(block);
  const auto family = families_.find(block.family);
  if (family == families_.end()) return by_rates;
  for (const Known& known : family->second)
    if (known.block.key == block.key) return known.log_us;
  const auto [departure, is_new] = departures_.try_emplace(block.family);
  if (is_new) departure->second = fit(family->second, *rates_);
  const auto fitted = [&](const Block& of) {
    return rates_->log_us_of(of) + departure->second.at(of);
  };
  double corrections = 0, weights = kFitWeight;
  for (const Known& known : family->second) {
    double distance = 0;
    for (std::size_t i = 0; i < kBlockFeatures; ++i)
      distance += square((known.block.features[i] - block.features[i]) / kReach);
    const double weight = std::exp(-distance / 2);
    weights += weight;
    corrections += weight * (known.log_us - fitted(known.block));
  }
  return fitted(block) + corrections / weights;
}

std::optional<double> BlockCosts::predict_ms(const std::vector<Block>& blocks) const {
  if (designs_ < kFewestDesigns || blocks.empty()) return {};
  double us = 0;
  for (const Block& block : blocks) us += block.runs * std::exp(log_us(block));
  return us / 1000;
}

void BlockCosts::add(const Latency& measured, std::optional<double> predicted_ms) {
  if (predicted_ms)
    errors_.push_back(std::fabs(*predicted_ms - measured.median_ms) / measured.median_ms);
  double us = 0;
  for (const auto& [block, cost] : measured.blocks) us += block.runs * cost;
  if (!(us > 0) || !(measured.median_ms > 0)) return;
  rates_.reset();
  departures_.clear();
  ++designs_;
  // Blocks are timed one by one, at another moment: their shares count, the whole is known better.
  const double share = measured.median_ms * 1000 / us;
  for (const auto& [block, cost] : measured.blocks) {
    Family& family = families_[block.family];
    auto known = std::find_if(family.begin(), family.end(),
                              [&](const Known& one) { return one.block.key == block.key; });
    if (known == family.end()) known = family.insert(family.end(), Known{block, 0, 0});
    ++known->count;
    known->log_us += (std::log(std::max(cost * share, kLeastUs)) - known->log_us) / known->count;
  }
}

PredictionQuality BlockCosts::quality() const {
  PredictionQuality quality;
  quality.designs = std::min(errors_.size(), kJudgedDesigns);
  if (quality.designs == 0) return quality;
  const std::vector<double> newest(errors_.end() - static_cast<std::ptrdiff_t>(quality.designs),
                                   errors_.end());
  quality.median_error = at_share(newest, 0.5);
  quality.tail_error = at_share(newest, 0.9);
  return quality;
}

}  // namespace atto::search
