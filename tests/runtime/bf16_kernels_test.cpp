// The bf16 kernels of every level against the rules of export/lowering/bf16.hpp, written down as
// plain sums. Kernels of an AVX-512 CPU run emulated where this CPU is none.
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "export/lowering/bf16.hpp"
#include "export/runtime/kernels.hpp"
#include "export/runtime/level.hpp"

namespace atto::edge {
namespace {

using deploy::bf16_of;
using deploy::bf16_rounded;

struct Variant {
  std::string name;
  const Kernels& kernels;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const Level level : available_levels())
    all.push_back({std::string(level_name(level)), kernels_of(level)});
  return all;
}

/// Numbers of every kind: both sides of ties, carries, both infinities; 16 at a time.
std::vector<float> many_values() {
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 0x10000; high += 61)
    for (const std::uint32_t low : {0U, 1U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
      const float value = std::bit_cast<float>(high << 16 | low);
      // A CPU may take what is smaller than any normal number for zero.
      if (value == 0 || std::fabs(value) >= std::numeric_limits<float>::min() || std::isnan(value))
        values.push_back(value);
    }
  values.resize(values.size() / 16 * 16);
  return values;
}

/// What bf16_round made, as floats.
std::vector<float> rounded_by(const Kernels& kernels, const std::vector<float>& values) {
  std::vector<float> made(values.size());
  kernels.bf16_round(made.data(), values.data(), values.size());
  if (kernels.bf16_conv == nullptr) return made;
  const auto* halves = reinterpret_cast<const std::uint16_t*>(made.data());
  std::vector<float> wide;
  for (std::size_t i = 0; i < values.size(); ++i)
    wide.push_back(std::bit_cast<float>(std::uint32_t{halves[i]} << 16));
  return wide;
}

}  // namespace

TEST_CASE("bf16 kernels round as the rules say") {
  const std::vector<float> values = many_values();
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const std::vector<float> made = rounded_by(variant.kernels, values);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float wanted = bf16_rounded(values[i]);
      wrong += !(made[i] == wanted || (std::isnan(made[i]) && std::isnan(wanted)));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("bf16 kernels widen pairs of channels to channels") {
  std::vector<std::uint16_t> pairs(3 * 32);
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = bf16_of(static_cast<float>(i));
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    std::vector<float> made(pairs.size() + 1, -1);
    variant.kernels.bf16_widen(made.data(), pairs.data(), pairs.size());
    for (std::size_t channel = 0; channel < 6; ++channel)
      for (std::size_t lane = 0; lane < 16; ++lane)
        REQUIRE(made[channel * 16 + lane] ==
                static_cast<float>(channel / 2 * 32 + lane * 2 + channel % 2));
    CHECK(made.back() == -1);
  }
}

}  // namespace atto::edge
