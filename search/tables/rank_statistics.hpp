#pragma once
// Statistics of ranks: how well one number orders what another measures, and whether paired runs
// differ.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace atto::search {

/// Returns Kendall's tau-b of paired values, in [-1, 1]; 0 where one of them never varies.
double kendall_tau(std::span<const double> x, std::span<const double> y);

/// Returns Spearman's correlation: Pearson's of mid-ranks; 0 where one of them never varies.
double spearman(std::span<const double> x, std::span<const double> y);

/// Returns the partial tau of x and y given others, from the inverse of the matrix of all pairwise
/// taus (Kendall 1942); 0 where that matrix is singular.
double partial_tau(std::span<const double> x, std::span<const double> y,
                   const std::vector<std::vector<double>>& given);

struct Confidence {
  double low = 0, high = 0;
};

/// Returns the central `share` (0.95) of a statistic over bootstrap samples: `statistic` gets the
/// drawn indices of [0, count). Depends on the seed alone.
Confidence bootstrap(std::size_t count, double share, std::uint64_t seed,
                     const std::function<double(const std::vector<std::size_t>&)>& statistic);

/// Returns the value below which `share` of the values lie, interpolated between neighbours.
double quantile(std::vector<double> values, double share);

struct PairedTest {
  double p = 1;            ///< two-sided
  double effect = 0;       ///< matched-pairs rank-biserial correlation: 1 = every difference > 0
  std::int64_t pairs = 0;  ///< with a difference
};

/// Wilcoxon's signed-rank test of differences: pairs without a difference are left out, ties share
/// ranks, normal approximation with tie and continuity corrections (exact for fewer than 26 pairs
/// without ties).
PairedTest wilcoxon(std::span<const double> differences);

/// Returns Holm's adjusted p-values, in the order given.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace atto::search
