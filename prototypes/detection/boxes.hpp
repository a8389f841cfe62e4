#pragma once
// Boxes and how much they overlap. All lengths are pixels; x runs to the right, y down; pixel
// (0, 0) covers [0, 1) x [0, 1).

#include <span>
#include <vector>

namespace atto::det {

/// Two corners: (x1, y1) is inside, (x2, y2) is the first point outside.
struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;

  float width() const { return x2 - x1; }
  float height() const { return y2 - y1; }
  bool operator==(const Box&) const = default;
};

/// Returns 0 for a box with a side that is not positive or no number.
float area(const Box& box);

/// Returns intersection over union; 0 where either box has no area.
float iou(const Box& a, const Box& b);

/// Returns the overlaps of every object with every candidate, [objects, candidates].
std::vector<float> iou_matrix(std::span<const Box> objects, std::span<const Box> candidates);

/// Says whether a side is shorter than `least` or a corner no finite number: such a box must not
/// reach a loss, whose logarithms it would make infinite.
bool is_degenerate(const Box& box, float least = 1);

/// Returns the part inside of a picture.
Box clipped(const Box& box, float height, float width);

/// Which level of a pyramid an object is cropped from: level + log2(side / size), rounded down,
/// where side is the square root of the area. Source: Lin et al., "Feature Pyramid Networks for
/// Object Detection" (CVPR 2017), equation 1; 1e-6 below the next level counts as there, as in
/// torchvision.
struct LevelRule {
  int lowest = 2, highest = 5;
  float size = 224;  ///< a box of this side ...
  int level = 4;     ///< ... is on this level
};
int level_of(const Box& box, const LevelRule& rule);

}  // namespace atto::det
