#include "prototypes/detection/metrics/average_precision.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "prototypes/detection/metrics/verdicts.hpp"

namespace atto::det {
namespace {

constexpr std::size_t kRecalls = 101, kSizes = 4, kLimits = 3;

constexpr std::array<SizeRange, kSizes> kRanges = {
    {kAllSizes, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};
constexpr std::array<std::size_t, kLimits> kLimit = {1, 10, kMostFound};

/// Of one class, at each threshold; no values where there are no objects.
struct Curve {
  bool has_objects = false;
  std::array<double, kThresholds> precision{}, recall{};
};

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

Curves curves_of(const std::map<int, Scene>& scenes, Overlap overlap) {
  std::array<Verdicts, kSizes> verdicts;
  for (const auto& [picture, scene] : scenes) add_verdicts(scene, overlap, kRanges, verdicts);
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

double area_below(const std::vector<double>& recalls, std::vector<double> precisions) {
  static const auto kAt = spaced<kRecalls>(0, 1);
  for (std::size_t i = precisions.size(); i-- > 1;)
    precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
  double sum = 0;
  std::size_t at = 0;
  for (const double recall : kAt) {
    while (at < recalls.size() && recalls[at] < recall) ++at;
    if (at < precisions.size()) sum += precisions[at];
  }
  return sum / static_cast<double>(kRecalls);
}

CocoScores coco_scores(const Annotations& truth, std::span<const Detection> detections,
                       Overlap overlap) {
  std::vector<Curves> classes;
  for (const auto& pictures : scenes_of(truth, detections))
    classes.push_back(curves_of(pictures, overlap));
  CocoScores scores;
  for (std::size_t i = 0; i < kCocoNumbers; ++i) scores.numbers[i] = mean_of(classes, kSlices[i]);
  for (const Curves& one : classes) scores.class_ap.push_back(mean_of({&one, 1}, kSlices[0]));
  return scores;
}

}  // namespace atto::det
