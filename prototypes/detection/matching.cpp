#include "prototypes/detection/matching.hpp"

#include <algorithm>

#include "design_specs/seeds/random.hpp"

namespace atto::det {
namespace {

std::vector<int> drawn(std::vector<int> from, std::size_t count, spec::Random random) {
  count = std::min(count, from.size());
  for (std::size_t i = 0; i < count; ++i)
    std::swap(from[i], from[i + random.below(from.size() - i)]);
  from.resize(count);
  std::sort(from.begin(), from.end());
  return from;
}

}  // namespace

std::vector<int> match(std::span<const float> iou, std::size_t objects, std::size_t candidates,
                       const MatchRule& rule) {
  std::vector<int> nearest(candidates, kBackground), matches(candidates, kBackground);
  std::vector<float> most(candidates, 0);
  for (std::size_t object = 0; object < objects; ++object)
    for (std::size_t i = 0; i < candidates; ++i)
      if (const float overlap = iou[object * candidates + i]; overlap > most[i]) {
        most[i] = overlap;
        nearest[i] = static_cast<int>(object);
      }
  for (std::size_t i = 0; i < candidates; ++i)
    if (nearest[i] != kBackground && most[i] >= rule.low)
      matches[i] = most[i] >= rule.high ? nearest[i] : kBetween;
  if (!rule.keeps_best) return matches;
  for (std::size_t object = 0; object < objects; ++object) {
    const auto row = iou.subspan(object * candidates, candidates);
    float best = 0;
    for (const float overlap : row) best = std::max(best, overlap);
    for (std::size_t i = 0; i < candidates; ++i)
      if (best > 0 && row[i] == best) matches[i] = nearest[i];
  }
  return matches;
}

Sample sample(std::span<const int> matches, int count, double positive_share, std::uint64_t seed) {
  std::vector<int> positive, negative;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (matches[i] >= 0) positive.push_back(static_cast<int>(i));
    if (matches[i] == kBackground) negative.push_back(static_cast<int>(i));
  }
  const auto wanted = static_cast<std::size_t>(std::max(count, 0));
  const auto share = static_cast<std::size_t>(static_cast<double>(wanted) * positive_share);
  const spec::Random random(seed);
  Sample taken;
  taken.positive = drawn(std::move(positive), share, random.fork(0));
  taken.negative = drawn(std::move(negative), wanted - taken.positive.size(), random.fork(1));
  return taken;
}

}  // namespace atto::det
