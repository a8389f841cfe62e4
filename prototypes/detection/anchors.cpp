#include "prototypes/detection/anchors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace atto::det {
namespace {

/// Like values, the middle one standing for all.
struct Group {
  double value = 0, count = 0;
};

std::vector<Group> grouped(std::vector<double> values) {
  constexpr std::size_t kMost = 256;
  std::sort(values.begin(), values.end());
  std::vector<Group> groups;
  const std::size_t parts = std::min(kMost, values.size());
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t first = part * values.size() / parts;
    const std::size_t last = (part + 1) * values.size() / parts;
    const Group group{values[(first + last) / 2], static_cast<double>(last - first)};
    if (!groups.empty() && groups.back().value == group.value)
      groups.back().count += group.count;
    else
      groups.push_back(group);
  }
  return groups;
}

/// Sums of distances along the line: [medoid][n] is that of the first n groups to the medoid.
template <class Distance>
std::vector<std::vector<double>> running_sums(const std::vector<Group>& groups,
                                              const Distance& distance) {
  std::vector<std::vector<double>> sums(groups.size());
  for (std::size_t medoid = 0; medoid < groups.size(); ++medoid) {
    sums[medoid].push_back(0);
    for (const Group& group : groups)
      sums[medoid].push_back(sums[medoid].back() +
                             group.count * distance(group.value, groups[medoid].value));
  }
  return sums;
}

/// Returns at most k of the values, rising, which have the least sum of distances: values on a line
/// are served by the medoids of intervals, so the best cut before each interval is enough to know.
template <class Distance>
std::vector<float> medoids(const std::vector<Group>& groups, int k, const Distance& distance) {
  struct Best {
    double cost = std::numeric_limits<double>::infinity();
    std::size_t first = 0, medoid = 0;  // of the last interval
  };
  const std::size_t n = groups.size();
  const auto rounds = std::min(static_cast<std::size_t>(std::max(k, 0)), n);
  const auto sums = running_sums(groups, distance);
  std::vector<std::vector<Best>> best(rounds + 1, std::vector<Best>(n + 1));
  best[0][0].cost = 0;
  for (std::size_t round = 1; round <= rounds; ++round)
    for (std::size_t first = round - 1; first < n; ++first)
      for (std::size_t medoid = first; medoid < n; ++medoid)
        for (std::size_t end = medoid + 1; end <= n; ++end) {
          const double cost = best[round - 1][first].cost + sums[medoid][end] - sums[medoid][first];
          if (cost < best[round][end].cost) best[round][end] = {cost, first, medoid};
        }
  std::vector<float> found;
  for (std::size_t round = rounds, end = n; round > 0; end = best[round--][end].first)
    found.push_back(static_cast<float>(groups[best[round][end].medoid].value));
  std::reverse(found.begin(), found.end());
  return found;
}

/// Squares with one centre.
double size_distance(double a, double b) {
  const double shorter = std::min(a, b) / std::max(a, b);
  return 1 - shorter * shorter;
}

/// Boxes of one area with one centre.
double ratio_distance(double a, double b) {
  const double both = std::sqrt(std::min(a, b) / std::max(a, b));
  return 1 - both / (2 - both);
}

/// Returns the overlap with the anchor of this shape whose centre is nearest, which overlaps most.
float best_overlap(const Box& box, const AnchorLevel& level, const Extent& shape) {
  const auto nearest = [](float middle, float stride, int cells) {
    return stride * std::clamp(std::round(middle / stride), 0.0F, static_cast<float>(cells - 1));
  };
  const float x = nearest((box.x1 + box.x2) / 2, level.stride_x, level.width);
  const float y = nearest((box.y1 + box.y2) / 2, level.stride_y, level.height);
  return iou(
      box, {x - shape.width / 2, y - shape.height / 2, x + shape.width / 2, y + shape.height / 2});
}

}  // namespace

std::vector<Extent> anchor_shapes(float size, std::span<const float> ratios) {
  std::vector<Extent> shapes;
  for (const float ratio : ratios)
    shapes.push_back({size / std::sqrt(ratio), size * std::sqrt(ratio)});
  return shapes;
}

std::vector<Box> anchors(const AnchorLevel& level) {
  std::vector<Box> all;
  for (int row = 0; row < level.height; ++row)
    for (int column = 0; column < level.width; ++column)
      for (const Extent& shape : level.shapes) {
        const float x = static_cast<float>(column) * level.stride_x;
        const float y = static_cast<float>(row) * level.stride_y;
        all.push_back(
            {x - shape.width / 2, y - shape.height / 2, x + shape.width / 2, y + shape.height / 2});
      }
  return all;
}

AnchorFit fit_anchors(std::span<const Extent> boxes, int sizes, int ratios) {
  std::vector<double> sides, shapes;
  for (const Extent& box : boxes) {
    if (is_degenerate({0, 0, box.width, box.height}, std::numeric_limits<float>::min())) continue;
    sides.push_back(std::sqrt(double{box.width} * box.height));
    shapes.push_back(double{box.height} / box.width);
  }
  AnchorFit fit{medoids(grouped(std::move(sides)), sizes, size_distance),
                medoids(grouped(std::move(shapes)), ratios, ratio_distance)};
  if (fit.ratios.empty()) fit.ratios.push_back(1);
  while (static_cast<int>(fit.sizes.size()) < sizes)
    fit.sizes.push_back(fit.sizes.empty() ? 32.0F : 2 * fit.sizes.back());
  return fit;
}

std::vector<float> best_overlaps(std::span<const Box> boxes, std::span<const AnchorLevel> levels) {
  std::vector<float> best;
  for (const Box& box : boxes) {
    float most = 0;
    if (area(box) > 0)
      for (const AnchorLevel& level : levels)
        for (const Extent& shape : level.shapes)
          most = std::max(most, best_overlap(box, level, shape));
    best.push_back(most);
  }
  return best;
}

}  // namespace atto::det
