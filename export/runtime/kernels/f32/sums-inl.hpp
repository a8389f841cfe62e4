// The sums of one convolution tile in float, kept in registers: how they begin, how a channel of
// its pixels is added, how they end.
#if defined(ATTO_F32_SUMS_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_SUMS_INL
#    undef ATTO_F32_SUMS_INL
#  else
#    define ATTO_F32_SUMS_INL
#  endif

#  include <utility>

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

// Accumulators must fit the registers: AVX-512 8 x 2 of 32, AVX2 6 x 2 of 16, NEON 5 x 4 of 32,
// WebAssembly 2 x 4 of the 16 that an x86 has.
// Two channels a round on AVX-512: 8 rounds for a block in place of 16 make tiles of 32 channels
// 1.09 times as fast on a Zen 4, of 256 1.01 times; 4 rounds less so.
#  if HWY_TARGET == HWY_AVX3
inline constexpr int kMaxPixels = 8, kPanelBlocks = 2, kMinUnroll = 2;
#  elif HWY_TARGET == HWY_AVX2
inline constexpr int kMaxPixels = 6, kPanelBlocks = 1, kMinUnroll = 4;
#  elif HWY_TARGET == HWY_NEON
inline constexpr int kMaxPixels = 5, kPanelBlocks = 1, kMinUnroll = 2;
#  elif HWY_TARGET == HWY_WASM
inline constexpr int kMaxPixels = 2, kPanelBlocks = 1, kMinUnroll = 1;
#  else
inline constexpr int kMaxPixels = 1, kPanelBlocks = 1, kMinUnroll = 1;
#  endif

/// P pixels x N vectors of sums. Few sums would wait for each other's latency, so they come in more
/// than one set, taken in turn.
template <int P, int N>
struct Sums {
  static constexpr int kSets = P * N <= 2 ? 4 : P * N <= 6 ? 2 : 1;
  V v[kSets][P * N];    ///< [pixel][vector]
  HWY_INLINE Sums() {}  // an implicit one would not have the target's instructions
};

/// Begins with the bias.
template <int P, int N>
HWY_INLINE void start(Sums<P, N>& sums, const float* bias) {
  const D d;
#  pragma GCC unroll 16
  for (int j = 0; j < N; ++j) {
    const V b = hn::LoadU(d, bias + j * kVector);
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i) sums.v[0][i * N + j] = b;
  }
#  pragma GCC unroll 16
  for (int s = 1; s < Sums<P, N>::kSets; ++s)
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i)
#  pragma GCC unroll 16
      for (int j = 0; j < N; ++j) sums.v[s][i * N + j] = hn::Zero(d);
}

/// Source bytes between neighbouring pixels, times 1, 3, 5 and 7: with them every pixel of a tile
/// is one address (base + 1, 2 or 4 times an index) away.
struct Pitch {
  std::ptrdiff_t one, three, five, seven;
};

HWY_INLINE Pitch pitch_of(std::ptrdiff_t floats) {
  Pitch pitch{4 * floats, 12 * floats, 20 * floats, 28 * floats};
#  if HWY_ARCH_X86
  // Unknown to the compiler, which would make pointers of its own and run out of registers.
  asm("" : "+r"(pitch.one), "+r"(pitch.three), "+r"(pitch.five), "+r"(pitch.seven));
#  endif
  return pitch;
}

/// Returns pixel I of a tile whose pixel 0 is at p.
template <int I>
HWY_INLINE const float* pixel_at(const float* p, const Pitch& pitch) {
  static_assert(I < 8);
  const auto* bytes = reinterpret_cast<const char*>(p);
  constexpr int kFactors[8] = {0, 1, 2, 1, 4, 1, 2, 1};
  const std::ptrdiff_t step = I == 3 || I == 6 ? pitch.three
                              : I == 5         ? pitch.five
                              : I == 7         ? pitch.seven
                                               : pitch.one;
  return reinterpret_cast<const float*>(bytes + kFactors[I] * step);
}

