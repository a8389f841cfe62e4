#pragma once
// The .atto file of a detector: several models, and what stands between them. 64 bytes of header as
// a model's (magic "ATTODET\n"; the checksum of weights is 0, as each model has its own) |
// FlatBuffers metadata (detector.fbs) | models, each with its header at a multiple of 64 bytes and
// offsets from there | their weights. Models of equal weights share them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "export/format/model_file.hpp"
#include "export/format/program_rules.hpp"

namespace atto::format {

inline constexpr std::uint32_t kDetectorVersion = 1;
inline constexpr std::size_t kMostLevels = 16;
inline constexpr int kMostCropSide = 64, kMostRegions = 1 << 20;

/// The names of the networks' outputs.
inline constexpr const char *kObjectness = "objectness", *kScores = "scores", *kDeltas = "deltas",
                            *kMasks = "masks", *kFeatures = "features";

/// Sides in pixels of the picture that the trunk sees.
struct Extent {
  float width = 0, height = 0;
};

struct DetectorSettings {
  std::vector<Extent> anchors;      ///< [levels, shapes of a cell]
  std::int32_t cropped_levels = 1;  ///< crops are taken from the first ones, finest first
  bool mask_follows_box = false;    ///< the mask network reads the box network's "features"
  std::int32_t proposals = 0;       ///< boxes that the box network judges, at most
  std::int32_t detections = 0;      ///< that are said of a picture, at most
  float score = 0;                  ///< below, nothing is said
  float nms = 0;                    ///< detections of one class do not overlap by more
};

/// A network as one program, or, where its last layers are of another precision, as two: these read
/// the first output of the body.
template <class Part>
struct NetworkOf {
  Part body;
  std::optional<Part> last = {};
};

/// What a detector's file holds, or offsets, models, programs in their places. With A shapes of a
/// cell and N = classes + 1, of which the first is the background:
///   trunk      picture -> a level [C, h, w] an output, finest first
///   proposals  of each level: that -> "objectness" [A, h, w], "deltas" [4 A, h, w]
///   box        crop [C, s, s] -> "scores" [N, 1, 1], "deltas" [4 N, 1, 1], maybe "features"
///   mask       crop [C, t, t] or features -> "masks" [N, m, m], before the sigmoid
template <class Part>
struct DetectorOf {
  DetectorSettings settings;
  NetworkOf<Part> trunk;
  std::vector<NetworkOf<Part>> proposals;
  NetworkOf<Part> box;
  std::optional<NetworkOf<Part>> mask;
};

/// Returns `change(part, name)` of each part: "trunk", "proposals[1]", "box.last", ...
template <class Part, class Change>
auto changed(const DetectorOf<Part>& from, const Change& change) {
  using To = decltype(change(from.box.body, std::string()));
  const auto network = [&](const NetworkOf<Part>& of, const std::string& name) {
    NetworkOf<To> to{change(of.body, name)};
    if (of.last) to.last.emplace(change(*of.last, name + ".last"));
    return to;
  };
  DetectorOf<To> to{from.settings, network(from.trunk, "trunk"), {}, network(from.box, "box"), {}};
  for (std::size_t i = 0; i < from.proposals.size(); ++i)
    to.proposals.push_back(network(from.proposals[i], "proposals[" + std::to_string(i) + "]"));
  if (from.mask) to.mask.emplace(network(*from.mask, "mask"));
  return to;
}

/// Writes a file.
std::vector<std::byte> encode(const DetectorOf<ModelFile>& detector);

/// Reads and checks the header and the metadata; returns where the models begin. Throws ModelError.
DetectorOf<std::uint64_t> decode_detector(std::span<const std::byte> bytes);

/// Where a network has an output.
struct OutputPlace {
  bool is_last = false;  ///< of NetworkOf::last
  std::size_t index = 0;
};
std::optional<OutputPlace> find_output(const NetworkOf<const Program*>& network,
                                       std::string_view name);

/// Checks that programs and settings fit each other: every size that runs rely on.
void check_detector(const DetectorOf<const Program*>& detector, const Refuse& refuse);

}  // namespace atto::format
