#include "trainer/comparison/paired_accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace atto::train {
namespace {

/// Continued fraction of the regularised incomplete beta function (Lentz's method).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m < 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double change = 1;
    for (const double term : {even, odd}) {
      d = 1 / away_from_zero(1 + term * d);
      c = away_from_zero(1 + term / c);
      change = c * d;
      fraction *= change;
    }
    if (std::abs(change - 1) < 1e-15) break;
  }
  return fraction;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                   : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_probability(double t, double degrees) {
  const double tail = incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
  return t > 0 ? 1 - tail : tail;
}

std::vector<double> accuracies_of(const RightBySeed& right) {
  std::vector<double> accuracies;
  for (const auto& seed : right)
    accuracies.push_back(std::accumulate(seed.begin(), seed.end(), 0.0) / double(seed.size()));
  return accuracies;
}

void expect_same_images(const RightBySeed& first, const RightBySeed& second) {
  if (first.empty() || second.empty()) throw std::invalid_argument("a side without trainings");
  const std::size_t images = first.front().size();
  for (const RightBySeed* side : {&first, &second})
    for (const auto& seed : *side)
      if (seed.size() != images || images == 0)
        throw std::invalid_argument("trainings judged on different images");
}

}  // namespace

Spread spread_of(const std::vector<double>& values) {
  const double count = double(values.size());
  Spread spread{std::accumulate(values.begin(), values.end(), 0.0) / count, 0, count - 1};
  if (values.size() < 2) return spread;
  for (const double value : values)
    spread.variance += (value - spread.mean) * (value - spread.mean);
  spread.variance /= (count - 1) * count;
  return spread;
}

double student_quantile(double probability, double degrees_of_freedom) {
  double low = -1, high = 1;
  while (student_probability(low, degrees_of_freedom) > probability) low *= 2;
  while (student_probability(high, degrees_of_freedom) < probability) high *= 2;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (student_probability(middle, degrees_of_freedom) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

PairedDifference paired_difference(const Spread& by_images, const std::vector<double>& first,
                                   const std::vector<double>& second) {
  double variance = 0, weight = 0;
  for (const Spread& part : {by_images, spread_of(first), spread_of(second)}) {
    variance += part.variance;
    if (part.degrees > 0) weight += part.variance * part.variance / part.degrees;
  }
  PairedDifference result;
  result.difference = by_images.mean;
  result.has_seeds = first.size() > 1 && second.size() > 1;
  const double reach =
      variance > 0 ? student_quantile(0.975, variance * variance / weight) * std::sqrt(variance)
                   : 0;
  result.low = result.difference - reach, result.high = result.difference + reach;
  return result;
}

PairedDifference paired_difference(const RightBySeed& first, const RightBySeed& second) {
  expect_same_images(first, second);
  const std::size_t images = first.front().size();
  std::vector<double> by_image(images, 0);
  for (std::size_t i = 0; i < images; ++i) {
    for (const auto& seed : second) by_image[i] += double(seed[i]) / double(second.size());
    for (const auto& seed : first) by_image[i] -= double(seed[i]) / double(first.size());
  }
  return paired_difference(spread_of(by_image), accuracies_of(first), accuracies_of(second));
}

}  // namespace atto::train
