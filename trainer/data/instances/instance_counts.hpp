#pragma once
// What a set of instances holds, for people: counts, sizes, and how well anchors reach its objects.

#include "trainer/data/instances/anchor_reach.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

struct SplitCounts {
  std::size_t pictures = 0, without_objects = 0;
  std::size_t objects = 0, crowds = 0, masks = 0;  ///< crowds are objects
  std::size_t degenerate = 0;                      ///< objects that are not learnt from
};

struct InstanceCounts {
  std::array<SplitCounts, 3> splits;
  std::vector<std::size_t> class_objects;  ///< of train, a category each
  int least_height = 0, most_height = 0, least_width = 0, most_width = 0;  ///< pictures of train
  /// Square roots of the areas of training boxes: least, 5 %, quarter, half, three quarters, 95 %,
  /// largest; zeros without objects.
  std::array<double, 7> box_sides{};
  UsualReach anchors;  ///< fitted to the training objects
};

InstanceCounts count_instances(const InstanceSet& set);

}  // namespace atto::train
