#pragma once
// Which steps run as chains, strip by strip, so that what lies between them stays in the cache and
// takes no place in the arena.

#include "export/format/program.hpp"

namespace atto::deploy {

/// Puts a tensor in strips where a single step reads it, the next one, and that pays:
///   depthwise or interleaved groups -> 1x1 convolution, always;
///   convolution -> average over the whole map, always;
///   convolution -> depthwise or interleaved groups, where the map is large.
/// A pure function on programs whose steps and halos are complete, before storages.
format::Program with_strips(format::Program program);

}  // namespace atto::deploy
