#include "prototypes/detection/rules.hpp"

#include <cmath>
#include <vector>

namespace atto::det {

AnchorLevel anchor_level(const spec::AnchorSettings& anchors, std::size_t level,
                         const PictureSize& picture, int height, int width) {
  AnchorLevel grid{height,
                   width,
                   picture.height / static_cast<float>(height),
                   picture.width / static_cast<float>(width),
                   {}};
  const std::vector<float> ratios(anchors.ratios.begin(), anchors.ratios.end());
  for (const double size : anchors.sizes.at(level)) {
    const std::vector<Extent> shapes = anchor_shapes(static_cast<float>(size), ratios);
    grid.shapes.insert(grid.shapes.end(), shapes.begin(), shapes.end());
  }
  return grid;
}

LevelRule level_rule(const PictureSize& picture, int height, std::size_t cropped) {
  LevelRule rule;
  rule.lowest = static_cast<int>(std::lround(std::log2(double{picture.height} / double(height))));
  rule.highest = rule.lowest + static_cast<int>(cropped) - 1;
  return rule;
}

ProposalRule proposal_rule(const spec::DetectorSettings& settings) {
  ProposalRule rule;
  rule.most = static_cast<std::size_t>(settings.proposals);
  rule.a_level = 2 * rule.most;
  return rule;
}

FindingRule finding_rule(const spec::DetectorSettings& settings) {
  return {static_cast<float>(settings.score), static_cast<float>(settings.nms),
          static_cast<std::size_t>(settings.detections)};
}

}  // namespace atto::det
