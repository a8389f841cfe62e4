#include "prototypes/detection/selection.hpp"

#include <algorithm>
#include <cmath>

namespace atto::det {
namespace {

template <class Rivals>
std::vector<int> suppressed(std::span<const Box> boxes, std::span<const float> scores,
                            float threshold, const Rivals& are_rivals) {
  std::vector<int> kept;
  for (const int i : top_k(scores, scores.size())) {
    const Box& box = boxes[static_cast<std::size_t>(i)];
    const bool stays = !is_degenerate(box, 0) && std::none_of(kept.begin(), kept.end(), [&](int k) {
      return are_rivals(i, k) && iou(boxes[static_cast<std::size_t>(k)], box) > threshold;
    });
    if (stays) kept.push_back(i);
  }
  return kept;
}

}  // namespace

std::vector<int> top_k(std::span<const float> scores, std::size_t k) {
  std::vector<int> order;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isfinite(scores[i])) order.push_back(static_cast<int>(i));
  const std::size_t count = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](int a, int b) {
                      const float first = scores[static_cast<std::size_t>(a)];
                      const float second = scores[static_cast<std::size_t>(b)];
                      return first > second || (first == second && a < b);
                    });
  order.resize(count);
  return order;
}

std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float threshold) {
  return suppressed(boxes, scores, threshold, [](int, int) { return true; });
}

std::vector<int> nms_by_class(std::span<const Box> boxes, std::span<const float> scores,
                              std::span<const int> classes, float threshold) {
  return suppressed(boxes, scores, threshold, [&](int a, int b) {
    return classes[static_cast<std::size_t>(a)] == classes[static_cast<std::size_t>(b)];
  });
}

}  // namespace atto::det
