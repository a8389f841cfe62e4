#pragma once
// From what a proposal network says of each level to the boxes that are looked at closer.

#include <cstddef>
#include <span>
#include <vector>

#include "prototypes/detection/boxes.hpp"

namespace atto::det {

/// Sides of a picture in pixels, as the networks see it.
struct PictureSize {
  float height = 0, width = 0;
};

/// What is said of one level of one picture, and the anchors that it is said of, as anchors() has
/// them: [height, width, shapes].
struct LevelAnswer {
  std::span<const Box> anchors;
  const float* objectness = nullptr;  ///< a logit an anchor
  const float* deltas = nullptr;      ///< four numbers an anchor, as a Delta has them
};

struct ProposalRule {
  std::size_t most = 100;     ///< that are returned
  std::size_t a_level = 200;  ///< best ones of a level, before the others are suppressed
  float nms = 0.7F;           ///< those of one level do not overlap by more
};

/// Returns boxes inside of the picture with sides of at least kLeastSide, by falling score.
std::vector<Box> proposals(std::span<const LevelAnswer> levels, const PictureSize& size,
                           const ProposalRule& rule);
inline constexpr float kLeastSide = 1e-3F;  ///< as torchvision has it

}  // namespace atto::det
