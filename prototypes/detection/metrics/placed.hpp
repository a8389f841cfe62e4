#pragma once
// What a detector says of what it sees, in the pixels of the picture that was scaled for it.

#include <functional>
#include <vector>

#include "prototypes/detection/found_objects.hpp"
#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::det {

/// A picture, and where in it boxes lie that are seen.
struct PictureSeen {
  int number = 0, height = 0, width = 0;
  std::function<Box(const Box& seen)> in_picture;
};

/// Returns the objects as detections of that picture, cut at its borders, masks pasted.
std::vector<Detection> placed(const Found& found, const PictureSeen& picture);

}  // namespace atto::det
