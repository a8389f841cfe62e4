#pragma once
// Anchors: boxes of a few shapes on a grid, from which a detector says where objects are. Fitted to
// the objects of a data set, and how many of those they reach.

#include <span>
#include <vector>

#include "prototypes/detection/boxes.hpp"

namespace atto::det {

/// Sides in pixels.
struct Extent {
  float width = 0, height = 0;
  bool operator==(const Extent&) const = default;
};

/// One level of a pyramid: each cell (y, x) has an anchor of each shape, centred on the picture's
/// point (x * stride_x, y * stride_y), as in torchvision and detectron2.
struct AnchorLevel {
  int height = 0, width = 0;         ///< cells
  float stride_y = 1, stride_x = 1;  ///< pixels from cell to cell
  std::vector<Extent> shapes;
};

/// Returns shapes of area size², one a ratio = height / width > 0. torchvision rounds their half
/// sides to whole pixels; we do not, which matters for small ones.
std::vector<Extent> anchor_shapes(float size, std::span<const float> ratios);

/// Returns the anchors of a level, [height, width, shapes].
std::vector<Box> anchors(const AnchorLevel& level);

/// Sides (of the square of the same area) and ratios height / width, both rising.
struct AnchorFit {
  std::vector<float> sizes, ratios;
};

/// Returns a size for each level, given its stride (rising), and at most so many ratios, which have
/// the least sum of 1 - IoU to the boxes: for sizes the mean over where a box may lie beside a
/// level's grid, so that small boxes get a fine one. Exact medoids, by dynamic programming over at
/// most 256 groups of like boxes. Boxes without an area do not count. A level that does not help
/// has twice the size below it, or half of that above. Without boxes: 32, 64, ... and 1.
AnchorFit fit_anchors(std::span<const Extent> boxes, std::span<const float> strides,
                      int ratios = 3);

/// Returns for each box the largest IoU with an anchor of these levels; 0 for one without area.
std::vector<float> best_overlaps(std::span<const Box> boxes, std::span<const AnchorLevel> levels);

}  // namespace atto::det
