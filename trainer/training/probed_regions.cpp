#include "trainer/training/probed_regions.hpp"

#include <algorithm>
#include <optional>

#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

constexpr std::uint64_t kSeed = 0xbac6;
constexpr int kDraws = 32;
constexpr std::int32_t kBackground = 1;  ///< the only class is 0

struct PlacedObject {
  int image = 0;
  const SeenObject* object = nullptr;
};

std::vector<PlacedObject> objects_of(std::span<const Scene> scenes) {
  std::vector<PlacedObject> all;
  for (std::size_t i = 0; i < scenes.size(); ++i)
    for (const SeenObject& object : scenes[i].objects)
      if (!object.is_crowd) all.push_back({static_cast<int>(i), &object});
  if (all.size() <= kMostProbedObjects) return all;
  std::vector<PlacedObject> chosen;
  for (std::size_t i = 0; i < kMostProbedObjects; ++i)
    chosen.push_back(all[i * all.size() / kMostProbedObjects]);
  return chosen;
}

/// The part of the network's input that shows the picture.
det::Box picture_in(const Scene& scene, const net::Shape& input) {
  const View& view = scene.view;
  const det::Box all = {static_cast<float>(-view.left), static_cast<float>(-view.top),
                        static_cast<float>(view.width - view.left),
                        static_cast<float>(view.height - view.top)};
  return det::clipped(all, static_cast<float>(input.height), static_cast<float>(input.width));
}

std::optional<det::Box> background_like(const det::Box& object, const Scene& scene,
                                        const det::Box& picture, spec::Random& random) {
  const auto between = [&](float low, float high) {
    return low + static_cast<float>(random.uniform()) * (high - low);
  };
  for (int i = 0; i < kDraws; ++i) {
    const float x = between(picture.x1, picture.x2 - object.width()),
                y = between(picture.y1, picture.y2 - object.height());
    const det::Box drawn = {x, y, x + object.width(), y + object.height()};
    if (std::none_of(scene.objects.begin(), scene.objects.end(),
                     [&](const SeenObject& other) { return det::iou(drawn, other.box) > 0; }))
      return drawn;
  }
  return {};
}

LabelledRegion region_of(int image, std::int32_t label, const det::Box& box,
                         const net::Shape& input) {
  const auto width = static_cast<float>(input.width), height = static_cast<float>(input.height);
  return {image, label, box.x1 / width, box.y1 / height, box.x2 / width, box.y2 / height};
}

}  // namespace

std::vector<LabelledRegion> probed_regions(std::span<const Scene> scenes, const net::Shape& input,
                                           int classes) {
  std::vector<LabelledRegion> regions;
  spec::Random random(kSeed);
  for (const auto& [image, object] : objects_of(scenes)) {
    regions.push_back(region_of(image, object->category, object->box, input));
    if (classes > 1) continue;
    const Scene& scene = scenes[static_cast<std::size_t>(image)];
    if (const auto box = background_like(object->box, scene, picture_in(scene, input), random))
      regions.push_back(region_of(image, kBackground, *box, input));
  }
  return regions;
}

}  // namespace atto::train
