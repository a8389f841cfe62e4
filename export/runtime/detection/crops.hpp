#pragma once
// Crops of one size from maps of any. Source: He et al., "Mask R-CNN" (ICCV 2017), section 3.

#include <span>
#include <vector>

#include "export/runtime/detection/regions.hpp"

namespace atto::edge {

/// A level of a pyramid, pixel by pixel.
struct LevelMap {
  int channels = 0, height = 0, width = 0;
  float scale = 1;            ///< from the picture's pixels to the map's
  std::vector<float> pixels;  ///< [height, width, channels]

  /// From planes [channels, height, width].
  void take(std::span<const float> planes);
};

/// Writes crop [channels, side, side]: each bin of the box is the mean of 2 x 2 points, which are
/// interpolated between the middles of four pixels; pixels are aligned, and a point outside of the
/// map by more than a pixel is 0. side is at most 64.
void crop(const LevelMap& map, const Box& box, int side, float* dst);

}  // namespace atto::edge
