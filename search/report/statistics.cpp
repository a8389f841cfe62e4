// The report's statistics.
#include <algorithm>
#include <cmath>

#include "search/report/report.hpp"

namespace atto::search {
namespace {

constexpr double kZ95 = 1.959963984540054;  ///< two-sided 95 % of the standard normal

}  // namespace

Interval wilson_interval(double share, std::int64_t count) {
  if (count <= 0) return {0, 1};
  const double n = double(count), z2 = kZ95 * kZ95;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ95 / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::optional<Interval> interval_of(const spec::Score& score, double value, std::int64_t images) {
  if (score.unit != spec::Unit::ImageShare) return {};
  return wilson_interval(value, images);
}

bool is_tie(double a, double b, std::int64_t count) {
  if (count <= 0) return true;
  const double pooled = (a + b) / 2;
  return std::abs(a - b) <= kZ95 * std::sqrt(2 * pooled * (1 - pooled) / double(count));
}

}  // namespace atto::search
