#include "trainer/data/instances/instance_counts.hpp"

#include <algorithm>
#include <cmath>

namespace atto::train {
namespace {

constexpr std::array<float, 5> kStrides = {4, 8, 16, 32, 64};  // of a usual pyramid

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

/// What anchors are for: an object in its picture.
struct Target {
  det::Box box;
  int height = 0, width = 0;
};

std::vector<Target> targets_of(const det::Annotations& all) {
  std::vector<Target> targets;
  for (const det::Annotation& object : all.objects) {
    const det::Picture& picture = all.pictures[static_cast<std::size_t>(object.picture)];
    if (!object.is_crowd && is_learnable(object, picture.height, picture.width))
      targets.push_back({det::clipped(object.box.corners(), static_cast<float>(picture.height),
                                      static_cast<float>(picture.width)),
                         picture.height, picture.width});
  }
  return targets;
}

std::vector<det::AnchorLevel> levels_of(const Target& target, const det::AnchorFit& fit) {
  std::vector<det::AnchorLevel> levels;
  for (std::size_t i = 0; i < fit.sizes.size(); ++i) {
    const float stride = kStrides[i];
    const auto cells = [&](int side) {
      return static_cast<int>(std::ceil(static_cast<float>(side) / stride));
    };
    levels.push_back({cells(target.height), cells(target.width), stride, stride,
                      det::anchor_shapes(fit.sizes[i], fit.ratios)});
  }
  return levels;
}

AnchorReach reach_of(const std::vector<Target>& targets) {
  constexpr float kEnough = 0.5F;
  constexpr std::size_t kShown = 5;
  AnchorReach reach;
  std::vector<det::Extent> extents;
  for (const Target& target : targets) extents.push_back({target.box.width(), target.box.height()});
  reach.fit = det::fit_anchors(extents, kStrides);
  std::vector<std::pair<float, std::size_t>> overlaps;
  for (std::size_t i = 0; i < targets.size(); ++i)
    overlaps.emplace_back(
        det::best_overlaps({&targets[i].box, 1}, levels_of(targets[i], reach.fit)).front(), i);
  std::sort(overlaps.begin(), overlaps.end());
  const auto covered = std::count_if(overlaps.begin(), overlaps.end(),
                                     [&](const auto& one) { return one.first >= kEnough; });
  reach.covered =
      targets.empty() ? 1 : static_cast<double>(covered) / static_cast<double>(targets.size());
  for (std::size_t i = 0; i < std::min(kShown, overlaps.size()); ++i)
    reach.worst.push_back(extents[overlaps[i].second]);
  return reach;
}

std::array<double, 7> sides_of(const std::vector<Target>& targets) {
  constexpr std::array<double, 7> kShares = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
  std::vector<double> sides;
  for (const Target& target : targets) sides.push_back(std::sqrt(double{det::area(target.box)}));
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
    const std::vector<Target> targets = targets_of(all);
    counts.box_sides = sides_of(targets);
    counts.anchors = reach_of(targets);
  }
  return counts;
}

}  // namespace atto::train
