#include "prototypes/detection/metrics/verdicts.hpp"

#include <algorithm>
#include <cmath>

namespace atto::det {
namespace {

bool is_outside(double area, const SizeRange& range) {
  return area < range.least || area > range.most;
}

FileBox file_box(const Rle& mask) {
  const PixelBox box = bounds(mask);
  return {static_cast<double>(box.x), static_cast<double>(box.y), static_cast<double>(box.width),
          static_cast<double>(box.height)};
}

/// What is judged of an object or a detection.
struct Shape {
  FileBox box;
  const Rle* mask = nullptr;  ///< null where boxes are judged
};

template <class Item>
Shape shape_of(const Item& item, Overlap overlap) {
  if (overlap == Overlap::Boxes) return {item.box, nullptr};
  return {file_box(*item.mask), &*item.mask};
}

double overlap_of(const Shape& found, const Shape& object, bool is_crowd) {
  const FileBox &a = found.box, &b = object.box;
  const double width = std::fmin(a.width + a.x, b.width + b.x) - std::fmax(a.x, b.x);
  const double height = std::fmin(a.height + a.y, b.height + b.y) - std::fmax(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  if (found.mask != nullptr) return iou(*found.mask, *object.mask, is_crowd);
  const double both = width * height;
  return both / (is_crowd ? a.area() : a.area() + b.area() - both);
}

class Matcher {
 public:
  Matcher(const Scene& scene, Overlap overlap) : scene_(scene) {
    for (const Annotation* object : scene.objects) objects_.push_back(shape_of(*object, overlap));
    for (const Detection* one : scene.found) {
      found_.push_back(shape_of(*one, overlap));
      for (std::size_t i = 0; i < objects_.size(); ++i)
        overlaps_.push_back(overlap_of(found_.back(), objects_[i], scene.objects[i]->is_crowd));
    }
  }

  void judge(const SizeRange& range, Verdicts& verdicts) const {
    static const auto kAt = spaced<kThresholds>(0.5, 0.95);
    const Order order = ordered(range);
    verdicts.objects += order.wanted;
    const std::size_t first = verdicts.found.size();
    for (std::size_t i = 0; i < found_.size(); ++i)
      verdicts.found.push_back({scene_.found[i]->score, i, {}, {}});
    for (std::size_t t = 0; t < kThresholds; ++t) {
      std::vector<bool> is_taken(objects_.size());
      for (std::size_t i = 0; i < found_.size(); ++i) {
        Verdict& verdict = verdicts.found[first + i];
        const std::size_t place = best(i, kAt[t], order, is_taken);
        verdict.is_matched[t] = place < order.indices.size();
        verdict.is_ignored[t] = verdict.is_matched[t] ? place >= order.wanted
                                                      : is_outside(scene_.found[i]->area, range);
        if (verdict.is_matched[t]) is_taken[order.indices[place]] = true;
      }
    }
  }

 private:
  /// Objects that should be found first, then crowds and those of other sizes.
  struct Order {
    std::vector<std::size_t> indices;
    std::size_t wanted = 0;
  };

  Order ordered(const SizeRange& range) const {
    Order order;
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      const Annotation& object = *scene_.objects[i];
      const bool is_wanted = !object.is_crowd && !is_outside(object.area, range);
      (is_wanted ? order.indices : others).push_back(i);
    }
    order.wanted = order.indices.size();
    order.indices.insert(order.indices.end(), others.begin(), others.end());
    return order;
  }

  /// Returns the place in the order of what the detection overlaps most, the last of equals; its
  /// size where there is nothing. One that should be found goes before all others.
  std::size_t best(std::size_t found, double threshold, const Order& order,
                   const std::vector<bool>& is_taken) const {
    std::size_t best = order.indices.size();
    double most = std::min(threshold, 1 - 1e-10);
    for (std::size_t place = 0; place < order.indices.size(); ++place) {
      const std::size_t object = order.indices[place];
      if (is_taken[object] && !scene_.objects[object]->is_crowd) continue;
      if (best < order.wanted && place >= order.wanted) break;
      const double overlap = overlaps_[found * objects_.size() + object];
      if (overlap < most) continue;
      most = overlap;
      best = place;
    }
    return best;
  }

  const Scene& scene_;
  std::vector<Shape> objects_, found_;
  std::vector<double> overlaps_;  ///< [found, objects]
};

}  // namespace

std::vector<std::map<int, Scene>> scenes_of(const Annotations& truth,
                                            std::span<const Detection> detections) {
  std::vector<std::map<int, Scene>> scenes(truth.categories.size());
  for (const Annotation& object : truth.objects)
    scenes[static_cast<std::size_t>(object.category)][object.picture].objects.push_back(&object);
  for (const Detection& one : detections)
    scenes[static_cast<std::size_t>(one.category)][one.picture].found.push_back(&one);
  for (auto& pictures : scenes)
    for (auto& [picture, scene] : pictures) {
      std::stable_sort(scene.found.begin(), scene.found.end(),
                       [](const Detection* a, const Detection* b) { return a->score > b->score; });
      if (scene.found.size() > kMostFound) scene.found.resize(kMostFound);
    }
  return scenes;
}

void add_verdicts(const Scene& scene, Overlap overlap, std::span<const SizeRange> ranges,
                  std::span<Verdicts> to) {
  const Matcher matcher(scene, overlap);
  for (std::size_t i = 0; i < ranges.size(); ++i) matcher.judge(ranges[i], to[i]);
}

}  // namespace atto::det
