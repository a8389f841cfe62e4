#pragma once
// What a program is made of, as far as it decides how long it takes.

#include <string>

#include "export/format/program_rules.hpp"
#include "search/latency/latency_meter.hpp"

namespace atto::search {

/// Describes a chain of steps: multiply-adds of every kind of kernel (values where it has none),
/// steps to start, weights and values to read or write. `kernels` is the engine's name for the
/// chain, which tells windows, strides and precisions apart: one a step, joined by "+".
Block block_of(const format::Program& program, const format::Chain& chain,
               const std::string& kernels);

}  // namespace atto::search
