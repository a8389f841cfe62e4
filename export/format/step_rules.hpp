#pragma once
// What check_program asks of one step. For program_rules.cpp and step_rules.cpp alone.

#include <string>

#include "export/format/program_rules.hpp"

namespace atto::format {

inline constexpr std::int64_t kMaxSide = 1 << 16;
inline constexpr std::int64_t kMaxPadding = 1 << 21;  // 63 taps at the largest dilation
inline constexpr std::size_t kMaxSteps = 1 << 16;

constexpr bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value <= high;
}

/// Checks a step's shapes, wiring and weight ranges; its tensors exist and are sound.
void check_step(const Program& program, std::uint64_t weight_bytes, std::size_t index,
                const Refuse& refuse);

}  // namespace atto::format
