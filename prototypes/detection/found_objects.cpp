#include "prototypes/detection/found_objects.hpp"

#include <algorithm>
#include <cmath>

#include "prototypes/detection/selection.hpp"

namespace atto::det {
namespace {

/// Writes the shares of logits; all are no numbers where a logit is none.
void softmax(const float* logits, std::vector<float>& shares) {
  const float top = *std::max_element(logits, logits + shares.size());
  float sum = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) sum += shares[i] = std::exp(logits[i] - top);
  for (float& share : shares) share /= sum;
}

}  // namespace

std::vector<FoundObject> found_objects(std::span<const Box> proposals, const float* scores,
                                       const float* deltas, int categories, const PictureSize& size,
                                       const FindingRule& rule) {
  std::vector<Box> boxes;
  std::vector<float> shares_of_boxes, shares(static_cast<std::size_t>(categories) + 1);
  std::vector<int> category_of_box;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    softmax(scores + i * shares.size(), shares);
    for (std::size_t n = 1; n < shares.size(); ++n) {
      if (!(shares[n] >= rule.score)) continue;
      const float* d = deltas + (i * shares.size() + n) * 4;
      const Box box = clipped(decode({d[0], d[1], d[2], d[3]}, proposals[i], kBoxWeights),
                              size.height, size.width);
      if (is_degenerate(box, kLeastSide)) continue;
      boxes.push_back(box);
      shares_of_boxes.push_back(shares[n]);
      category_of_box.push_back(static_cast<int>(n) - 1);
    }
  }
  std::vector<FoundObject> found;
  for (const int i : nms_by_class(boxes, shares_of_boxes, category_of_box, rule.nms)) {
    if (found.size() == rule.most) break;
    const auto at = static_cast<std::size_t>(i);
    found.push_back({boxes[at], category_of_box[at], shares_of_boxes[at]});
  }
  return found;
}

}  // namespace atto::det
