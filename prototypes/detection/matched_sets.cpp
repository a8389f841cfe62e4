#include "prototypes/detection/matched_sets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace atto::det {
namespace {

/// Of what decides on a mask's pixel.
constexpr float kMaskSlack = 1e-3F;
constexpr double kNoNumber = std::numeric_limits<double>::infinity();

double difference(float a, float b) {
  const double apart = std::fabs(double{a} - double{b});
  return std::isfinite(apart) ? apart : kNoNumber;
}

double box_difference(const Box& a, const Box& b) {
  return std::max({difference(a.x1, b.x1), difference(a.y1, b.y1), difference(a.x2, b.x2),
                   difference(a.y2, b.y2)});
}

std::span<const float> mask_of(const Found& found, std::size_t object) {
  const std::size_t pixels = found.masks.size() / found.objects.size();
  return std::span(found.masks).subspan(object * pixels, pixels);
}

double mask_iou(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return 0;
  std::size_t both = 0, either = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::fabs(a[i] - 0.5F) <= kMaskSlack) continue;
    const bool is_in_a = a[i] > 0.5F, is_in_b = b[i] > 0.5F;
    if (is_in_a != is_in_b && std::fabs(b[i] - 0.5F) <= kMaskSlack) continue;
    both += is_in_a && is_in_b;
    either += is_in_a || is_in_b;
  }
  return either == 0 ? 1 : static_cast<double>(both) / static_cast<double>(either);
}

/// Up to it, what the other side says may be missing here.
float certain_score(const Found& found, const FindingRule& rule, float slack) {
  float last = rule.score;
  if (found.objects.size() >= rule.most && !found.objects.empty())
    last = std::max(last, found.objects.back().score);
  return last + slack;
}

std::vector<std::size_t> by_falling_score(const Found& found) {
  std::vector<std::size_t> order(found.objects.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return found.objects[a].score > found.objects[b].score;
  });
  return order;
}

}  // namespace

double MatchedSets::share() const {
  const double objects = static_cast<double>(matched) + static_cast<double>(unmatched) / 2;
  return objects == 0 ? 1 : static_cast<double>(matched) / objects;
}

void MatchedSets::add(const Found& said, const Found& reference, const FindingRule& rule) {
  ++pictures;
  has_masks = has_masks || !said.masks.empty() || !reference.masks.empty();
  std::vector<bool> is_taken(said.objects.size());
  for (const std::size_t r : by_falling_score(reference)) {
    const FoundObject& wanted = reference.objects[r];
    std::size_t best = said.objects.size();
    float most = match.least_overlap;
    for (std::size_t i = 0; i < said.objects.size(); ++i) {
      const FoundObject& one = said.objects[i];
      if (is_taken[i] || one.category != wanted.category) continue;
      const float overlap = iou(one.box, wanted.box);
      if (overlap < most || (best < said.objects.size() && overlap == most)) continue;
      most = overlap;
      best = i;
    }
    if (best == said.objects.size()) {
      unmatched += !(wanted.score <= certain_score(said, rule, match.slack));
      continue;
    }
    is_taken[best] = true;
    ++matched;
    box_error = std::max(box_error, box_difference(said.objects[best].box, wanted.box));
    score_error = std::max(score_error, difference(said.objects[best].score, wanted.score));
    least_mask_iou = std::min(least_mask_iou, mask_iou(mask_of(said, best), mask_of(reference, r)));
  }
  for (std::size_t i = 0; i < said.objects.size(); ++i)
    unmatched +=
        !is_taken[i] && !(said.objects[i].score <= certain_score(reference, rule, match.slack));
}

std::string misses(const MatchedSets& sets) {
  const PairRule& match = sets.match;
  if (sets.share() < match.least_share)
    return fmt::format("{:.1f} % of the objects matched < {:.1f} %", 100 * sets.share(),
                       100 * match.least_share);
  if (sets.box_error > match.most_pixels)
    return fmt::format("box error {:.2g} px > {:g}", sets.box_error, match.most_pixels);
  if (sets.score_error > match.most_score)
    return fmt::format("score error {:.1e} > {:.1e}", sets.score_error, match.most_score);
  if (sets.least_mask_iou < match.least_mask_iou)
    return fmt::format("least mask IoU {:.3f} < {:g}", sets.least_mask_iou, match.least_mask_iou);
  return {};
}

}  // namespace atto::det
