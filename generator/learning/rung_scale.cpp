#include "generator/learning/rung_scale.hpp"

#include <algorithm>
#include <cmath>

namespace atto::gen {
namespace {

// What is assumed of neighbouring rungs until there are more pairs than these pseudo-observations.
constexpr double kPairs = 4, kCorrelation = 0.8, kSlope = 0.7;
constexpr double kLeast = 0.3, kMost = 0.98;
// Beyond this many deviations below the centre a result is only "bad"; lost designs count as worst.
constexpr double kTail = 1.5, kLost = -4;

using Results = std::vector<std::vector<std::optional<double>>>;

/// The centre and spread of the lowest rung by its quartiles, which outliers do not move.
void robust(std::vector<double> values, double& centre, double& deviation) {
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
  };
  centre = at(0.5);
  deviation = std::max((at(0.75) - at(0.25)) / 1.349, 1e-6);  // 1.349: the normal's quartiles
}

struct Link {
  double offset = 0, slope = 1, miss = 0;  ///< higher = offset + slope * lower + N(0, miss)
};

Link link_between(const Results& results, std::size_t lower, double centre, double deviation) {
  std::vector<std::pair<double, double>> pairs;
  for (const auto& of : results)
    if (of[lower] && of[lower + 1] && std::isfinite(*of[lower]) && std::isfinite(*of[lower + 1]))
      pairs.emplace_back((*of[lower] - centre) / deviation, *of[lower + 1]);
  double x = 0, y = 0;
  for (const auto& [a, b] : pairs) x += a, y += b;
  const double count = static_cast<double>(pairs.size());
  if (count > 0) x /= count, y /= count;
  double xx = kPairs, xy = kPairs * kSlope * deviation;
  for (const auto& [a, b] : pairs) {
    xx += (a - x) * (a - x);
    xy += (a - x) * (b - y);
  }
  Link link;
  link.slope = xy / xx;
  link.offset = count > 0 ? y - link.slope * x : centre;
  const double expected = link.slope * link.slope * (1 / (kCorrelation * kCorrelation) - 1);
  double miss = kPairs * expected;
  for (const auto& [a, b] : pairs) {
    const double error = b - link.offset - link.slope * a;
    miss += error * error;
  }
  link.miss = miss / (count + kPairs);
  return link;
}

}  // namespace

void RungScale::fit(const Results& results, std::size_t rungs) {
  levels_.assign(rungs, {});
  std::vector<double> lowest;
  std::size_t first = rungs - 1;
  for (const auto& of : results)
    for (std::size_t r = 0; r < first; ++r)
      if (of[r]) first = r;
  for (const auto& of : results)
    if (of[first] && std::isfinite(*of[first])) lowest.push_back(*of[first]);
  robust(lowest, levels_[first].centre, levels_[first].deviation);
  for (std::size_t r = 0; r < first; ++r) levels_[r] = levels_[first];
  std::vector<double> correlations(rungs, kCorrelation);
  for (std::size_t r = first; r + 1 < rungs; ++r) {
    const Link link = link_between(results, r, levels_[r].centre, levels_[r].deviation);
    const double variance = link.slope * link.slope + link.miss;
    levels_[r + 1].centre = link.offset;
    levels_[r + 1].deviation = std::sqrt(std::max(variance, 1e-12));
    correlations[r] = std::clamp(link.slope / levels_[r + 1].deviation, kLeast, kMost);
  }
  for (std::size_t r = rungs - 1; r-- > 0;)
    levels_[r].to_top = correlations[r] * levels_[r + 1].to_top;
}

Scaled RungScale::scaled(double value, std::size_t rung) const {
  const Level& level = levels_[rung];
  double at = std::isfinite(value) ? (value - level.centre) / level.deviation : kLost;
  if (at < -kTail) at = -kTail - std::log1p(-kTail - at);
  const double rho = level.to_top;
  return {at / rho, (1 - rho * rho) / (rho * rho)};
}

}  // namespace atto::gen
