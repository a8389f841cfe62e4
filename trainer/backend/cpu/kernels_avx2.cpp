// The kernels in AVX2 and FMA. The pragma stands behind every include, as in kernels_avx512.cpp.
#if defined(__x86_64__)
#  include <immintrin.h>

#  include "trainer/backend/cpu/kernels.hpp"

#  pragma GCC push_options
#  pragma GCC target("avx2,fma")

namespace atto::train::cpu {
namespace avx2 {
namespace {

constexpr int kTileRows = 6;
constexpr int kTileVectors = 1;

struct F16 {
  __m256 a, b;
};
inline F16 load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline __m256i first(int lanes) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline F16 load(const float* p, int lanes) {
  return {_mm256_maskload_ps(p, first(lanes)), _mm256_maskload_ps(p + 8, first(lanes - 8))};
}
inline void store(float* p, F16 v) {
  _mm256_storeu_ps(p, v.a);
  _mm256_storeu_ps(p + 8, v.b);
}
inline void store(float* p, int lanes, F16 v) {
  _mm256_maskstore_ps(p, first(lanes), v.a);
  _mm256_maskstore_ps(p + 8, first(lanes - 8), v.b);
}
inline void stream(float* p, F16 v) {
  _mm256_stream_ps(p, v.a);
  _mm256_stream_ps(p + 8, v.b);
}
inline F16 splat(float f) {
  return {_mm256_set1_ps(f), _mm256_set1_ps(f)};
}
inline F16 operator+(F16 x, F16 y) {
  return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}
inline F16 operator-(F16 x, F16 y) {
  return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}
inline F16 operator*(F16 x, F16 y) {
  return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}
inline F16 fma(F16 x, F16 y, F16 z) {
  return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
inline F16 max(F16 x, F16 y) {
  return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}
inline F16 min(F16 x, F16 y) {
  return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)};
}
inline F16 pick(F16 p, F16 q, F16 x, F16 y) {
  return {_mm256_blendv_ps(y.a, x.a, _mm256_cmp_ps(p.a, q.a, _CMP_GT_OQ)),
          _mm256_blendv_ps(y.b, x.b, _mm256_cmp_ps(p.b, q.b, _CMP_GT_OQ))};
}

#  include "trainer/backend/cpu/kernel_bodies.hpp"

}  // namespace
}  // namespace avx2

const Kernels& avx2_kernels() {
  static constexpr Kernels kTable = avx2::make_table("avx2");
  return kTable;
}

}  // namespace atto::train::cpu

#  pragma GCC pop_options

#endif
