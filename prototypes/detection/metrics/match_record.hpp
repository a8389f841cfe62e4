#pragma once
// What average precision needs of detections that were judged, and no more: which are right, in the
// order of their scores, with their pictures. Pictures can be left out or counted twice, so that
// AP of other draws of pictures costs no detector. Source of resampling: Efron, "Bootstrap methods"
// (Annals of Statistics 1979).

#include <cstdint>
#include <span>
#include <vector>

#include "prototypes/detection/metrics/annotations.hpp"
#include "prototypes/detection/metrics/overlap.hpp"

namespace atto::det {

/// A detection. Bit t stands for the overlap 0.5 + 0.05 t; in neither, there it is ignored.
struct Match {
  std::int32_t picture = 0;
  std::uint16_t right = 0, wrong = 0;

  friend bool operator==(const Match&, const Match&) = default;
};
/// [class], by falling score.
using MatchesByClass = std::vector<std::vector<Match>>;

struct MatchRecord {
  int pictures = 0;
  std::vector<std::vector<std::int32_t>> objects;  ///< [class]: pictures of those to be found
  MatchesByClass boxes;
  MatchesByClass masks;  ///< empty where masks were not judged

  bool has_masks() const { return !masks.empty(); }
  friend bool operator==(const MatchRecord&, const MatchRecord&) = default;
};

/// Judges as coco_scores() does. Detections after the last right one of a class change no AP and
/// are left out.
MatchRecord match_record(const Annotations& truth, std::span<const Detection> detections,
                         bool judges_masks);

/// COCO's "ap" and "ap50"; -1 where there are no objects.
struct MatchScores {
  double ap = -1, ap50 = -1;
};
/// Equal to those of coco_scores() on pictures of which each is there so many times; `times` empty:
/// once. Copies of a picture follow each other in the order.
MatchScores scores_of(const MatchRecord& record, Overlap overlap,
                      std::span<const std::int32_t> times = {});

}  // namespace atto::det
