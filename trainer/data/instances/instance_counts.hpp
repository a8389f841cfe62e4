#pragma once
// What a set of instances holds, for people: counts, sizes, and how well anchors reach its objects.

#include "prototypes/detection/anchors.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

struct SplitCounts {
  std::size_t pictures = 0, without_objects = 0;
  std::size_t objects = 0, crowds = 0, masks = 0;  ///< crowds are objects
  std::size_t degenerate = 0;                      ///< objects that are not learnt from
};

/// Anchors fitted to the training objects: one size for each of five levels, of strides 4 to 64.
struct AnchorReach {
  det::AnchorFit fit;
  double covered = 0;  ///< share of objects that some anchor overlaps by 0.5; 1 without objects
  std::vector<det::Extent> worst;  ///< sides of the five objects that anchors overlap least
};

struct InstanceCounts {
  std::array<SplitCounts, 3> splits;
  std::vector<std::size_t> class_objects;  ///< of train, a category each
  int least_height = 0, most_height = 0, least_width = 0, most_width = 0;  ///< pictures of train
  /// Square roots of the areas of training boxes: least, 5 %, quarter, half, three quarters, 95 %,
  /// largest; zeros without objects.
  std::array<double, 7> box_sides{};
  AnchorReach anchors;
};

InstanceCounts count_instances(const InstanceSet& set);

}  // namespace atto::train
