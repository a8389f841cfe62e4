#pragma once
// Which detections are right, as pycocotools decides it: by falling score, each takes the object of
// its class and picture that it overlaps most. Source: cocoeval.py, evaluateImg.

#include <array>
#include <map>
#include <span>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"
#include "prototypes/detection/metrics/overlap.hpp"

namespace atto::det {

/// `count` numbers from first to last as numpy.linspace has them: the last bit decides ties.
template <std::size_t count>
std::array<double, count> spaced(double first, double last) {
  std::array<double, count> numbers{};
  const double step = (last - first) / static_cast<double>(count - 1);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<double>(i) * step + first;
  numbers.back() = last;
  return numbers;
}

/// Overlaps of 0.5, 0.55, ..., 0.95, from which on a detection is right.
inline constexpr std::size_t kThresholds = 10;
inline constexpr std::size_t kMostFound = 100;  ///< detections of a class in a picture that count

/// Of objects' areas, in pixels.
struct SizeRange {
  double least, most;
};
inline constexpr SizeRange kAllSizes{0, 1e10};

/// The objects and detections of one class in one picture.
struct Scene {
  std::vector<const Annotation*> objects;
  std::vector<const Detection*> found;  ///< by falling score, the kMostFound highest
};
/// Returns, for each class, the pictures that have something of it, in their order. Refers to the
/// arguments.
std::vector<std::map<int, Scene>> scenes_of(const Annotations& truth,
                                            std::span<const Detection> detections);

/// A detection at all thresholds. What is ignored is neither right nor wrong.
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

/// Judges a scene for objects of each range of sizes; adds its verdicts to those of other scenes,
/// range by range.
void add_verdicts(const Scene& scene, Overlap overlap, std::span<const SizeRange> ranges,
                  std::span<Verdicts> to);

}  // namespace atto::det
