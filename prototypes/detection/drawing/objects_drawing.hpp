#pragma once
// Objects and detections in their picture: half-transparent masks with outlines, boxes, names and
// scores.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "prototypes/detection/drawing/canvas.hpp"
#include "prototypes/detection/metrics/annotations.hpp"

namespace atto::det {

struct DrawnObject {
  FileBox box;                ///< pixels of the picture
  const Rle* mask = nullptr;  ///< of the picture's size; null without one
  int category = 0;           ///< gives the colour
  std::string name;
  std::optional<double> score;  ///< written behind the name
};

/// Returns the colour of a category: twelve that people tell apart, again and again.
Colour category_colour(int category);

/// Draws all masks, then all boxes, then all names; of each the last object on top. The canvas is
/// the picture `zoom` times as large. Boxes of no numbers are left out.
void draw_objects(Canvas& canvas, std::span<const DrawnObject> objects, int zoom = 1);

/// Annotations of a picture, and detections by rising score, as objects to draw; they refer to the
/// masks of what they are made of.
std::vector<DrawnObject> drawn(std::span<const Annotation> objects,
                               const std::vector<Category>& categories);
std::vector<DrawnObject> drawn(std::span<const Detection> found,
                               const std::vector<Category>& categories);

}  // namespace atto::det
