#pragma once
// Boxes as four numbers that a network says about another box.

#include <cmath>

#include "prototypes/detection/boxes.hpp"

namespace atto::det {

/// Where a box lies beside another one: its middle moved by (x, y) of that one's sides, its sides
/// stretched by e^(width, height). Source: Girshick et al., "Rich feature hierarchies ..." (CVPR
/// 2014), appendix C.
struct Delta {
  float x = 0, y = 0, width = 0, height = 0;
};

/// What the numbers are multiplied by, to be of about one size: 1 and 1 for anchors, 10 and 5 for
/// the boxes of classes in torchvision and detectron2.
struct DeltaWeights {
  float middle = 1, size = 1;
};

/// Sides are stretched by no more: e^kMostStretch = 1000 / 16, as in both libraries.
inline const float kMostStretch = std::log(1000.0F / 16);

/// Both boxes have positive sides.
Delta encode(const Box& box, const Box& from, const DeltaWeights& weights = {});
/// The inverse, but for kMostStretch. What is no finite number stays none: see is_degenerate().
Box decode(const Delta& delta, const Box& from, const DeltaWeights& weights = {});

}  // namespace atto::det
