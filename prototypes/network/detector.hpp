#pragma once
// A detector, cut where it goes from level to level and from a map to crops of it: plain networks
// that everything which treats networks can treat. What stands between them has no weights
// (prototypes/detection): anchors, decoding, selection, RoIAlign.

#include <cstddef>
#include <optional>

#include "design_specs/requirements/detector_settings.hpp"
#include "prototypes/network/network.hpp"

namespace atto::net {

using spec::DetectorSettings;

/// The names of the networks' outputs; the trunk's are "level[0]", "level[1]", ..., finest first.
inline constexpr const char* kObjectnessOutput = "objectness";
inline constexpr const char* kScoresOutput = "scores";
inline constexpr const char* kDeltasOutput = "deltas";  ///< of the proposal and the box network
inline constexpr const char* kMasksOutput = "masks";
inline constexpr const char* kFeaturesOutput = "features";

/// Layer names are unique among all parts. With A = settings.anchors.shapes_a_cell() and
/// N = classes + 1, the first of them the background (as in torchvision, whose "91 classes" are
/// COCO's 90 and it):
struct DetectorParts {
  Network trunk;  ///< a picture -> its levels, each [C, h, w]
  /// A level -> "objectness" [A, h, w] and "deltas" [4 A, h, w], where those of anchor a are
  /// channels 4 a to 4 a + 3. One set of weights for all levels; its input is the first level's
  /// shape, and it runs on the others as well.
  Network proposal;
  Network box;  ///< a crop [C, s, s] -> "scores" [N, 1, 1] and "deltas" [4 N, 1, 1]
  /// A crop [C, t, t], or the box network's features -> "masks" [N, m, m], before the sigmoid.
  /// Absent: boxes only.
  std::optional<Network> mask;
  /// The mask network reads the third output of the box network, "features", run on a crop of the
  /// detection's own box, and there is no crop of its own.
  bool mask_follows_box = false;
  std::size_t cropped_levels = 1;  ///< crops are taken from the first of the levels; others propose
  DetectorSettings settings;
};

}  // namespace atto::net
