#pragma once
// Do two programs find the same objects? Objects have no order that both must keep, so they are
// compared as sets.

#include <cstddef>
#include <span>
#include <string>

#include "prototypes/detection/found_objects.hpp"

namespace atto::det {

/// What makes a pair, and how far pairs may be apart.
struct PairRule {
  float least_overlap = 0.99F;
  float slack = 1e-3F;  ///< of scores at the end of a list
  double least_share = 0.99, most_pixels = 0.05, most_score = 1e-3, least_mask_iou = 0.99;
};
/// Of programs that round differently: the same objects, somewhere near.
inline constexpr PairRule kRoughMatch = {0.5F, 0.1F, 0.9, 1e9, 1, 0};

/// What was said, over pictures.
struct MatchedSets {
  PairRule match = {};
  std::size_t pictures = 0;
  std::size_t matched = 0, unmatched = 0;  ///< pairs; objects of either side without one
  double box_error = 0;                    ///< of pairs: largest difference of a corner, in pixels
  double score_error = 0;                  ///< of pairs
  double least_mask_iou = 1;               ///< of pairs, at 0.5
  bool has_masks = false;

  /// The share of objects that have a counterpart; 1 where there are none.
  double share() const;
  /// Adds a picture. Pairs are of one category, overlap by match.least_overlap at least, and are
  /// taken by falling score. What either side may leave out, as its score is within the slack of
  /// where the rule ends, needs no counterpart; pixels of masks within 0.001 of 0.5 may be either.
  void add(const Found& said, const Found& reference, const FindingRule& rule);
};

/// Returns what of the rule is missed ("97.1 % of the objects matched < 99.0 %"); empty when all is
/// well.
std::string misses(const MatchedSets& sets);

}  // namespace atto::det
