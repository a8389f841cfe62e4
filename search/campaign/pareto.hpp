#pragma once
// The designs that no other one beats in everything at once.

#include <cstdint>
#include <vector>

namespace atto::search {

struct Point {
  double gain = 0;          ///< more is better
  std::int64_t params = 0;  ///< less is better
  std::int64_t macs = 0;    ///< less is better
};

/// Returns, for each point, whether it is on the front: no other is at least as good in all three
/// and better in one. Equal points are all on it.
std::vector<bool> pareto_front(const std::vector<Point>& points);

}  // namespace atto::search
