#include "trainer/training/detection_samples.hpp"

#include <algorithm>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/found_objects.hpp"
#include "prototypes/detection/matching.hpp"

namespace atto::train {
namespace {

constexpr det::MatchRule kAnchorRule = {0.7F, 0.3F, true}, kRegionRule = {0.5F, 0.5F, false};
constexpr double kAnchorShare = 0.5, kRegionShare = 0.25;
/// A candidate that lies in a crowd by more of its own area is neither object nor background.
constexpr float kInCrowd = 0.5F;

/// Which objects of a scene are learnt, and their boxes.
struct Objects {
  std::vector<int> indices;
  std::vector<det::Box> boxes, crowds;
};

Objects objects_of(const Scene& scene) {
  Objects objects;
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    const SeenObject& object = scene.objects[i];
    (object.is_crowd ? objects.crowds : objects.boxes).push_back(object.box);
    if (!object.is_crowd) objects.indices.push_back(static_cast<int>(i));
  }
  return objects;
}

bool is_in_crowd(const det::Box& box, const Objects& objects) {
  return std::any_of(objects.crowds.begin(), objects.crowds.end(), [&](const det::Box& crowd) {
    const det::Box shared{std::max(box.x1, crowd.x1), std::max(box.y1, crowd.y1),
                          std::min(box.x2, crowd.x2), std::min(box.y2, crowd.y2)};
    return det::area(shared) > kInCrowd * det::area(box);
  });
}

std::vector<int> matches_of(const Objects& objects, std::span<const det::Box> candidates,
                            const det::MatchRule& rule) {
  std::vector<int> matches = det::match(det::iou_matrix(objects.boxes, candidates),
                                        objects.boxes.size(), candidates.size(), rule);
  for (std::size_t i = 0; i < matches.size() && !objects.crowds.empty(); ++i)
    if (matches[i] == det::kBackground && is_in_crowd(candidates[i], objects))
      matches[i] = det::kBetween;
  return matches;
}

}  // namespace

void draw_anchors(const std::vector<std::vector<det::Box>>& levels, const Scene& scene, int image,
                  std::uint64_t seed, std::vector<AnchorSample>& to) {
  std::vector<det::Box> all;
  for (const auto& level : levels) all.insert(all.end(), level.begin(), level.end());
  const Objects objects = objects_of(scene);
  const std::vector<int> matches = matches_of(objects, all, kAnchorRule);
  const det::Sample drawn = det::sample(matches, kSampledAnchors, kAnchorShare, seed);
  const auto take = [&](int anchor, bool is_object) {
    AnchorSample sample{image, 0, anchor, is_object, {}};
    if (is_object) {
      const auto at = static_cast<std::size_t>(anchor);
      sample.delta = det::encode(objects.boxes[static_cast<std::size_t>(matches[at])], all[at]);
    }
    for (const auto& level : levels) {
      if (sample.anchor < static_cast<int>(level.size())) break;
      sample.anchor -= static_cast<int>(level.size());
      ++sample.level;
    }
    to.push_back(sample);
  };
  for (const int anchor : drawn.positive) take(anchor, true);
  for (const int anchor : drawn.negative) take(anchor, false);
}

void draw_regions(std::span<const det::Box> proposals, const Scene& scene, int image,
                  std::uint64_t seed, DrawnSamples& to) {
  const Objects objects = objects_of(scene);
  std::vector<det::Box> candidates(proposals.begin(), proposals.end());
  candidates.insert(candidates.end(), objects.boxes.begin(), objects.boxes.end());
  const std::vector<int> matches = matches_of(objects, candidates, kRegionRule);
  const det::Sample drawn = det::sample(matches, kSampledRegions, kRegionShare, seed);
  int masks = 0;
  for (const int i : drawn.positive) {
    const auto at = static_cast<std::size_t>(i), match = static_cast<std::size_t>(matches[at]);
    const int index = objects.indices[match];
    const SeenObject& object = scene.objects[static_cast<std::size_t>(index)];
    if (!object.mask.runs.empty() && masks < kMostMasks) {
      to.masked.push_back(static_cast<int>(to.regions.size()));
      ++masks;
    }
    to.regions.push_back({image, candidates[at], object.category + 1, index,
                          det::encode(object.box, candidates[at], det::kBoxWeights)});
  }
  for (const int i : drawn.negative)
    to.regions.push_back({image, candidates[static_cast<std::size_t>(i)], 0, -1, {}});
}

}  // namespace atto::train