/// Adds channel c of a pixel.
template <int I, int P, int N>
HWY_INLINE void add_pixel(Sums<P, N>& sums, int set, const float* p, const Pitch& pitch, int c,
                          const V (&weights)[N]) {
  const float& value = pixel_at<I>(p, pitch)[c];
  V* const of = sums.v[set] + I * N;
  V x;
#  if HWY_TARGET == HWY_AVX2
  // As one piece: GCC loads values early, runs out of registers and moves sums around.
  if constexpr (N == 2)
    asm("vbroadcastss %3, %2\n\tvfmadd231ps %4, %2, %0\n\tvfmadd231ps %5, %2, %1"
        : "+x"(of[0].raw), "+x"(of[1].raw), "=&x"(x.raw)
        : "m"(value), "x"(weights[0].raw), "x"(weights[1].raw));
  else
    asm("vbroadcastss %2, %1\n\tvfmadd231ps %3, %1, %0"
        : "+x"(of[0].raw), "=&x"(x.raw)
        : "m"(value), "x"(weights[0].raw));
  static_assert(N <= 2);
#  else
  x = hn::Set(D(), value);
  if constexpr (N > 1) in_register(x);  // else an operand of its only product
#    pragma GCC unroll 16
  for (int j = 0; j < N; ++j) of[j] = hn::MulAdd(x, weights[j], of[j]);
#  endif
}

/// Adds channel c of all pixels.
template <int P, int N, int... I>
HWY_INLINE void add_channel(Sums<P, N>& sums, int set, const float* p, const Pitch& pitch, int c,
                            const float* HWY_RESTRICT w, std::ptrdiff_t weight_step,
                            std::integer_sequence<int, I...> /*pixels*/) {
  const D d;
  V weights[N];
#  pragma GCC unroll 16
  for (int j = 0; j < N; ++j)
    weights[j] = hn::LoadU(d, w + j / kVectors * weight_step + j % kVectors * kVector);
  (add_pixel<I>(sums, set, p, pitch, c, weights), ...);
}

/// Brings what is read 16 channels later into the first-level cache: its lines lie too far apart
/// for the CPU to foresee.
template <int... I>
HWY_INLINE void fetch_pixels(const float* p, const Pitch& pitch,
                             std::integer_sequence<int, I...> /*pixels*/) {
  (__builtin_prefetch(pixel_at<I>(p, pitch), 0, 3), ...);
}

/// Clamps, joins and stores. What the panel says is read first: to the compiler every store may
/// change it.
template <int P, int N>
HWY_INLINE void finish(Sums<P, N>& sums, const ConvPanel& panel, const Tile& tile) {
  const D d;
#  pragma GCC unroll 16
  for (int s = 1; s < Sums<P, N>::kSets; ++s)
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i)
#  pragma GCC unroll 16
      for (int j = 0; j < N; ++j)
        sums.v[0][i * N + j] = hn::Add(sums.v[0][i * N + j], sums.v[s][i * N + j]);
  Limits(panel.clamp).clamp(sums.v[0]);
  if (panel.residual != nullptr) {
    const Limits joined(panel.joined);
    const float* residual = panel.residual;
    const std::ptrdiff_t step = panel.residual_step;
    const std::uint32_t* HWY_RESTRICT from = panel.residual_offset + tile.pixel;
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i)
#  pragma GCC unroll 16
      for (int j = 0; j < N; ++j) {
        const V other =
            hn::LoadU(d, residual + from[i] + j / kVectors * step + j % kVectors * kVector);
        sums.v[0][i * N + j] = joined.of(hn::Add(sums.v[0][i * N + j], other));
      }
  }
  float* dst = panel.dst;
  const std::ptrdiff_t step = panel.dst_step;
  const std::uint32_t* HWY_RESTRICT to = panel.dst_offset + tile.pixel;
#  pragma GCC unroll 16
  for (int i = 0; i < P; ++i) {
    float* pixel = dst + to[i];
#  pragma GCC unroll 16
    for (int j = 0; j < N; ++j)
      hn::StoreU(sums.v[0][i * N + j], d, pixel + j / kVectors * step + j % kVectors * kVector);
#  pragma GCC unroll 4
    for (int j = N; j < kVectors; ++j) hn::StoreU(hn::Zero(d), d, pixel + j * kVector);
  }
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
