#pragma once
// What a detector's settings mean for what stands between its networks. Whoever runs a detector, in
// training, in the engine or as a file of another format, takes them from here.

#include <cstddef>
#include <span>

#include "design_specs/requirements/detector_settings.hpp"
#include "prototypes/detection/anchors.hpp"
#include "prototypes/detection/found_objects.hpp"
#include "prototypes/detection/proposals.hpp"

namespace atto::det {

/// The grid of a level of [height, width] cells, with every size of the level in every ratio.
/// Precondition: the anchors are stated.
AnchorLevel anchor_level(const spec::AnchorSettings& anchors, std::size_t level,
                         const PictureSize& picture, int height, int width);

/// Which of the first `cropped` levels a box is cropped from; `height`: of the first one. Index 0
/// is LevelRule::lowest.
LevelRule level_rule(const PictureSize& picture, int height, std::size_t cropped);

ProposalRule proposal_rule(const spec::DetectorSettings& settings);
FindingRule finding_rule(const spec::DetectorSettings& settings);

}  // namespace atto::det
