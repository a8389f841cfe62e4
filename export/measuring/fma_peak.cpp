#include "export/measuring/fma_peak.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#  include <immintrin.h>
#elif defined(__aarch64__)
#  include <arm_neon.h>
#endif

namespace atto::measuring {
namespace {

// Latency 4 or 5 times two units: fewer chains would wait for each other.
constexpr int kChains = 12;
constexpr int kRounds = 20;
constexpr long kSteps = 100'000;

/// Runs chains of multiply-adds; `Fma` is one instruction. Returns a value so that all are needed.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) float run_avx512(long steps) {
  const __m512 factor = _mm512_set1_ps(0.999F), term = _mm512_set1_ps(0.001F);
  __m512 sums[kChains];
  for (auto& sum : sums) sum = term;
  for (long i = 0; i < steps; ++i)
#  pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = _mm512_fmadd_ps(sums[c], factor, term);
  float total = 0;
  for (const auto& sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}
__attribute__((target("avx2,fma"))) float run_avx2(long steps) {
  const __m256 factor = _mm256_set1_ps(0.999F), term = _mm256_set1_ps(0.001F);
  __m256 sums[kChains];
  for (auto& sum : sums) sum = term;
  for (long i = 0; i < steps; ++i)
#  pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = _mm256_fmadd_ps(sums[c], factor, term);
  float total = 0;
  for (const auto& sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}
__attribute__((target("avx512f,avx512bf16"))) float run_bf16(long steps) {
  const auto halves = __builtin_bit_cast(__m512bh, _mm512_set1_epi16(0x3f80));
  __m512 sums[kChains];
  for (auto& sum : sums) sum = _mm512_set1_ps(0.001F);
  for (long i = 0; i < steps; ++i)
#  pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = _mm512_dpbf16_ps(sums[c], halves, halves);
  float total = 0;
  for (const auto& sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}
__attribute__((target("avx512f,avx512vnni"))) float run_vnni(long steps) {
  const __m512i bytes = _mm512_set1_epi8(3);
  __m512i sums[kChains];
  for (auto& sum : sums) sum = bytes;
  for (long i = 0; i < steps; ++i)
#  pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = _mm512_dpbusd_epi32(sums[c], bytes, bytes);
  std::int32_t total = 0;
  for (const auto& sum : sums) total ^= _mm512_cvtsi512_si32(sum);
  return static_cast<float>(total);
}
__attribute__((target("avx2"))) float run_avx2_words(long steps) {
  __m256i sums[kChains];
  for (auto& sum : sums) sum = _mm256_set1_epi16(3);
  const __m256i words = _mm256_set1_epi16(3);
  for (long i = 0; i < steps; ++i)
#  pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      __m256i sum = sums[c], product;  // in assembly, or the compiler makes one product for all
      asm("vpmaddwd %2, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sum), "=&x"(product) : "x"(words));
      sums[c] = sum;
    }
  std::int32_t total = 0;
  for (const auto& sum : sums) total ^= _mm256_cvtsi256_si32(sum);
  return static_cast<float>(total);
}
#elif defined(__aarch64__)
float run_neon(long steps) {
  const float32x4_t factor = vdupq_n_f32(0.999F), term = vdupq_n_f32(0.001F);
  float32x4_t sums[kChains];
  for (auto& sum : sums) sum = term;
  for (long i = 0; i < steps; ++i)
#  pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = vfmaq_f32(term, sums[c], factor);
  float total = 0;
  for (const auto& sum : sums) total += vgetq_lane_f32(sum, 0);
  return total;
}
#endif
float run_scalar(long steps) {
  float sums[kChains];
  for (auto& sum : sums) sum = 0.001F;
  for (long i = 0; i < steps; ++i)
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      sums[c] = sums[c] * 0.999F + 0.001F;
      asm volatile("" : "+m"(sums[c]));  // or the compiler makes vectors of it
    }
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

float run_scalar_bytes(long steps) {
  int sums[kChains] = {};
  for (long i = 0; i < steps; ++i) {
    int byte = 3;
    asm volatile("" : "+r"(byte));
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      sums[c] += byte * byte;
      asm volatile("" : "+m"(sums[c]));
    }
  }
  int total = 0;
  for (const int sum : sums) total ^= sum;
  return static_cast<float>(total);
}

struct Probe {
  float (*run)(long);
  int lanes;  ///< multiply-adds of a chain's step
};

Probe probe_of([[maybe_unused]] edge::Level level) {
#if defined(__x86_64__)
  if (level >= edge::Level::Avx512 && level <= edge::Level::Avx512Bf16) return {run_avx512, 16};
  if (level == edge::Level::Avx2) return {run_avx2, 8};
#elif defined(__aarch64__)
  return {run_neon, 4};
#endif
  return {run_scalar, 1};
}

Probe bf16_probe_of(edge::Level level) {
#if defined(__x86_64__)
  if (level == edge::Level::Avx512Bf16) return {run_bf16, 32};
#endif
  return probe_of(level);
}

Probe int8_probe_of([[maybe_unused]] edge::Level level) {
#if defined(__x86_64__)
  if (level == edge::Level::Avx512Vnni || level == edge::Level::Avx512Bf16) return {run_vnni, 64};
  if (level != edge::Level::Scalar) return {run_avx2_words, 16};
#endif
  return {run_scalar_bytes, 1};
}

double measure(const Probe& probe) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  volatile float kept = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    kept = probe.run(kSteps);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 2.0 * kChains * probe.lanes * kSteps / seconds / 1e9);
  }
  (void)kept;
  return best;
}

}  // namespace

double measure_fma_peak(edge::Level level) {
  return measure(probe_of(level));
}
double measure_bf16_peak(edge::Level level) {
  return measure(bf16_probe_of(level));
}
double measure_int8_peak(edge::Level level) {
  return measure(int8_probe_of(level));
}

}  // namespace atto::measuring
