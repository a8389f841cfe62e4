// The kernels in AVX-512. The pragma stands behind every include: no inline function of a header
// may be compiled for a CPU that might not be there.
#if defined(__x86_64__)
#  include <immintrin.h>

#  include "trainer/backend/cpu/kernels.hpp"

#  pragma GCC push_options
#  pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma")

namespace atto::train::cpu {
namespace avx512 {
namespace {

constexpr int kTileRows = 12;
constexpr int kTileVectors = 2;

struct F16 {
  __m512 v;
};
inline __mmask16 first(int lanes) {
  return static_cast<__mmask16>((1U << lanes) - 1U);
}
inline F16 load(const float* p) {
  return {_mm512_loadu_ps(p)};
}
inline F16 load(const float* p, int lanes) {
  return {_mm512_maskz_loadu_ps(first(lanes), p)};
}
inline void store(float* p, F16 a) {
  _mm512_storeu_ps(p, a.v);
}
inline void store(float* p, int lanes, F16 a) {
  _mm512_mask_storeu_ps(p, first(lanes), a.v);
}
inline void stream(float* p, F16 a) {
  _mm512_stream_ps(p, a.v);
}
inline F16 splat(float f) {
  return {_mm512_set1_ps(f)};
}
inline F16 operator+(F16 a, F16 b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline F16 operator-(F16 a, F16 b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline F16 operator*(F16 a, F16 b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline F16 fma(F16 a, F16 b, F16 c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
inline F16 max(F16 a, F16 b) {
  return {_mm512_maskz_max_ps(0xffff, a.v, b.v)};
}
inline F16 min(F16 a, F16 b) {
  return {_mm512_maskz_min_ps(0xffff, a.v, b.v)};
}
inline F16 pick(F16 a, F16 b, F16 x, F16 y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ), y.v, x.v)};
}

#  include "trainer/backend/cpu/kernel_bodies.hpp"

}  // namespace
}  // namespace avx512

const Kernels& avx512_kernels() {
  static constexpr Kernels kTable = avx512::make_table("avx512");
  return kTable;
}

}  // namespace atto::train::cpu

#  pragma GCC pop_options

#endif
