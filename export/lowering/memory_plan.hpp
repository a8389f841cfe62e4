#pragma once
// Where a program's tensors lie. Pure functions on programs whose steps are complete.

#include <cstdint>

#include "export/format/program.hpp"

namespace atto::deploy {

/// Gives every tensor the columns of padding that its readers ask for.
format::Program with_halos(format::Program program);

/// Gives every tensor a storage of its own, or that of an input which the step that makes it may
/// replace: element-by-element steps and residuals of the same layout that nobody reads later.
format::Program with_storages(format::Program program);

/// Places the storages in the arena so that those in use at the same time do not meet.
format::Program with_offsets(format::Program program);

/// Returns the largest sum of storages in use at the same time, in bytes rounded up to the
/// alignment: no plan can be smaller.
std::uint64_t smallest_arena(const format::Program& program);

}  // namespace atto::deploy
