#include "search/strategies/front.hpp"

#include <algorithm>

namespace atto::search {

void Front::add(double value, double cost) {
  if (!(gain(value, cost) > 0)) return;
  std::erase_if(steps_,
                [&](const auto& step) { return step.first >= cost && step.second <= value; });
  const std::pair<double, double> step(cost, value);
  steps_.insert(std::lower_bound(steps_.begin(), steps_.end(), step), step);
}

double Front::gain(double value, double cost) const {
  // From the cost upwards: the height of the front there, and how far it stays so.
  double height = least_value_, from = cost, sum = 0;
  for (const auto& [at, step] : steps_) {
    if (at > from && value > height) sum += (value - height) * (std::min(at, most_cost_) - from);
    from = std::max(from, at);
    height = std::max(height, step);
    if (from >= most_cost_ || height >= value) break;
  }
  if (value > height && from < most_cost_) sum += (value - height) * (most_cost_ - from);
  return sum;
}

}  // namespace atto::search
