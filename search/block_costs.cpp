#include "search/block_costs.hpp"

#include <algorithm>
#include <cmath>

namespace atto::search {
namespace {

constexpr std::size_t kFewestDesigns = 8;
/// Shrinks the slopes of a family with few blocks towards "as fast as the others a unit of work".
constexpr double kRidge = 0.3;
/// How near in log(size) a known block must be to correct the fit, and what the fit itself weighs.
constexpr double kReach = 0.25, kFitWeight = 0.3;

double log_work(const Block& block) {
  return std::log(std::max(1.0, block.work));
}

double square(double x) {
  return x * x;
}

/// Solves a symmetric positive definite system in place (Cholesky).
template <std::size_t N>
std::array<double, N> solve(std::array<std::array<double, N>, N> a, std::array<double, N> b) {
  for (std::size_t i = 0; i < N; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] = i == j ? std::sqrt(a[i][i]) : a[i][j] / a[j][j];
    }
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = N; i-- > 0;) {
    for (std::size_t k = i + 1; k < N; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
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

double BlockCosts::Fit::at(const Block& block) const {
  double value = coefficients[0];
  for (std::size_t i = 0; i < kBlockFeatures; ++i) value += coefficients[i + 1] * block.features[i];
  return value;
}

BlockCosts::Fit BlockCosts::fit(const std::vector<const Known*>& known) {
  constexpr std::size_t n = kBlockFeatures + 1;
  std::array<std::array<double, n>, n> products{};
  std::array<double, n> sums{};
  for (std::size_t i = 0; i < n; ++i) products[i][i] = i == 0 ? 1e-9 : kRidge;
  // Around the means, so that shrunk slopes leave the level alone.
  std::array<double, kBlockFeatures> mean{};
  double level = 0;
  for (const Known* one : known) {
    level += (one->log_us - log_work(one->block)) / double(known.size());
    for (std::size_t i = 0; i < kBlockFeatures; ++i)
      mean[i] += one->block.features[i] / double(known.size());
  }
  for (const Known* one : known) {
    std::array<double, n> x{1};
    for (std::size_t i = 0; i < kBlockFeatures; ++i) x[i + 1] = one->block.features[i] - mean[i];
    const double y = one->log_us - log_work(one->block) - level;
    for (std::size_t i = 0; i < n; ++i) {
      sums[i] += x[i] * y;
      for (std::size_t j = 0; j < n; ++j) products[i][j] += x[i] * x[j];
    }
  }
  Fit found{solve(products, sums)};
  found.coefficients[0] += level;
  for (std::size_t i = 0; i < kBlockFeatures; ++i)
    found.coefficients[0] -= found.coefficients[i + 1] * mean[i];
  return found;
}

double BlockCosts::log_us(const Block& block) const {
  const auto family = families_.find(block.family);
  if (family != families_.end())
    for (const Known& known : family->second)
      if (known.block.key == block.key) return known.log_us;
  // A family that is not known is taken for a mixture of all.
  const std::string name = family == families_.end() ? "" : block.family;
  if (fits_.count(name) == 0) {
    std::vector<const Known*> known;
    for (const auto& [other, members] : families_)
      if (name.empty() || other == name)
        for (const Known& member : members) known.push_back(&member);
    fits_[name] = fit(known);
  }
  const Fit& found = fits_.at(name);
  double corrections = 0, weights = kFitWeight;
  if (family != families_.end())
    for (const Known& known : family->second) {
      double distance = 0;
      for (std::size_t i = 0; i < kBlockFeatures; ++i)
        distance += square((known.block.features[i] - block.features[i]) / kReach);
      const double weight = std::exp(-distance / 2);
      weights += weight;
      corrections += weight * (known.log_us - log_work(known.block) - found.at(known.block));
    }
  return log_work(block) + found.at(block) + corrections / weights;
}

std::optional<double> BlockCosts::predict_ms(const std::vector<Block>& blocks) const {
  if (designs_ < kFewestDesigns || blocks.empty()) return {};
  double us = 0;
  for (const Block& block : blocks) us += std::exp(log_us(block));
  return us / 1000;
}

void BlockCosts::add(const Latency& measured, std::optional<double> predicted_ms) {
  if (predicted_ms)
    errors_.push_back(std::fabs(*predicted_ms - measured.median_ms) / measured.median_ms);
  double us = 0;
  for (const auto& [block, cost] : measured.blocks) us += cost;
  if (!(us > 0) || !(measured.median_ms > 0)) return;
  fits_.clear();
  ++designs_;
  // Blocks are timed one by one, at another moment: their shares count, the whole is known better.
  const double share = measured.median_ms * 1000 / us;
  for (const auto& [block, cost] : measured.blocks) {
    Family& family = families_[block.family];
    auto known = std::find_if(family.begin(), family.end(),
                              [&](const Known& one) { return one.block.key == block.key; });
    if (known == family.end()) known = family.insert(family.end(), Known{block, 0, 0});
    ++known->count;
    known->log_us += (std::log(std::max(cost * share, 1e-3)) - known->log_us) / known->count;
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
