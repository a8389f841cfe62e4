#pragma once
// Which of many scored boxes stay. Scores that are no finite numbers, and boxes of them, never do;
// of equal scores the lower index comes first, so that results do not depend on a library's sort.

#include <cstddef>
#include <span>
#include <vector>

#include "prototypes/detection/boxes.hpp"

namespace atto::det {

/// Returns the indices of the k largest scores, or of all where there are fewer, by falling score.
std::vector<int> top_k(std::span<const float> scores, std::size_t k);

/// Non-maximum suppression: returns the indices that stay, by falling score. A box goes where it
/// overlaps one that stays by more than the threshold.
std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float threshold);

/// As above, but boxes of different classes leave each other alone.
std::vector<int> nms_by_class(std::span<const Box> boxes, std::span<const float> scores,
                              std::span<const int> classes, float threshold);

}  // namespace atto::det
