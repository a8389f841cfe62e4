#include "export/targets/parity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "design_specs/errors.hpp"
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

}  // namespace

Tolerance tolerance_of(Precision precision) {
  constexpr double kAny = std::numeric_limits<double>::infinity();
  switch (precision) {
    case Precision::F32:
      return {1e-4, 0};  // two logits that are nearly equal may change places
    case Precision::Bf16:
      return {kAny, 0.98};
    case Precision::I8:
      return {kAny, 0.95};
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
               const spec::DetectorSettings& settings) {
  if (found.size() > reference.found.size())
    throw InternalError("parity needs what the reference finds in as many pictures");
  Parity parity;
  parity.images = static_cast<std::int64_t>(found.size());
  parity.sets.emplace();
  for (std::size_t i = 0; i < found.size(); ++i)
    parity.sets->add(found[i], reference.found[i], det::finding_rule(settings));
  return parity;
}

std::string misses(const Parity& parity, Precision precision) {
  if (parity.sets) return det::misses(*parity.sets);
  const Tolerance allowed = tolerance_of(precision);
  if (!std::isfinite(parity.max_error)) return "a logit is not finite";
  if (parity.max_error > allowed.max_error)
    return fmt::format("max error {:.1e} > {:.1e}", parity.max_error, allowed.max_error);
  if (parity.agreement < allowed.min_agreement)
    return fmt::format("{} agreement {:.1f} % < {:.1f} %", parity.score.label,
                       100 * parity.agreement, 100 * allowed.min_agreement);
  return {};
}

}  // namespace atto::deploy
