#pragma once
// Which anchors or proposals stand for which objects in training, and which of them are trained on.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace atto::det {

/// What a candidate is that stands for no object: nothing, or too near to one to be called nothing.
inline constexpr int kBackground = -1, kBetween = -2;

/// A candidate stands for the object that it overlaps most, where that is at least `high`; it is
/// background below `low`. Source: Ren et al., "Faster R-CNN" (NIPS 2015), section 3.1.2.
struct MatchRule {
  float high = 0.7F, low = 0.3F;
  /// The candidates that overlap some object most, however little, stand for what they overlap
  /// most. (torchvision and detectron2 do so even where that overlap is 0, which makes every
  /// candidate that lies apart one of an object that none reaches; we do not.)
  bool keeps_best = true;
};

/// iou [objects, candidates], as iou_matrix() makes it. Returns for each candidate the index of its
/// object, or kBackground or kBetween. Of equal overlaps the object of the lower index wins.
std::vector<int> match(std::span<const float> iou, std::size_t objects, std::size_t candidates,
                       const MatchRule& rule);

/// Indices of candidates, rising.
struct Sample {
  std::vector<int> positive, negative;
};

/// Draws at most `count` candidates without putting back, of which at most the share (rounded down)
/// stand for objects and the others are background; fewer where there are no more. A function of
/// its arguments alone.
Sample sample(std::span<const int> matches, int count, double positive_share, std::uint64_t seed);

}  // namespace atto::det
