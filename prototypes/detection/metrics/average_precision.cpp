#include "prototypes/detection/metrics/average_precision.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

namespace atto::det {
namespace {

constexpr std::size_t kThresholds = 10, kRecalls = 101, kSizes = 4, kLimits = 3;
constexpr std::size_t kMost = 100;  // detections of a class in a picture

/// `count` numbers from first to last as numpy.linspace has them: the last bit decides ties.
template <std::size_t count>
std::array<double, count> spaced(double first, double last) {
  std::array<double, count> numbers{};
  const double step = (last - first) / static_cast<double>(count - 1);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<double>(i) * step + first;
  numbers.back() = last;
  return numbers;
}

struct SizeRange {
  double least, most;
};
constexpr std::array<SizeRange, kSizes> kRanges = {
    {{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};
constexpr std::array<std::size_t, kLimits> kLimit = {1, 10, kMost};

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

/// The objects and detections of one class in one picture.
struct Scene {
  std::vector<const Annotation*> objects;
  std::vector<const Detection*> found;  ///< by falling score, the kMost highest
};

/// A detection at all thresholds.
struct Verdict {
  double score = 0;
  std::size_t rank = 0;  ///< in its picture
  std::array<bool, kThresholds> is_matched{}, is_ignored{};
};

/// The verdicts of a class for objects of one range of sizes.
struct Verdicts {
  std::vector<Verdict> found;
  std::size_t objects = 0;  ///< that should be found
};

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

/// Of one class, at each threshold; no values where there are no objects.
struct Curve {
  bool has_objects = false;
  std::array<double, kThresholds> precision{}, recall{};
};

/// Returns the mean of the highest precisions at or beyond each of 101 recalls.
double area_below(const std::vector<double>& recalls, std::vector<double> precisions) {
  static const auto kAt = spaced<kRecalls>(0, 1);
  for (std::size_t i = precisions.size(); i-- > 1;)
    precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
  double sum = 0;
  for (const double recall : kAt) {
    const auto at = std::lower_bound(recalls.begin(), recalls.end(), recall) - recalls.begin();
    if (at < static_cast<std::ptrdiff_t>(precisions.size()))
      sum += precisions[static_cast<std::size_t>(at)];
  }
  return sum / static_cast<double>(kRecalls);
}

Curve curve_of(const Verdicts& verdicts, std::size_t limit) {
  Curve curve;
  curve.has_objects = verdicts.objects > 0;
  if (!curve.has_objects) return curve;
  std::vector<const Verdict*> order;
  for (const Verdict& verdict : verdicts.found)
    if (verdict.rank < limit) order.push_back(&verdict);
  std::stable_sort(order.begin(), order.end(),
                   [](const Verdict* a, const Verdict* b) { return a->score > b->score; });
  for (std::size_t t = 0; t < kThresholds; ++t) {
    double right = 0, wrong = 0;
    std::vector<double> recalls, precisions;
    for (const Verdict* verdict : order) {
      if (!verdict->is_ignored[t]) (verdict->is_matched[t] ? right : wrong) += 1;
      recalls.push_back(right / static_cast<double>(verdicts.objects));
      precisions.push_back(right / (wrong + right + std::numeric_limits<double>::epsilon()));
    }
    curve.recall[t] = recalls.empty() ? 0 : recalls.back();
    curve.precision[t] = area_below(recalls, std::move(precisions));
  }
  return curve;
}

/// A class: [sizes][limits].
using Curves = std::array<std::array<Curve, kLimits>, kSizes>;

/// The pictures of each class that have something of it, in their order.
std::vector<std::map<int, Scene>> scenes_of(const Annotations& truth,
                                            std::span<const Detection> detections) {
  std::vector<std::map<int, Scene>> scenes(truth.categories.size());
  for (const Annotation& object : truth.objects)
    scenes[static_cast<std::size_t>(object.category)][object.picture].objects.push_back(&object);
  for (const Detection& one : detections)
    scenes[static_cast<std::size_t>(one.category)][one.picture].found.push_back(&one);
  return scenes;
}

Curves curves_of(std::map<int, Scene>& scenes, Overlap overlap) {
  std::array<Verdicts, kSizes> verdicts;
  for (auto& [picture, scene] : scenes) {
    std::stable_sort(scene.found.begin(), scene.found.end(),
                     [](const Detection* a, const Detection* b) { return a->score > b->score; });
    if (scene.found.size() > kMost) scene.found.resize(kMost);
    const Matcher matcher(scene, overlap);
    for (std::size_t size = 0; size < kSizes; ++size) matcher.judge(kRanges[size], verdicts[size]);
  }
  Curves curves;
  for (std::size_t size = 0; size < kSizes; ++size)
    for (std::size_t limit = 0; limit < kLimits; ++limit)
      curves[size][limit] = curve_of(verdicts[size], kLimit[limit]);
  return curves;
}

/// Which values of a curve make a number.
struct Slice {
  bool is_recall = false;
  std::size_t size = 0, limit = 2;
  std::size_t first = 0, last = kThresholds;  ///< thresholds
};

double mean_of(std::span<const Curves> classes, const Slice& slice) {
  double sum = 0, count = 0;
  for (const Curves& curves : classes) {
    const Curve& curve = curves[slice.size][slice.limit];
    if (!curve.has_objects) continue;
    for (std::size_t t = slice.first; t < slice.last; ++t, ++count)
      sum += (slice.is_recall ? curve.recall : curve.precision)[t];
  }
  return count > 0 ? sum / count : -1;
}

constexpr std::array<Slice, kCocoNumbers> kSlices = {{{},
                                                      {.first = 0, .last = 1},
                                                      {.first = 5, .last = 6},
                                                      {.size = 1},
                                                      {.size = 2},
                                                      {.size = 3},
                                                      {.is_recall = true, .limit = 0},
                                                      {.is_recall = true, .limit = 1},
                                                      {.is_recall = true},
                                                      {.is_recall = true, .size = 1},
                                                      {.is_recall = true, .size = 2},
                                                      {.is_recall = true, .size = 3}}};

}  // namespace

bool Annotations::has_masks() const {
  return !objects.empty() && std::all_of(objects.begin(), objects.end(), [](const Annotation& one) {
    return one.mask.has_value();
  });
}

const std::array<CocoNumber, kCocoNumbers>& coco_numbers() {
  static constexpr std::array<CocoNumber, kCocoNumbers> kNumbers = {
      {{"ap", "average precision, mean of IoU 0.50 to 0.95"},
       {"ap50", "at IoU 0.50"},
       {"ap75", "at IoU 0.75"},
       {"ap_small", "of objects under 32² pixels"},
       {"ap_medium", "of 32² to 96²"},
       {"ap_large", "over 96²"},
       {"ar1", "average recall with 1 detection a class and picture"},
       {"ar10", "with 10"},
       {"ar100", "with 100"},
       {"ar_small", "of objects under 32² pixels"},
       {"ar_medium", "of 32² to 96²"},
       {"ar_large", "over 96²"}}};
  return kNumbers;
}

CocoScores coco_scores(const Annotations& truth, std::span<const Detection> detections,
                       Overlap overlap) {
  auto scenes = scenes_of(truth, detections);
  std::vector<Curves> classes;
  for (auto& pictures : scenes) classes.push_back(curves_of(pictures, overlap));
  CocoScores scores;
  for (std::size_t i = 0; i < kCocoNumbers; ++i) scores.numbers[i] = mean_of(classes, kSlices[i]);
  for (const Curves& one : classes) scores.class_ap.push_back(mean_of({&one, 1}, kSlices[0]));
  return scores;
}

}  // namespace atto::det
