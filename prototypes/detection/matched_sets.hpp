#pragma once
// Do two programs find the same objects? Objects have no order that both must keep, so they are
// compared as sets.

#include <cstddef>
#include <span>
#include <string>

#include "prototypes/detection/found_objects.hpp"

namespace atto::det {

/// What was said, and under which rule, over pictures.
struct MatchedSets {
  std::size_t pictures = 0;
  std::size_t matched = 0, unmatched = 0;  ///< pairs; objects of either side without one
  double box_error = 0;                    ///< of pairs: largest difference of a corner, in pixels
  double score_error = 0;                  ///< of pairs
  double least_mask_iou = 1;               ///< of pairs, at 0.5
  bool has_masks = false;

  /// The share of objects that have a counterpart; 1 where there are none.
  double share() const;
  /// Adds a picture. Pairs are of one category, overlap by kLeastOverlap at least, and are taken by
  /// falling score. What either side may leave out, as its score is within kSlack of where the rule
  /// ends, needs no counterpart; pixels of masks within kSlack of 0.5 may be either.
  void add(const Found& said, const Found& reference, const FindingRule& rule);

  static constexpr float kLeastOverlap = 0.99F, kSlack = 1e-3F;
};

/// Returns what of floats is missed ("97.1 % of the objects matched < 99.0 %"); empty when all is
/// well.
std::string misses(const MatchedSets& sets);

}  // namespace atto::det
