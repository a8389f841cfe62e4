#include "export/targets/parity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "design_specs/errors.hpp"
#include "prototypes/detection/metrics/average_precision.hpp"
#include "prototypes/detection/metrics/placed.hpp"
#include "prototypes/detection/rules.hpp"

namespace atto::deploy {
namespace {

std::int64_t predicted(std::span<const float> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

double largest_error(std::span<const float> got, std::span<const float> wanted) {
  double difference = 0, largest = 1e-20;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i]) || !std::isfinite(wanted[i]))
      return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::fabs(double{got[i]} - wanted[i]));
    largest = std::max(largest, std::fabs(double{wanted[i]}));
  }
  return difference / largest;
}

/// What was found in the first pictures of the set, in their own pixels.
std::vector<det::Detection> detections_of(std::span<const det::Found> found,
                                          const ImageSet& reference) {
  std::vector<det::Detection> all;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const det::Picture& picture = reference.truth.pictures[i];
    const float down = static_cast<float>(picture.height) / reference.seen[2 * i];
    const float across = static_cast<float>(picture.width) / reference.seen[2 * i + 1];
    const std::vector<det::Detection> said = det::placed(
        found[i],
        {static_cast<int>(i), picture.height, picture.width, [&](const det::Box& box) {
           return det::Box{box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down};
         }});
    all.insert(all.end(), said.begin(), said.end());
  }
  return all;
}

/// What is to be found in the first pictures.
det::Annotations first_of(const det::Annotations& all, std::size_t pictures) {
  det::Annotations first{
      {all.pictures.begin(), all.pictures.begin() + std::ptrdiff_t(pictures)}, all.categories, {}};
  for (const det::Annotation& object : all.objects)
    if (static_cast<std::size_t>(object.picture) < pictures) first.objects.push_back(object);
  return first;
}

std::vector<ScorePair> precisions_of(std::span<const det::Found> found, const ImageSet& reference) {
  const det::Annotations truth = first_of(reference.truth, found.size());
  const auto ours = detections_of(found, reference);
  const auto theirs = detections_of(std::span(reference.found).first(found.size()), reference);
  const auto masked = [](const det::Detection& one) { return one.mask.has_value(); };
  const bool has_masks = truth.has_masks() && std::all_of(ours.begin(), ours.end(), masked) &&
                         std::all_of(theirs.begin(), theirs.end(), masked);
  std::vector<ScorePair> pairs;
  const auto add = [&](const char* score, det::Overlap overlap) {
    const auto value = [&](const std::vector<det::Detection>& said) {
      return std::max(0.0, det::coco_scores(truth, said, overlap).numbers.front());
    };
    pairs.push_back({*spec::task_kinds().back().find_goal(score), value(ours), value(theirs)});
  };
  add("box_map", det::Overlap::Boxes);
  if (has_masks) add("mask_map", det::Overlap::Masks);
  return pairs;
}

}  // namespace

Tolerance tolerance_of(Precision precision) {
  constexpr double kAny = std::numeric_limits<double>::infinity();
  switch (precision) {
    case Precision::F32:
      return {1e-4, 0, {}, 1};  // two logits that are nearly equal may change places
    case Precision::Bf16:
      return {kAny, 0.98, det::kRoughMatch, 0.02};
    case Precision::I8:
      return {kAny, 0.95, det::kRoughMatch, 0.02};
  }
  throw InternalError("no such precision");
}

Parity compare(std::span<const float> logits, const ImageSet& reference) {
  if (reference.logits.empty() || logits.size() != reference.logits.size())
    throw InternalError("parity needs as many logits as the reference has");
  const std::size_t classes = logits.size() / static_cast<std::size_t>(reference.count);
  std::int64_t same = 0, right = 0, reference_right = 0;
  for (std::int64_t n = 0; n < reference.count; ++n) {
    const auto first = static_cast<std::size_t>(n) * classes;
    const std::int64_t ours = predicted(logits.subspan(first, classes));
    const std::int64_t theirs = predicted(std::span(reference.logits).subspan(first, classes));
    same += ours == theirs;
    if (reference.labels.empty()) continue;
    right += ours == reference.labels[static_cast<std::size_t>(n)];
    reference_right += theirs == reference.labels[static_cast<std::size_t>(n)];
  }
  const auto count = static_cast<double>(reference.count);
  Parity parity;
  parity.images = reference.count;
  parity.max_error = largest_error(logits, reference.logits);
  parity.score = spec::task_kinds().front().main_score();
  parity.agreement = static_cast<double>(same) / count;
  if (!reference.labels.empty()) {
    parity.value = static_cast<double>(right) / count;
    parity.reference_value = static_cast<double>(reference_right) / count;
  }
  return parity;
}

Parity compare(std::span<const det::Found> found, const ImageSet& reference,
               const spec::DetectorSettings& settings, Precision precision) {
  if (found.size() > reference.found.size())
    throw InternalError("parity needs what the reference finds in as many pictures");
  Parity parity;
  parity.images = static_cast<std::int64_t>(found.size());
  parity.sets.emplace().match = tolerance_of(precision).match;
  for (std::size_t i = 0; i < found.size(); ++i)
    parity.sets->add(found[i], reference.found[i], det::finding_rule(settings));
  if (!reference.truth.pictures.empty()) parity.precisions = precisions_of(found, reference);
  return parity;
}

std::string misses(const Parity& parity, Precision precision) {
  const Tolerance allowed = tolerance_of(precision);
  if (parity.sets) {
    for (const ScorePair& pair : parity.precisions)
      if (pair.value < pair.reference_value - allowed.most_lost)
        return fmt::format("{} {} < {} - {}", pair.score.label, shown(pair.score, pair.value),
                           shown(pair.score, pair.reference_value),
                           shown(pair.score, allowed.most_lost));
    return det::misses(*parity.sets);
  }
  if (!std::isfinite(parity.max_error)) return "a logit is not finite";
  if (parity.max_error > allowed.max_error)
    return fmt::format("max error {:.1e} > {:.1e}", parity.max_error, allowed.max_error);
  if (parity.agreement < allowed.min_agreement)
    return fmt::format("{} agreement {:.1f} % < {:.1f} %", parity.score.label,
                       100 * parity.agreement, 100 * allowed.min_agreement);
  return {};
}

}  // namespace atto::deploy
