#pragma once
// What a detector is run with beside its networks: the shapes of its anchors, and how much it looks
// at and says. A prototype states them; a spec's task may state others.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/reading/problems.hpp"

namespace atto::spec {

/// Shapes of a cell's anchors: every size of its level in every ratio.
struct AnchorSettings {
  /// Of each level, finest first: sides in pixels of the square of the same area, as many at every
  /// level. Empty: one a level, fitted to the boxes of the training pictures.
  std::vector<std::vector<double>> sizes;
  std::vector<double> ratios = {0.5, 1, 2};  ///< height / width; fitted ones are as many

  bool are_fitted() const { return sizes.empty(); }
  int shapes_a_cell() const {
    return static_cast<int>((are_fitted() ? 1 : sizes.front().size()) * ratios.size());
  }
  friend bool operator==(const AnchorSettings&, const AnchorSettings&) = default;
};

struct DetectorSettings {
  AnchorSettings anchors;
  int proposals = 100;   ///< boxes of a picture that the box network judges, at most
  int detections = 100;  ///< that are said of a picture, at most: each gets a mask
  double score = 0.05;   ///< below, nothing is said
  double nms = 0.5;      ///< detections of one class do not overlap by more

  friend bool operator==(const DetectorSettings&, const DetectorSettings&) = default;
};

/// Settings of which some are stated.
struct StatedSettings {
  std::optional<AnchorSettings> anchors;
  std::optional<int> proposals, detections;
  std::optional<double> score, nms;

  bool any() const { return anchors || proposals || detections || score || nms; }
  /// Returns `otherwise` with what is stated in its place.
  DetectorSettings over(DetectorSettings otherwise) const {
    if (anchors) otherwise.anchors = *anchors;
    otherwise.proposals = proposals.value_or(otherwise.proposals);
    otherwise.detections = detections.value_or(otherwise.detections);
    otherwise.score = score.value_or(otherwise.score);
    otherwise.nms = nms.value_or(otherwise.nms);
    return otherwise;
  }
  friend bool operator==(const StatedSettings&, const StatedSettings&) = default;
};

/// States all settings.
StatedSettings stated(const DetectorSettings& settings);

/// Reads those of kDetectorSettingsKeys that the object has; the caller checks its keys.
StatedSettings read_stated_settings(Problems& problems, const Cursor& at);

/// Returns settings as JSON on one line: equal settings, equal text.
std::string settings_text(const DetectorSettings& settings);
/// Reads such a text, of which some may be missing. Throws SpecError with every problem.
StatedSettings read_settings_text(std::string_view text, const std::string& name);

}  // namespace atto::spec
