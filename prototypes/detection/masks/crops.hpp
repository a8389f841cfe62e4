#pragma once
// Masks of one size for boxes of any: what a mask head learns, and where its answer lies in the
// picture.

#include <vector>

#include "prototypes/detection/boxes.hpp"
#include "prototypes/detection/masks/rle.hpp"

namespace atto::det {

/// Returns target [side, side]: which share of each bin of the box the mask covers, by roi_align()
/// with as many samples as a bin has pixels. detectron2 rounds it to 0 or 1.
std::vector<float> mask_target(const Rle& mask, const Box& box, int side);

/// Returns the pixels of a picture whose middles, seen in the box, have a value of at least the
/// threshold: mask [side, side] is interpolated, and is 0 outside of the box. Exact to fractions of
/// a pixel, as in detectron2; torchvision rounds boxes first. Empty for a box without an area.
Rle pasted(const float* mask, int side, const Box& box, int height, int width,
           float threshold = 0.5F);

}  // namespace atto::det
