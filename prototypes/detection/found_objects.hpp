#pragma once
// From what a box network says of each proposal to the objects of a picture.

#include <cstddef>
#include <span>
#include <vector>

#include "prototypes/detection/coding.hpp"
#include "prototypes/detection/proposals.hpp"

namespace atto::det {

/// What deltas of the box network are multiplied by.
inline constexpr DeltaWeights kBoxWeights = {10, 5};

struct FoundObject {
  Box box;
  int category = 0;  ///< from 0: the background is none
  float score = 0;   ///< in [0, 1]
};

/// What a detector says of a picture.
struct Found {
  std::vector<FoundObject> objects;
  std::vector<float> masks;  ///< [objects, side, side] in [0, 1]; empty of a detector of boxes
};

struct FindingRule {
  float score = 0.05F;     ///< below, nothing is said
  float nms = 0.5F;        ///< objects of one category do not overlap by more
  std::size_t most = 100;  ///< of a picture
};

/// scores [proposals, categories + 1] are logits, the background's first; deltas [proposals,
/// categories + 1, 4]. Returns objects by falling score, of equal ones that of the earlier
/// proposal, then category, first.
std::vector<FoundObject> found_objects(std::span<const Box> proposals, const float* scores,
                                       const float* deltas, int categories, const PictureSize& size,
                                       const FindingRule& rule);

}  // namespace atto::det
