#pragma once
// Crops of one size from maps, and back. Source: He et al., "Mask R-CNN" (ICCV 2017), section 3.

#include <cstddef>

#include "prototypes/detection/boxes.hpp"

namespace atto::det {

/// How a box becomes a crop of side x side bins, each the mean of samples x samples points that are
/// interpolated between the middles of four pixels. A point outside of the map by more than a pixel
/// is 0, one less far is the border's.
struct CropRule {
  int side = 7;
  float scale = 1;         ///< from the box's pixels to the map's: 1 / stride
  int samples = 2;         ///< 0: as many as a bin has pixels, at least 1, at most kMostSamples
  bool is_aligned = true;  ///< pixels have their values in the middle, as in detectron2; false: in
                           ///< their corner, and boxes of under a pixel grow to one (torchvision)
};
inline constexpr int kMostSamples = 256;

/// The size of a map [height, width, channels].
struct MapShape {
  int height = 0, width = 0, channels = 0;
};

/// Writes crop [side, side, channels] of map [height, width, channels]; 0 for a box that is not
/// finite. A box of any size, anywhere, is legal.
void roi_align(const float* map, const MapShape& shape, const Box& box, const CropRule& rule,
               float* crop);

/// Adds to map_slopes [height, width, channels] what crop_slopes [side, side, channels] say: the
/// transpose of roi_align().
void roi_align_backward(const float* crop_slopes, const MapShape& shape, const Box& box,
                        const CropRule& rule, float* map_slopes);

}  // namespace atto::det
