#include "export/runtime/detection/regions.hpp"

#include <algorithm>
#include <cmath>

namespace atto::edge {
namespace {

/// Boxes are stretched by no more than 1000 / 16, as in training.
const float kMostStretch = std::log(1000.0F / 16);
constexpr float kLeastSide = 1e-3F;

float area(float width, float height) {
  return width > 0 && height > 0 ? width * height : 0.0F;
}
float area(const Box& box) {
  return area(box.x2 - box.x1, box.y2 - box.y1);
}

float overlap_of(const Box& a, const Box& b) {
  const float both = area(std::min(a.x2, b.x2) - std::max(a.x1, b.x1),
                          std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  return both > 0 ? both / (area(a) + area(b) - both) : 0.0F;
}

}  // namespace

Box decoded(const Delta& delta, const Box& anchor, float middle_weight, float size_weight,
            float picture_height, float picture_width) {
  const float width = anchor.x2 - anchor.x1, height = anchor.y2 - anchor.y1;
  const float x = anchor.x1 + width / 2 + delta.x / middle_weight * width;
  const float y = anchor.y1 + height / 2 + delta.y / middle_weight * height;
  const auto half = [&](float by, float side) {
    return std::exp(std::min(by / size_weight, kMostStretch)) * side / 2;
  };
  const float right = half(delta.width, width), down = half(delta.height, height);
  return {std::clamp(x - right, 0.0F, picture_width), std::clamp(y - down, 0.0F, picture_height),
          std::clamp(x + right, 0.0F, picture_width), std::clamp(y + down, 0.0F, picture_height)};
}

Selection::Selection(std::size_t most) {
  candidates_.reserve(most);
  order_.reserve(most);
  kept_.reserve(most);
}

void Selection::add(const Candidate& candidate) {
  const Box& box = candidate.box;
  // Comparisons with no number are false.
  if (std::isfinite(candidate.score) && box.x2 - box.x1 >= kLeastSide &&
      box.y2 - box.y1 >= kLeastSide && candidates_.size() < candidates_.capacity())
    candidates_.push_back(candidate);
}

std::span<const Candidate* const> Selection::kept(float overlap, std::size_t most) {
  order_.clear();
  kept_.clear();
  for (const Candidate& candidate : candidates_) order_.push_back(&candidate);
  std::sort(order_.begin(), order_.end(), [](const Candidate* a, const Candidate* b) {
    return a->score > b->score || (a->score == b->score && a < b);
  });
  for (const Candidate* candidate : order_) {
    if (kept_.size() == most) break;
    const bool stays = std::none_of(kept_.begin(), kept_.end(), [&](const Candidate* better) {
      return better->group == candidate->group && overlap_of(better->box, candidate->box) > overlap;
    });
    if (stays) kept_.push_back(candidate);
  }
  return kept_;
}

std::span<const int> largest(std::span<const float> scores, std::size_t k,
                             std::vector<int>& indices) {
  indices.clear();
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isfinite(scores[i])) indices.push_back(static_cast<int>(i));
  const std::size_t count = std::min(k, indices.size());
  std::partial_sort(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(count),
                    indices.end(), [&](int a, int b) {
                      const float first = scores[static_cast<std::size_t>(a)];
                      const float second = scores[static_cast<std::size_t>(b)];
                      return first > second || (first == second && a < b);
                    });
  return std::span(indices).first(count);
}

}  // namespace atto::edge
