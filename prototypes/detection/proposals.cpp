#include "prototypes/detection/proposals.hpp"

#include "prototypes/detection/coding.hpp"
#include "prototypes/detection/selection.hpp"

namespace atto::det {

std::vector<Box> proposals(std::span<const LevelAnswer> levels, const PictureSize& size,
                           const ProposalRule& rule) {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> level_of_box;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    const LevelAnswer& answer = levels[level];
    for (const int i : top_k({answer.objectness, answer.anchors.size()}, rule.a_level)) {
      const float* d = answer.deltas + std::ptrdiff_t{4} * i;
      const Box box =
          clipped(decode({d[0], d[1], d[2], d[3]}, answer.anchors[static_cast<std::size_t>(i)]),
                  size.height, size.width);
      if (is_degenerate(box, kLeastSide)) continue;
      boxes.push_back(box);
      scores.push_back(answer.objectness[i]);
      level_of_box.push_back(static_cast<int>(level));
    }
  }
  std::vector<Box> best;
  for (const int i : nms_by_class(boxes, scores, level_of_box, rule.nms)) {
    if (best.size() == rule.most) break;
    best.push_back(boxes[static_cast<std::size_t>(i)]);
  }
  return best;
}

}  // namespace atto::det
