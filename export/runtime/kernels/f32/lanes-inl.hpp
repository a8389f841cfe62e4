// Vectors of 16-lane blocks, for the target that is being compiled. Included once per target.
#if defined(ATTO_F32_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_LANES_INL
#    undef ATTO_F32_LANES_INL
#  else
#    define ATTO_F32_LANES_INL
#  endif

#  include <hwy/highway.h>

#  include <limits>

#  include "export/runtime/kernels/f32/kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, format::kLanes>;
using V = hn::Vec<D>;
inline constexpr int kVector = static_cast<int>(hn::MaxLanes(D()));  ///< floats in a vector
inline constexpr int kVectors = format::kLanes / kVector;            ///< vectors in a block

/// Keeps a loaded value in a register: GCC would fold the load into each of its uses.
template <class Vector>
HWY_INLINE void in_register([[maybe_unused]] Vector& v) {
#  if HWY_TARGET == HWY_AVX3
  asm("" : "+v"(v.raw));
#  elif HWY_TARGET == HWY_AVX2
  asm("" : "+x"(v.raw));
#  endif
}

/// Loads vector v of a block in which B values repeat: lane l of the block gets p[l mod B].
template <int B>
HWY_INLINE V repeated(const float* HWY_RESTRICT p, int v) {
  const D d;
  if constexpr (B >= kVector) {
    return hn::LoadU(d, p + v * kVector % B);
  } else if constexpr (B == 1) {
    return hn::Set(d, *p);
#  if HWY_TARGET == HWY_AVX3
  } else if constexpr (B == 8) {
    return V{_mm512_broadcast_f32x8(_mm256_loadu_ps(p))};
#  endif
  } else if constexpr (B == 4) {
    return hn::LoadDup128(d, p);
  } else {
    static_assert(B == 2);
#  if HWY_TARGET == HWY_WASM
    return V{wasm_v128_load64_splat(p)};
#  else
    const hn::Repartition<double, D> pairs;
    double pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return hn::BitCast(d, hn::Set(pairs, pair));
#  endif
  }
}

/// The larger of two, b where a is no number, as x86's instructions choose. Highway's for single
/// lanes ask four times for what is none, and its own for WebAssembly take several instructions.
HWY_INLINE V higher(V a, V b) {
#  if HWY_TARGET == HWY_SCALAR
  return V(a.raw > b.raw ? a.raw : b.raw);
#  elif HWY_TARGET == HWY_WASM
  return V{wasm_f32x4_pmax(b.raw, a.raw)};
#  else
  return hn::Max(a, b);
#  endif
}
/// Likewise the smaller.
HWY_INLINE V lower(V a, V b) {
#  if HWY_TARGET == HWY_SCALAR
  return V(a.raw < b.raw ? a.raw : b.raw);
#  elif HWY_TARGET == HWY_WASM
  return V{wasm_f32x4_pmin(b.raw, a.raw)};
#  else
  return hn::Min(a, b);
#  endif
}

HWY_INLINE V clamped(V v, Clamp clamp) {
  const D d;
  return lower(higher(v, hn::Set(d, clamp.low)), hn::Set(d, clamp.high));
}

/// A Clamp, held in registers.
struct Limits {
  HWY_INLINE explicit Limits(Clamp clamp)
      : low(hn::Set(D(), clamp.low)),
        high(hn::Set(D(), clamp.high)),
        has_high(HWY_TARGET == HWY_SCALAR || clamp.high < std::numeric_limits<float>::infinity()) {}
  HWY_INLINE V of(V v) const { return lower(higher(v, low), high); }
  /// Where there is no upper bound a branch takes the place of the minima: they would take the
  /// units of the multiply-adds.
  template <int N>
  HWY_INLINE void clamp(V (&v)[N]) const {
#  pragma GCC unroll 16
    for (int i = 0; i < N; ++i) v[i] = higher(v[i], low);
    if (has_high)
#  pragma GCC unroll 16
      for (int i = 0; i < N; ++i) v[i] = lower(v[i], high);
  }
  V low, high;
  bool has_high;
};

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
