#include "search/tables/rank_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "design_specs/seeds/random.hpp"

namespace atto::search {
namespace {

constexpr int kBootstrapSamples = 2000;
constexpr std::int64_t kExactPairs = 25;

/// Sum of t^3 - t over groups of equal values, and mid-ranks from 1.
struct Ranks {
  std::vector<double> of;
  double ties = 0;
};

Ranks ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Ranks ranks;
  ranks.of.resize(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    const double rank = double(first + last) / 2 + 1, size = double(last - first + 1);
    for (std::size_t i = first; i <= last; ++i) ranks.of[order[i]] = rank;
    ranks.ties += size * size * size - size;
    first = last + 1;
  }
  return ranks;
}

double pearson(const std::vector<double>& x, const std::vector<double>& y) {
  const double n = double(x.size());
  const double mx = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double my = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

int sign(double value) {
  return (value > 0) - (value < 0);
}

/// Inverts a small matrix by elimination with pivots; false where it is singular.
bool invert(std::vector<std::vector<double>> m, std::vector<std::vector<double>>& inverse) {
  const std::size_t n = m.size();
  inverse.assign(n, std::vector<double>(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) inverse[i][i] = 1;
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < n; ++r)
      if (std::abs(m[r][c]) > std::abs(m[pivot][c])) pivot = r;
    if (std::abs(m[pivot][c]) < 1e-9) return false;
    std::swap(m[c], m[pivot]);
    std::swap(inverse[c], inverse[pivot]);
    const double scale = m[c][c];
    for (std::size_t j = 0; j < n; ++j) m[c][j] /= scale, inverse[c][j] /= scale;
    for (std::size_t r = 0; r < n; ++r) {
      if (r == c) continue;
      const double factor = m[r][c];
      for (std::size_t j = 0; j < n; ++j)
        m[r][j] -= factor * m[c][j], inverse[r][j] -= factor * inverse[c][j];
    }
  }
  return true;
}

/// Share of the 2^n sign patterns of ranks 1..n whose positive sum is at most `sum`.
double exact_lower_tail(std::int64_t n, double sum) {
  std::vector<double> ways(static_cast<std::size_t>(n * (n + 1) / 2 + 1), 0.0);
  ways[0] = 1;
  for (std::int64_t rank = 1; rank <= n; ++rank)
    for (std::size_t s = ways.size(); s-- > static_cast<std::size_t>(rank);)
      ways[s] += ways[s - static_cast<std::size_t>(rank)];
  double tail = 0;
  for (std::size_t s = 0; s < ways.size() && double(s) <= sum + 1e-9; ++s) tail += ways[s];
  return tail / std::pow(2.0, double(n));
}

}  // namespace

double kendall_tau(std::span<const double> x, std::span<const double> y) {
  double sum = 0, x_pairs = 0, y_pairs = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const int dx = sign(x[i] - x[j]), dy = sign(y[i] - y[j]);
      sum += dx * dy;
      x_pairs += dx != 0;
      y_pairs += dy != 0;
    }
  return x_pairs > 0 && y_pairs > 0 ? sum / std::sqrt(x_pairs * y_pairs) : 0;
}

double spearman(std::span<const double> x, std::span<const double> y) {
  return pearson(ranks_of(x).of, ranks_of(y).of);
}

double partial_tau(std::span<const double> x, std::span<const double> y,
                   const std::vector<std::vector<double>>& given) {
  std::vector<std::span<const double>> all = {x, y};
  all.insert(all.end(), given.begin(), given.end());
  std::vector<std::vector<double>> taus(all.size(), std::vector<double>(all.size(), 1.0)), inverse;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) taus[i][j] = taus[j][i] = kendall_tau(all[i], all[j]);
  if (!invert(taus, inverse) || inverse[0][0] <= 0 || inverse[1][1] <= 0) return 0;
  return std::clamp(-inverse[0][1] / std::sqrt(inverse[0][0] * inverse[1][1]), -1.0, 1.0);
}

Confidence bootstrap(std::size_t count, double share, std::uint64_t seed,
                     const std::function<double(const std::vector<std::size_t>&)>& statistic) {
  spec::Random random(seed);
  std::vector<double> values;
  std::vector<std::size_t> drawn(count);
  for (int sample = 0; sample < kBootstrapSamples; ++sample) {
    for (std::size_t& index : drawn) index = random.below(count);
    values.push_back(statistic(drawn));
  }
  return {quantile(values, (1 - share) / 2), quantile(values, (1 + share) / 2)};
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = share * double(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - double(below)) * (values[above] - values[below]);
}

PairedTest wilcoxon(std::span<const double> differences) {
  std::vector<double> sizes, kept;
  for (double difference : differences)
    if (difference != 0) {
      kept.push_back(difference);
      sizes.push_back(std::abs(difference));
    }
  PairedTest test;
  test.pairs = static_cast<std::int64_t>(kept.size());
  if (kept.empty()) return test;
  const Ranks ranks = ranks_of(sizes);
  double positive = 0;
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (kept[i] > 0) positive += ranks.of[i];
  const double n = double(kept.size()), total = n * (n + 1) / 2;
  test.effect = 2 * positive / total - 1;
  if (test.pairs <= kExactPairs && ranks.ties == 0) {
    const double lower = std::min(positive, total - positive);
    test.p = std::min(1.0, 2 * exact_lower_tail(test.pairs, lower));
    return test;
  }
  const double variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.ties / 48;
  const double distance = std::max(0.0, std::abs(positive - total / 2) - 0.5);
  test.p = variance > 0 ? std::erfc(distance / std::sqrt(2 * variance)) : 1;
  return test;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, double(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace atto::search
