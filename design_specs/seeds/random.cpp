#include "design_specs/seeds/random.hpp"

#include <cmath>
#include <numbers>

#include "design_specs/errors.hpp"

namespace atto::spec {

std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a offset basis and prime, 64 bits
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3ULL;
  }
  return mix64(hash);
}

// Lemire, "Fast random integer generation in an interval" (2019): multiply, reject the short first
// slice.
std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) throw InternalError("Random::below: bound must be >= 1");
  auto product = static_cast<unsigned __int128>(next()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = -bound % bound;
    while (static_cast<std::uint64_t>(product) < threshold)
      product = static_cast<unsigned __int128>(next()) * bound;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::size_t Random::weighted(std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  if (!(sum > 0) || !std::isfinite(sum))
    throw InternalError("Random::weighted: weights must have a positive, finite sum");
  double left = uniform() * sum;
  std::size_t last_positive = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    if (left < weights[i]) return i;
    left -= weights[i];
    last_positive = i;
  }
  return last_positive;  // rounding may leave a crumb after the last weight
}

}  // namespace atto::spec
