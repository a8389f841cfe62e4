#pragma once
// The order of designs, and one rung of the fidelity ladder as it fills.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace atto::search {

/// A design's place among others at the same fidelity. Smaller is better: designs that meet 1_r
/// first, then the higher value, then the smaller hash.
struct Standing {
  bool meets = false;
  double value = 0;
  std::uint64_t hash = 0;

  friend bool operator<(const Standing& a, const Standing& b) {
    if (a.meets != b.meets) return a.meets;
    if (a.value != b.value) return a.value > b.value;
    return a.hash < b.hash;
  }
};

/// The results at one rung, in O(log n) a result. Designs without a finite value count, but never
/// rank.
class Rung {
 public:
  /// Adds a result.
  void add(const Standing& standing);
  /// Returns the best design among the first `quota` that was not promoted yet. Quotas never fall.
  std::optional<std::uint64_t> promotable(std::size_t quota);
  void mark_promoted(std::uint64_t hash);
  /// Takes a design out of the ranking; it still counts.
  void bar(std::uint64_t hash);
  bool was_promoted(std::uint64_t hash) const { return promoted_.count(hash) > 0; }
  std::size_t count() const { return count_; }

 private:
  void fill_top(std::size_t quota);

  std::size_t count_ = 0;
  std::set<Standing> top_, rest_, waiting_;  ///< waiting_: those of top_ not promoted
  std::set<std::uint64_t> promoted_;
};

/// The best `capacity` results so far; says which design leaves.
class KeptBest {
 public:
  explicit KeptBest(std::size_t capacity) : capacity_(capacity) {}
  void set_capacity(std::size_t capacity) { capacity_ = capacity; }
  /// Adds a result; returns the design that is now outside, perhaps the new one.
  std::optional<std::uint64_t> add(const Standing& standing);

 private:
  std::size_t capacity_;
  std::set<Standing> best_;
};

}  // namespace atto::search
