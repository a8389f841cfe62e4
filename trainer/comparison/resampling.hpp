#pragma once
// Whether one detector is better than another, judged on the same pictures. Average precision is no
// mean over pictures: what they leave open is seen by drawing them anew, from records of matches.

#include <string_view>
#include <vector>

#include "design_specs/requirements/task_kind.hpp"
#include "prototypes/detection/metrics/match_record.hpp"
#include "trainer/comparison/paired_accuracy.hpp"

namespace atto::train {

/// The task's scores of what was judged, each picture counted so many times (`times` empty: once).
/// Where nothing is to be found, nothing was found: 0.
spec::ScoreValues scores_of(const det::MatchRecord& record,
                            std::span<const std::int32_t> times = {});

inline constexpr int kResamples = 1000;

/// Draws as many pictures as there are, with replacement; returns how often each was drawn. A
/// function of its arguments: all detectors see the same draws.
std::vector<std::int32_t> resample(int pictures, int number);

/// The scores of a design's trainings, one a seed, of the same pictures.
struct ResampledScores {
  int pictures = 0;
  std::vector<spec::ScoreValues> by_seed;  ///< on the pictures as they are
  std::vector<spec::ScoreValues> draws;    ///< [resample]: mean of the seeds
};
/// Runs on all cores. Throws std::invalid_argument where there is no training, or their pictures
/// differ in number.
ResampledScores resampled_scores(const std::vector<det::MatchRecord>& seeds,
                                 int resamples = kResamples);

/// Of one score, of the second less the first. The variance is that of the difference over the
/// draws, and that of each design's seeds. Throws std::invalid_argument where pictures or draws
/// differ in number.
PairedDifference paired_difference(const ResampledScores& first, const ResampledScores& second,
                                   std::string_view score);

}  // namespace atto::train
