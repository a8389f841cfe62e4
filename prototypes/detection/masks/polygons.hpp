#pragma once
// Outlines to masks, pixel for pixel as pycocotools makes them: areas in files, and AP, depend on
// it. Source: rleFrPoly of cocodataset/cocoapi, common/maskApi.c.

#include <span>
#include <vector>

#include "prototypes/detection/masks/rle.hpp"

namespace atto::det {

/// x0, y0, x1, y1, ... in pixels: at least three points, closed by itself. Coordinates are finite
/// and at most kMostCoordinate away from 0; they may lie outside of the picture.
using Polygon = std::vector<double>;
inline constexpr double kMostCoordinate = 1 << 20;

/// Returns what rasterising costs: the sum of each side's longer extent, in pixels.
double outline_length(const Polygon& polygon);

/// Returns the pixels inside one outline. Height * width is below 2^31.
Rle rasterised(const Polygon& polygon, int height, int width);

/// Returns the union of several.
Rle rasterised(std::span<const Polygon> polygons, int height, int width);

}  // namespace atto::det
