#include "prototypes/detection/metrics/match_record.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "prototypes/detection/metrics/average_precision.hpp"
#include "prototypes/detection/metrics/verdicts.hpp"

namespace atto::det {
namespace {

struct ScoredMatch {
  double score = 0;
  Match match;
};

Match match_of(const Verdict& verdict, int picture) {
  Match match{picture, 0, 0};
  for (std::size_t t = 0; t < kThresholds; ++t)
    if (!verdict.is_ignored[t])
      (verdict.is_matched[t] ? match.right : match.wrong) |= static_cast<std::uint16_t>(1U << t);
  return match;
}

std::vector<Match> matches_of(const std::map<int, Scene>& scenes, Overlap overlap) {
  std::vector<ScoredMatch> scored;
  for (const auto& [picture, scene] : scenes) {
    Verdicts verdicts;
    add_verdicts(scene, overlap, {&kAllSizes, 1}, {&verdicts, 1});
    for (const Verdict& verdict : verdicts.found)
      scored.push_back({verdict.score, match_of(verdict, picture)});
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const ScoredMatch& a, const ScoredMatch& b) { return a.score > b.score; });
  while (!scored.empty() && scored.back().match.right == 0) scored.pop_back();
  std::vector<Match> matches;
  for (const ScoredMatch& one : scored)
    if (one.match.right != 0 || one.match.wrong != 0) matches.push_back(one.match);
  return matches;
}

std::vector<std::int32_t> wanted_objects(const std::map<int, Scene>& scenes) {
  std::vector<std::int32_t> pictures;
  for (const auto& [picture, scene] : scenes) {
    Verdicts verdicts;
    add_verdicts({scene.objects, {}}, Overlap::Boxes, {&kAllSizes, 1}, {&verdicts, 1});
    pictures.insert(pictures.end(), verdicts.objects, picture);
  }
  return pictures;
}

/// How often each picture counts.
class Counts {
 public:
  explicit Counts(std::span<const std::int32_t> times) : times_(times) {}
  double of(std::int32_t picture) const {
    return times_.empty() ? 1 : times_[static_cast<std::size_t>(picture)];
  }

 private:
  std::span<const std::int32_t> times_;
};

/// Several right ones of one score step up together: all before the last have less precision.
double precision_at(std::size_t threshold, std::span<const Match> found, double objects,
                    const Counts& counts) {
  double right = 0, wrong = 0;
  std::vector<double> recalls, precisions;
  for (const Match& match : found) {
    const double count = counts.of(match.picture);
    if ((match.wrong >> threshold & 1U) != 0) wrong += count;
    if ((match.right >> threshold & 1U) == 0 || count == 0) continue;
    right += count;
    recalls.push_back(right / objects);
    precisions.push_back(right / (wrong + right + std::numeric_limits<double>::epsilon()));
  }
  return area_below(recalls, std::move(precisions));
}

}  // namespace

MatchRecord match_record(const Annotations& truth, std::span<const Detection> detections,
                         bool judges_masks) {
  MatchRecord record;
  record.pictures = static_cast<int>(truth.pictures.size());
  for (const auto& scenes : scenes_of(truth, detections)) {
    record.objects.push_back(wanted_objects(scenes));
    record.boxes.push_back(matches_of(scenes, Overlap::Boxes));
    if (judges_masks) record.masks.push_back(matches_of(scenes, Overlap::Masks));
  }
  return record;
}

MatchScores scores_of(const MatchRecord& record, Overlap overlap,
                      std::span<const std::int32_t> times) {
  const MatchesByClass& found = overlap == Overlap::Boxes ? record.boxes : record.masks;
  const Counts counts(times);
  double sum = 0, sum_at_half = 0, classes = 0;
  for (std::size_t c = 0; c < found.size(); ++c) {
    double objects = 0;
    for (const std::int32_t picture : record.objects[c]) objects += counts.of(picture);
    if (objects == 0) continue;
    ++classes;
    for (std::size_t t = 0; t < kThresholds; ++t) {
      const double precision = precision_at(t, found[c], objects, counts);
      sum += precision;
      if (t == 0) sum_at_half += precision;
    }
  }
  if (classes == 0) return {};
  return {sum / (classes * kThresholds), sum_at_half / classes};
}

}  // namespace atto::det
