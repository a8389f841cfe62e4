#include "prototypes/detection/anchors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

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

/// Sums along the line: [medoid][n] is that of the distances of the first n groups to the medoid.
using RunningSums = std::vector<std::vector<double>>;

template <class Distance>
RunningSums running_sums(const std::vector<Group>& groups, const Distance& distance) {
  RunningSums sums(groups.size());
  for (std::size_t medoid = 0; medoid < groups.size(); ++medoid) {
    sums[medoid].push_back(0);
    for (const Group& group : groups)
      sums[medoid].push_back(sums[medoid].back() +
                             group.count * distance(group.value, groups[medoid].value));
  }
  return sums;
}

/// Returns for each of the sums (of the same groups, by the distance of its rank) a medoid, rising,
/// or nothing where one more does not help. Values on a line are served by the medoids of
/// intervals, so the best cut before each interval is enough to know.
std::vector<std::optional<float>> medoids(const std::vector<Group>& groups,
                                          std::span<const RunningSums> ranks) {
  struct Best {
    double cost = std::numeric_limits<double>::infinity();
    std::size_t first = 0, medoid = 0;  // of the last interval
  };
  const std::size_t n = groups.size();
  std::vector<std::vector<Best>> best(ranks.size() + 1, std::vector<Best>(n + 1));
  best[0][0].cost = 0;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    for (std::size_t end = 0; end <= n; ++end) best[rank + 1][end] = {best[rank][end].cost, end, 0};
    for (std::size_t first = 0; first < n; ++first)
      for (std::size_t medoid = first; medoid < n; ++medoid)
        for (std::size_t end = medoid + 1; end <= n; ++end) {
          const auto& sums = ranks[rank][medoid];
          const double cost = best[rank][first].cost + sums[end] - sums[first];
          if (cost < best[rank + 1][end].cost) best[rank + 1][end] = {cost, first, medoid};
        }
  }
  std::vector<std::optional<float>> found(ranks.size());
  for (std::size_t rank = ranks.size(), end = n; rank-- > 0; end = best[rank + 1][end].first)
    if (const Best& last = best[rank + 1][end]; last.first < end)
      found[rank] = static_cast<float>(groups[last.medoid].value);
  return found;
}

/// Returns 1 - IoU of two squares, the mean over where the middle of one lies beside a grid's.
double size_distance(double a, double b, double stride) {
  constexpr int kPlaces = 4;  // along each axis, of half a stride
  const auto shared = [&](int place) {
    const double apart = stride / 2 * (place + 0.5) / kPlaces;
    return std::max(0.0, std::min({a, b, (a + b) / 2 - apart}));
  };
  double sum = 0;
  for (int x = 0; x < kPlaces; ++x)
    for (int y = 0; y < kPlaces; ++y) {
      const double both = shared(x) * shared(y);
      sum += both / (a * a + b * b - both);
    }
  return 1 - sum / (kPlaces * kPlaces);
}

/// Boxes of one area with one centre.
double ratio_distance(double a, double b) {
  const double both = std::sqrt(std::min(a, b) / std::max(a, b));
  return 1 - both / (2 - both);
}

std::vector<float> fitted_sizes(const std::vector<Group>& sides, std::span<const float> strides) {
  std::vector<RunningSums> ranks;
  for (const float stride : strides)
    ranks.push_back(running_sums(
        sides, [&](double side, double size) { return size_distance(side, size, stride); }));
  const std::vector<std::optional<float>> found = medoids(sides, ranks);
  std::vector<float> sizes;
  for (const std::optional<float>& size : medoids(sides, ranks)) {
    const bool is_first =
        std::all_of(sizes.begin(), sizes.end(), [](float one) { return one == 0; });
    if (size && is_first)  // the levels below halve
      for (std::size_t i = 0; i < sizes.size(); ++i)
        sizes[i] = std::ldexp(*size, static_cast<int>(i) - static_cast<int>(sizes.size()));
    sizes.push_back(size.value_or(is_first ? 0 : 2 * sizes.back()));
  }
  for (std::size_t i = 0; i < sizes.size() && sides.empty(); ++i)
    sizes[i] = std::ldexp(32.0F, static_cast<int>(i));
  return sizes;
}

std::vector<float> fitted_ratios(const std::vector<Group>& shapes, int most) {
  const std::vector<RunningSums> ranks(static_cast<std::size_t>(std::max(most, 1)),
                                       running_sums(shapes, ratio_distance));
  std::vector<float> ratios;
  for (const std::optional<float>& ratio : medoids(shapes, ranks))
    if (ratio) ratios.push_back(*ratio);
  if (ratios.empty()) ratios.push_back(1);
  return ratios;
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

AnchorFit fit_anchors(std::span<const Extent> boxes, std::span<const float> strides, int ratios) {
  std::vector<double> sides, shapes;
  for (const Extent& box : boxes) {
    if (is_degenerate({0, 0, box.width, box.height}, std::numeric_limits<float>::min())) continue;
    sides.push_back(std::sqrt(double{box.width} * box.height));
    shapes.push_back(double{box.height} / box.width);
  }
  return {fitted_sizes(grouped(std::move(sides)), strides),
          fitted_ratios(grouped(std::move(shapes)), ratios)};
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
