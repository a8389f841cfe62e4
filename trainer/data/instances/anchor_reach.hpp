#pragma once
// Anchors for the objects of a data set: fitted to them, and how well they reach them.

#include <string>
#include <vector>

#include "prototypes/detection/anchors.hpp"
#include "prototypes/detection/metrics/annotations.hpp"
#include "prototypes/network/detector.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

/// Objects that anchors cover less of are to be warned of.
inline constexpr double kEnoughCovered = 0.9;

struct AnchorReach {
  double covered = 1;  ///< share of objects that some anchor overlaps by 0.5; 1 without objects
  std::vector<det::Extent> worst;  ///< sides of the five objects that anchors overlap least
};

/// Returns the boxes inside of their pictures; crowds and degenerate ones are left out, here and
/// below.
std::vector<det::Box> learnable_boxes(const det::Annotations& truth);

/// Returns anchors fitted to the training objects as a detector sees them, not cut: a size for each
/// level, and as many ratios as are stated.
spec::AnchorSettings fitted_anchors(const net::DetectorParts& parts, const InstanceSet& set);
/// How well a detector's anchors, fitted where they are not stated, reach the training objects;
/// extents as it sees them.
AnchorReach reach_of(net::DetectorParts parts, const InstanceSet& set);

/// "anchors reach 93.1 % of the training objects"; of few, a warning with the sizes that are
/// farthest off.
std::string reach_text(const AnchorReach& reach);

/// Anchors fitted to objects in their own pixels: a size for each of five levels, of strides 4 to
/// 64.
struct UsualReach {
  det::AnchorFit fit;
  AnchorReach reach;
};
UsualReach usual_reach(const det::Annotations& truth);

}  // namespace atto::train
