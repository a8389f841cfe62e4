#pragma once
// Does an artefact compute what LibTorch computes?

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "design_specs/requirements/task_kind.hpp"
#include "export/lowering/quantisation.hpp"
#include "export/targets/image_set.hpp"
#include "prototypes/detection/matched_sets.hpp"

namespace atto::deploy {

/// A score of what was run, and LibTorch's of the same images.
struct ScorePair {
  spec::Score score;
  double value = 0, reference_value = 0;
};

struct Parity {
  std::int64_t images = 0;
  double max_error = 0;  ///< largest |ours - LibTorch's| as a share of the largest logit;
                         ///< infinite where a logit is not finite
  spec::Score score;     ///< of what is predicted
  double agreement = 0;  ///< share of images of the same prediction; ties go to the lower class
  std::optional<double> value, reference_value;  ///< of the score, where the labels are known
  std::optional<det::MatchedSets> sets;          ///< of a detector, and then the others say nothing
  std::vector<ScorePair> precisions;             ///< of it: average ones of boxes, and of masks;
                                                 ///< empty where the truth is not known
};

/// What a precision promises; an artefact that misses it is wrong.
struct Tolerance {
  double max_error = 0;
  double min_agreement = 0;
  det::PairRule match = {};  ///< of a detector
  double most_lost = 1;      ///< of it: average precision
};
Tolerance tolerance_of(Precision precision);

/// Compares logits [count, classes] with the set's. Precondition: the set has logits.
Parity compare(std::span<const float> logits, const ImageSet& reference);

/// Compares what a detector of a precision finds in the set's first pictures. Precondition: the set
/// has as many.
Parity compare(std::span<const det::Found> found, const ImageSet& reference,
               const spec::DetectorSettings& settings, Precision precision);

/// Returns what is missed ("max error 3.1e-02 > 1.0e-04"); empty when all is well.
std::string misses(const Parity& parity, Precision precision);

}  // namespace atto::deploy
