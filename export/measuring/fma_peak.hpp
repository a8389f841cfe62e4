#pragma once
// The most multiply-adds that one core of this machine does: what speeds are shares of.

#include "export/runtime/level.hpp"

namespace atto::measuring {

/// Returns the GFLOP/s (2 per multiply-add) of float32 multiply-adds at a level, from registers
/// alone, on the calling thread: the best of several short rounds, about 30 ms in all.
double measure_fma_peak(edge::Level level);

/// Returns the GFLOP/s of the multiply-adds of bf16 numbers into floats that a level's bf16 kernels
/// are made of (avx512_bf16: vdpbf16ps; elsewhere those of floats), measured likewise.
double measure_bf16_peak(edge::Level level);

/// Returns the GOP/s of the multiply-adds into 32 bits that a level's int8 kernels are made of
/// (avx512_vnni: vpdpbusd; avx2: vpmaddwd and vpaddd), measured likewise.
double measure_int8_peak(edge::Level level);

}  // namespace atto::measuring
