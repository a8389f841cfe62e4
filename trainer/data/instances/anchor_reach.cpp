#include "trainer/data/instances/anchor_reach.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "prototypes/detection/rules.hpp"

namespace atto::train {
namespace {

constexpr std::array<float, 5> kStrides = {4, 8, 16, 32, 64};  // of a usual pyramid

/// What anchors are for: an object in its picture.
struct Target {
  det::Box box;
  int height = 0, width = 0;
};

det::Extent extent_of(const Target& target) {
  return {target.box.width(), target.box.height()};
}

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

/// Moves a box into the sides that are seen of its picture, as far as it fits.
void move_into(float seen, float& from, float& to) {
  const float moved = std::fmod(from, std::max(seen - (to - from), 1.0F));
  to += moved - from;
  from = moved;
}

/// Those of the training pictures, as a network of that input sees them.
std::vector<Target> seen_targets(const InstanceSet& set, const net::Shape& input) {
  std::vector<Target> targets = targets_of(set.annotations(Split::Train));
  const int tile = set.info().tile;
  for (Target& target : targets) {
    const auto scale =
        static_cast<float>(std::min(double(input.height) / (tile > 0 ? tile : target.height),
                                    double(input.width) / (tile > 0 ? tile : target.width)));
    for (float* side : {&target.box.x1, &target.box.y1, &target.box.x2, &target.box.y2})
      *side *= scale;
    target.height = input.height;
    target.width = input.width;
    if (tile == 0) continue;
    move_into(static_cast<float>(input.height), target.box.y1, target.box.y2);
    move_into(static_cast<float>(input.width), target.box.x1, target.box.x2);
  }
  return targets;
}

std::vector<det::Extent> extents_of(const std::vector<Target>& targets) {
  std::vector<det::Extent> extents;
  for (const Target& target : targets) extents.push_back(extent_of(target));
  return extents;
}

using LevelsOf = std::function<std::vector<det::AnchorLevel>(const Target&)>;

AnchorReach reach_by(const std::vector<Target>& targets, const LevelsOf& levels_of) {
  constexpr float kEnough = 0.5F;
  constexpr std::size_t kShown = 5;
  std::vector<std::pair<float, std::size_t>> overlaps;
  for (std::size_t i = 0; i < targets.size(); ++i)
    overlaps.emplace_back(det::best_overlaps({&targets[i].box, 1}, levels_of(targets[i])).front(),
                          i);
  std::sort(overlaps.begin(), overlaps.end());
  const auto covered = std::count_if(overlaps.begin(), overlaps.end(),
                                     [&](const auto& one) { return one.first >= kEnough; });
  AnchorReach reach;
  if (!targets.empty())
    reach.covered = static_cast<double>(covered) / static_cast<double>(targets.size());
  for (std::size_t i = 0; i < std::min(kShown, overlaps.size()); ++i)
    reach.worst.push_back(extent_of(targets[overlaps[i].second]));
  return reach;
}

}  // namespace

std::vector<det::Box> learnable_boxes(const det::Annotations& truth) {
  std::vector<det::Box> boxes;
  for (const Target& target : targets_of(truth)) boxes.push_back(target.box);
  return boxes;
}

spec::AnchorSettings fitted_anchors(const net::DetectorParts& parts, const InstanceSet& set) {
  const net::Shape& input = parts.trunk.input;
  std::vector<float> strides;
  for (const net::Shape& level : net::level_shapes(parts))
    strides.push_back(static_cast<float>(input.height) / static_cast<float>(level.height));
  spec::AnchorSettings anchors = parts.settings.anchors;
  const det::AnchorFit fit = det::fit_anchors(extents_of(seen_targets(set, input)), strides,
                                              static_cast<int>(anchors.ratios.size()));
  // Of fewer shapes than a cell has, the last one fills up.
  for (std::size_t i = 0; i < anchors.ratios.size(); ++i)
    anchors.ratios[i] = fit.ratios[std::min(i, fit.ratios.size() - 1)];
  for (const float size : fit.sizes) anchors.sizes.push_back({size});
  return anchors;
}

AnchorReach reach_of(net::DetectorParts parts, const InstanceSet& set) {
  if (parts.settings.anchors.are_fitted()) parts.settings.anchors = fitted_anchors(parts, set);
  const net::Shape& input = parts.trunk.input;
  const det::PictureSize picture{static_cast<float>(input.height), static_cast<float>(input.width)};
  std::vector<det::AnchorLevel> levels;
  for (const net::Shape& level : net::level_shapes(parts))
    levels.push_back(det::anchor_level(parts.settings.anchors, levels.size(), picture, level.height,
                                       level.width));
  return reach_by(seen_targets(set, input), [&](const Target&) { return levels; });
}

std::string reach_text(const AnchorReach& reach) {
  std::string text =
      fmt::format("anchors reach {:.1f} % of the training objects", 100 * reach.covered);
  if (reach.covered >= kEnoughCovered) return text;
  text += "; warning: under 90 %, farthest off (width x height):";
  for (const det::Extent& extent : reach.worst)
    text += fmt::format(" {:.0f}x{:.0f}", extent.width, extent.height);
  return text;
}

UsualReach usual_reach(const det::Annotations& truth) {
  const std::vector<Target> targets = targets_of(truth);
  UsualReach usual;
  usual.fit = det::fit_anchors(extents_of(targets), kStrides);
  usual.reach = reach_by(targets, [&](const Target& target) {
    std::vector<det::AnchorLevel> levels;
    for (std::size_t i = 0; i < usual.fit.sizes.size(); ++i) {
      const float stride = kStrides[i];
      const auto cells = [&](int side) {
        return static_cast<int>(std::ceil(static_cast<float>(side) / stride));
      };
      levels.push_back({cells(target.height), cells(target.width), stride, stride,
                        det::anchor_shapes(usual.fit.sizes[i], usual.fit.ratios)});
    }
    return levels;
  });
  return usual;
}

}  // namespace atto::train
