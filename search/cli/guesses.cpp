#include "search/cli/guesses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace atto::cli {
namespace {

std::vector<double> shares_of(std::span<const float> output) {
  std::vector<double> shares(output.begin(), output.end());
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  const bool are_shares =
      std::all_of(shares.begin(), shares.end(), [](double s) { return s >= 0; }) &&
      std::abs(sum - 1) < 1e-3;
  if (are_shares) return shares;
  const double largest = *std::max_element(shares.begin(), shares.end());
  double total = 0;
  for (double& share : shares) total += share = std::exp(share - largest);
  for (double& share : shares) share /= total;
  return shares;
}

}  // namespace

std::vector<Guess> top_guesses(std::span<const float> output, const format::Program& program,
                               std::size_t count) {
  const std::vector<double> shares = shares_of(output);
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  std::vector<Guess> guesses;
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i)
    guesses.push_back({class_name(program, order[i]), shares[order[i]]});
  return guesses;
}

std::string class_name(const format::Program& program, std::size_t index) {
  return index < program.classes.size() ? program.classes[index] : fmt::format("class {}", index);
}

}  // namespace atto::cli
