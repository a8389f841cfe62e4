#pragma once
// Runs a detector: one arena a network and thread, allocated once. One thread at a time; several
// detectors may share a model.

#include <cstdint>
#include <memory>
#include <span>

#include "export/runtime/detection/regions.hpp"
#include "export/runtime/detector_model.hpp"
#include "export/runtime/engine.hpp"

namespace atto::edge {

struct Detection {
  Box box;           ///< pixels of the picture that the trunk sees, inside of it
  float score = 0;   ///< in [0, 1]
  int category = 0;  ///< from 0: the background is none
};

/// What the parts of a picture took; what stands behind a part counts as its own.
struct PartTimes {
  double trunk_ms = 0, proposals_ms = 0, box_ms = 0, mask_ms = 0;
  double all_ms() const { return trunk_ms + proposals_ms + box_ms + mask_ms; }
};

class Detector {
 public:
  /// Allocates everything that runs need. Throws as Engine.
  explicit Detector(DetectorModel model, EngineOptions options = {});
  ~Detector();
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  /// Runs on one picture, [channels, height, width] as the network was trained on (normalised).
  /// Returns what is found, by falling score; valid until the next run. Allocates nothing.
  std::span<const Detection> run(std::span<const float> picture) noexcept;
  /// Runs on pixels, [height, width, channels], normalised as the file says.
  std::span<const Detection> run_pixels(std::span<const std::uint8_t> pixels) noexcept;

  /// Computes the masks of what the last run found: [detections, side, side], each over its own
  /// box, in [0, 1]; valid until the next run. Empty for a detector of boxes. Allocates nothing.
  std::span<const float> masks() noexcept;
  int mask_side() const noexcept;

  /// Runs on a picture as if it were as full as the settings allow: as many crops of proposals are
  /// judged, and as many masks made. What is found then means nothing. Allocates nothing.
  PartTimes time(std::span<const float> picture) noexcept;

  Level level() const noexcept;
  const DetectorModel& model() const noexcept;
  /// Bytes held beside the model.
  std::size_t working_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atto::edge
