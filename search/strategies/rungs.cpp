#include "search/strategies/rungs.hpp"

#include <cmath>
#include <iterator>

namespace atto::search {

void Rung::add(const Standing& standing) {
  ++count_;
  if (std::isfinite(standing.value)) rest_.insert(standing);
}

void Rung::fill_top(std::size_t quota) {
  const auto take = [&](std::set<Standing>::iterator best) {
    if (!was_promoted(best->hash)) waiting_.insert(*best);
    top_.insert(*best);
    rest_.erase(best);
  };
  while (!rest_.empty() && top_.size() < quota) take(rest_.begin());
  while (!rest_.empty() && !top_.empty() && *rest_.begin() < *top_.rbegin()) {
    const Standing worst = *top_.rbegin();
    take(rest_.begin());
    top_.erase(worst);
    waiting_.erase(worst);
    rest_.insert(worst);
  }
}

std::optional<std::uint64_t> Rung::promotable(std::size_t quota) {
  fill_top(quota);
  if (waiting_.empty()) return {};
  return waiting_.begin()->hash;
}

void Rung::mark_promoted(std::uint64_t hash) {
  promoted_.insert(hash);
  if (!waiting_.empty() && waiting_.begin()->hash == hash) waiting_.erase(waiting_.begin());
}

void Rung::bar(std::uint64_t hash) {
  for (std::set<Standing>* standings : {&top_, &rest_, &waiting_})
    std::erase_if(*standings, [&](const Standing& standing) { return standing.hash == hash; });
}

std::optional<std::uint64_t> KeptBest::add(const Standing& standing) {
  if (!std::isfinite(standing.value)) return standing.hash;
  best_.insert(standing);
  if (best_.size() <= capacity_) return {};
  const std::uint64_t leaves = best_.rbegin()->hash;
  best_.erase(std::prev(best_.end()));
  return leaves;
}

}  // namespace atto::search
