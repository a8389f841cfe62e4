#pragma once
// A detector, cut where it goes from level to level and from a map to crops of it: plain networks
// that everything which treats networks can treat. What stands between them has no weights
// (prototypes/detection): anchors, decoding, selection, RoIAlign.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "design_specs/requirements/detector_settings.hpp"
#include "design_specs/requirements/metrics.hpp"
#include "prototypes/network/network.hpp"

namespace atto::net {

using spec::Costs;
using spec::DetectorSettings;

/// The names of the networks' outputs; the trunk's are "level[0]", "level[1]", ..., finest first.
inline constexpr const char* kObjectnessOutput = "objectness";
inline constexpr const char* kScoresOutput = "scores";
inline constexpr const char* kDeltasOutput = "deltas";  ///< of the proposal and the box network
inline constexpr const char* kMasksOutput = "masks";
inline constexpr const char* kFeaturesOutput = "features";

/// Layer names are unique among all parts, but for the inputs. With A =
/// settings.anchors.shapes_a_cell() and N = classes + 1, the first of them the background (as in
/// torchvision, whose "91 classes" are COCO's 90 and it):
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

/// How much of a detector a part is.
struct PartCosts {
  std::string_view name;   ///< "trunk", "proposals", "box", "mask"
  const Network* network;  ///< of the detector
  Costs once;              ///< of the network, run once; of the proposals on the first level
  std::int64_t runs = 1;   ///< of the network in a picture
  std::int64_t macs = 0;   ///< of all runs together
};

/// The parts in order: trunk, proposals, box, and mask where there is one.
std::vector<const Network*> networks_of(const DetectorParts& detector);
/// The shapes of the levels, finest first.
std::vector<Shape> level_shapes(const DetectorParts& detector);
/// Returns the parts in order. A mask network that follows the box network costs a run of both.
std::vector<PartCosts> part_costs(const DetectorParts& detector);
/// Returns the costs of the whole by docs/counting.md: weights once, multiply-adds as often as the
/// settings say at most. Of int8 C nothing is known: 0.
Costs count_costs(const DetectorParts& detector);

std::uint64_t structure_hash(const DetectorParts& detector);
/// The same, where all layers of the parts were told to one StructureHasher, numbered through as
/// their outputs; `inputs` are the shapes of those of all parts but the trunk.
std::uint64_t detector_hash(std::uint64_t layers, std::span<const Shape> inputs,
                            std::size_t cropped_levels, bool mask_follows_box);

}  // namespace atto::net
