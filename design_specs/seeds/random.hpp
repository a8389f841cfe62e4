#pragma once
// Randomness that is the same on every machine: a counter-based generator and our own
// distributions. Source of the mixing function: Steele, Lea, Flood, "Fast splittable pseudorandom
// number generators" (OOPSLA 2014), variant 13 of Stafford.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace atto::spec {

/// Returns a well-mixed 64-bit value of the input.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Derives an independent seed from a list of parts, in order: (campaign, design, phase, replica).
constexpr std::uint64_t derive_seed(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t seed = 0x6a09e667f3bcc909ULL;
  for (std::uint64_t part : parts) seed = mix64(seed ^ mix64(part));
  return seed;
}

/// Returns a 64-bit hash of bytes (FNV-1a, then mixed); for seeds and identities, not for security.
std::uint64_t hash_bytes(std::string_view bytes);

/// A stream of numbers that depends on (seed, position) alone.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : seed_(mix64(seed)) {}

  std::uint64_t next() { return mix64(seed_ + 0xd1342543de82ef95ULL * ++counter_); }
  /// Uniform in [0, 1) with 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in [0, bound); bound >= 1. Without modulo bias.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller, one value a call).
  double normal();
  /// Index drawn with probability weights[i] / sum; weights >= 0 with a positive sum.
  std::size_t weighted(std::span<const double> weights);
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }
  /// A stream of its own for a part of the work.
  Random fork(std::uint64_t part) const { return Random(derive_seed({seed_, part})); }

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

}  // namespace atto::spec
