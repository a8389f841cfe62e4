#include "search/campaign/pareto.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <tuple>

namespace atto::search {
namespace {

bool dominates(const Point& a, const Point& b) {
  const bool no_worse = a.gain >= b.gain && a.params <= b.params && a.macs <= b.macs;
  return no_worse && (a.gain > b.gain || a.params < b.params || a.macs < b.macs);
}

}  // namespace

std::vector<bool> pareto_front(const std::vector<Point>& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Whoever dominates a point sorts before it, so that comparing with the front so far is enough.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto key = [&](std::size_t i) {
      return std::tuple(-points[i].gain, points[i].params, points[i].macs, i);
    };
    return key(a) < key(b);
  });
  std::vector<bool> on_front(points.size(), false);
  std::vector<std::size_t> front;
  for (std::size_t i : order) {
    const bool is_beaten = std::any_of(
        front.begin(), front.end(), [&](std::size_t f) { return dominates(points[f], points[i]); });
    if (is_beaten) continue;
    on_front[i] = true;
    front.push_back(i);
  }
  return on_front;
}

}  // namespace atto::search
