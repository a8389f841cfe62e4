#include "trainer/data/instances/instance_counts.hpp"

#include <algorithm>
#include <cmath>

namespace atto::train {
namespace {

SplitCounts counts_of(const det::Annotations& all) {
  SplitCounts counts;
  counts.pictures = all.pictures.size();
  std::vector<bool> has_objects(all.pictures.size());
  for (const det::Annotation& object : all.objects) {
    const det::Picture& picture = all.pictures[static_cast<std::size_t>(object.picture)];
    has_objects[static_cast<std::size_t>(object.picture)] = true;
    ++counts.objects;
    counts.crowds += object.is_crowd;
    counts.masks += object.mask.has_value();
    counts.degenerate += !is_learnable(object, picture.height, picture.width);
  }
  counts.without_objects =
      static_cast<std::size_t>(std::count(has_objects.begin(), has_objects.end(), false));
  return counts;
}

std::array<double, 7> sides_of(const std::vector<det::Box>& boxes) {
  constexpr std::array<double, 7> kShares = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
  std::vector<double> sides;
  for (const det::Box& box : boxes) sides.push_back(std::sqrt(double{det::area(box)}));
  std::sort(sides.begin(), sides.end());
  std::array<double, 7> quantiles{};
  for (std::size_t i = 0; i < kShares.size() && !sides.empty(); ++i)
    quantiles[i] =
        sides[static_cast<std::size_t>(kShares[i] * static_cast<double>(sides.size() - 1))];
  return quantiles;
}

void count_training_pictures(const det::Annotations& all, InstanceCounts& counts) {
  for (const det::Picture& picture : all.pictures) {
    const bool is_first = counts.most_height == 0;
    counts.least_height = is_first ? picture.height : std::min(counts.least_height, picture.height);
    counts.least_width = is_first ? picture.width : std::min(counts.least_width, picture.width);
    counts.most_height = std::max(counts.most_height, picture.height);
    counts.most_width = std::max(counts.most_width, picture.width);
  }
  counts.class_objects.resize(all.categories.size());
  for (const det::Annotation& object : all.objects)
    ++counts.class_objects[static_cast<std::size_t>(object.category)];
}

}  // namespace

InstanceCounts count_instances(const InstanceSet& set) {
  InstanceCounts counts;
  for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
    const det::Annotations all = set.annotations(split);
    counts.splits[static_cast<std::size_t>(split)] = counts_of(all);
    if (split != Split::Train) continue;
    count_training_pictures(all, counts);
    counts.box_sides = sides_of(learnable_boxes(all));
    counts.anchors = usual_reach(all);
  }
  return counts;
}

}  // namespace atto::train
