#pragma once
// The rules that make a program safe to run: whatever passes reads and writes inside its arena and
// weight section, in finite time.

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "export/format/program.hpp"

namespace atto::format {

/// Called for the first broken rule; does not return.
using Refuse = std::function<void(std::string_view field, std::string_view rule)>;

/// Checks sizes, places, step shapes and wiring, weight ranges, that every tensor is written once
/// and before it is read, and that storages alive at the same time do not overlap.
void check_program(const Program& program, std::uint64_t weight_bytes, const Refuse& refuse);

/// Neighbouring steps [first, last] that run together: all but the last make tensors in strips.
struct Chain {
  std::size_t first = 0, last = 0;
};
/// Returns all chains in order; most have one step.
std::vector<Chain> chains_of(const Program& program);

/// The steps during which a storage holds something: from the chain of its first writer to that of
/// its last reader; outputs live to the end.
struct LiveRange {
  std::size_t first = 0, last = 0;
  bool used = false;
};
std::vector<LiveRange> live_ranges(const Program& program);

/// Bytes of a step's packed weights and bias; what check_program demands of the weight section.
struct ParameterBytes {
  std::uint64_t weights = 0, bias = 0;
};
ParameterBytes parameter_bytes(const Program& program, const Step& step);

}  // namespace atto::format
