#pragma once
// COCO's average precision and recall, to the numbers that pycocotools prints. Source:
// cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py.

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"
#include "prototypes/detection/metrics/overlap.hpp"

namespace atto::det {

/// COCO's twelve, in its order; `most` detections a picture and class count.
struct CocoNumber {
  std::string_view name;     ///< "ap", "ap50", "ar100", "ap_small", ...
  std::string_view meaning;  ///< one line for people
};
inline constexpr std::size_t kCocoNumbers = 12;
const std::array<CocoNumber, kCocoNumbers>& coco_numbers();

struct CocoScores {
  std::array<double, kCocoNumbers> numbers{};  ///< -1 where no object is of that size
  std::vector<double> class_ap;                ///< a category each; -1 without objects
};

/// Judges detections. The order of pictures does not matter. Of equal scores in one picture the
/// first in the list counts as the higher one. Without detections all is 0, where pycocotools
/// fails. Unlike it, an object whose id is 0 can be found. Judging masks needs a mask of every
/// object and detection. An object is small under 32² and large over 96² pixels of its area.
CocoScores coco_scores(const Annotations& truth, std::span<const Detection> detections,
                       Overlap overlap);

/// Returns the mean of the highest precisions at or beyond each of 101 recalls: AP at one
/// threshold. Both by falling score of the detections, so that recalls rise.
double area_below(const std::vector<double>& recalls, std::vector<double> precisions);

}  // namespace atto::det
