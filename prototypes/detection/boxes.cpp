#include "prototypes/detection/boxes.hpp"

#include <algorithm>
#include <cmath>

namespace atto::det {

float area(const Box& box) {
  const float width = box.width(), height = box.height();
  return width > 0 && height > 0 ? width * height : 0.0F;
}

float iou(const Box& a, const Box& b) {
  const float area_a = area(a), area_b = area(b);
  const float both = area(
      {std::max(a.x1, b.x1), std::max(a.y1, b.y1), std::min(a.x2, b.x2), std::min(a.y2, b.y2)});
  return area_a > 0 && area_b > 0 && both > 0 ? both / (area_a + area_b - both) : 0.0F;
}

std::vector<float> iou_matrix(std::span<const Box> objects, std::span<const Box> candidates) {
  std::vector<float> matrix;
  matrix.reserve(objects.size() * candidates.size());
  for (const Box& object : objects)
    for (const Box& candidate : candidates) matrix.push_back(iou(object, candidate));
  return matrix;
}

bool is_degenerate(const Box& box, float least) {
  const bool is_finite = std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) &&
                         std::isfinite(box.y2);
  return !(is_finite && box.width() >= least && box.height() >= least);
}

Box clipped(const Box& box, float height, float width) {
  return {std::clamp(box.x1, 0.0F, width), std::clamp(box.y1, 0.0F, height),
          std::clamp(box.x2, 0.0F, width), std::clamp(box.y2, 0.0F, height)};
}

int level_of(const Box& box, const LevelRule& rule) {
  const float side = std::sqrt(area(box));
  if (!(side > 0)) return rule.lowest;
  const float level =
      std::floor(static_cast<float>(rule.level) + std::log2(side / rule.size) + 1e-6F);
  return static_cast<int>(
      std::clamp(level, static_cast<float>(rule.lowest), static_cast<float>(rule.highest)));
}

}  // namespace atto::det
