// Int8 depthwise convolutions with vpdpbusd: 4 taps of 16 channels an instruction.
#if defined(__x86_64__)
#  include <algorithm>
#  include <utility>

#  include "export/runtime/kernels/i8/vnni.hpp"

namespace atto::edge::vnni {
namespace {

/// [4 pixels or taps][16 channels] -> [16 channels][4]: dwords by channel quad, then bytes; with
/// VBMI's instruction at once.
template <bool HasVbmi>
struct ByChannel {
  __m512i order, quads;
};
template <bool HasVbmi>
ATTO_VNNI_INLINE ByChannel<HasVbmi> by_channel() {
  const __m512i turned =
      _mm512_broadcast_i32x4(_mm_set_epi8(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0));
  if constexpr (!HasVbmi)
    return {turned, _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0)};
  // Byte 4 c + i is byte 16 i + c.
  std::uint8_t from[64];
  for (int i = 0; i < 64; ++i) from[i] = static_cast<std::uint8_t>(i % 4 * format::kLanes + i / 4);
  return {_mm512_loadu_si512(from), turned};
}
template <bool HasVbmi>
ATTO_VNNI_INLINE __m512i arranged(__m512i four, const ByChannel<HasVbmi>& by) {
#  ifndef ATTO_EMULATED_AVX512
  if constexpr (HasVbmi) {
    __m512i all;
    asm("vpermb %2, %1, %0" : "=v"(all) : "v"(by.order), "v"(four));
    return all;
  }
#  endif
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(by.quads, four), by.order);
}

/// Four outputs of a block. At stride 1 the four pixels of a vector serve two neighbours, whose
/// weights are one tap apart. Reads up to 3 pixels more than the window has, and multiplies them by
/// zero.
template <int K, int Stride>
struct DepthwiseWindow {
  static constexpr int kSharing = Stride == 1 ? 2 : 1;  ///< outputs of a vector
  static constexpr int kGroups = (K + kSharing + 2) / 4;
  __m512i weights[K][kGroups][kSharing];
};

template <int K, int Stride, bool HasVbmi>
ATTO_VNNI_INLINE void read_window(DepthwiseWindow<K, Stride>& window, const std::int8_t* weights,
                                  const ByChannel<HasVbmi>& by) {
  using Window = DepthwiseWindow<K, Stride>;
#  pragma GCC unroll 1
  for (int ky = 0; ky < K; ++ky) {
    const std::int8_t* w = weights + ky * K * format::kLanes;
    for (int g = 0; g < Window::kGroups; ++g)
      for (int s = 0; s < Window::kSharing; ++s) {
        const int first = 4 * g - s;  // the tap that meets pixel 4 g
        const int begin = first < 0 ? -first : 0, end = K - first < 4 ? K - first : 4;
        const auto mask =
            static_cast<__mmask64>((~std::uint64_t{0} >> (64 - end * format::kLanes)) &
                                   (~std::uint64_t{0} << (begin * format::kLanes)));
        window.weights[ky][g][s] =
            arranged(_mm512_maskz_loadu_epi8(mask, w + first * format::kLanes), by);
      }
  }
}

/// Adds what taps 4 G to 4 G + 3 of a row of the window give to the outputs of vector V.
template <int V, int G, int K, int Stride, bool HasVbmi>
ATTO_VNNI_INLINE void add_taps(__m512i (&sums)[4], const std::uint8_t* line, int ky,
                               const DepthwiseWindow<K, Stride>& window,
                               const ByChannel<HasVbmi>& by) {
  constexpr int kSharing = DepthwiseWindow<K, Stride>::kSharing;
  const __m512i four =
      arranged(_mm512_loadu_si512(line + (V * kSharing * Stride + 4 * G) * format::kLanes), by);
  add_products(sums[V * kSharing], four, window.weights[ky][G][0]);
  if constexpr (kSharing == 2) add_products(sums[V * 2 + 1], four, window.weights[ky][G][1]);
}
template <int K, int Stride, bool HasVbmi, int... I>
ATTO_VNNI_INLINE void add_row(__m512i (&sums)[4], const std::uint8_t* line, int ky,
                              const DepthwiseWindow<K, Stride>& window,
                              const ByChannel<HasVbmi>& by,
                              std::integer_sequence<int, I...> /*vectors and groups*/) {
  constexpr int kGroups = DepthwiseWindow<K, Stride>::kGroups;
  (add_taps<I / kGroups, I % kGroups>(sums, line, ky, window, by), ...);
}
/// `row` is where the window begins; bit ky of `rows`: its row ky lies in the map. Without a loop
/// most weights stay in registers.
template <int K, int Stride, bool HasVbmi, int... Ky>
ATTO_VNNI_INLINE void add_rows(__m512i (&sums)[4], const std::uint8_t* row, std::ptrdiff_t row_step,
                               unsigned rows, const DepthwiseWindow<K, Stride>& window,
                               const ByChannel<HasVbmi>& by,
                               std::integer_sequence<int, Ky...> /*of the window*/) {
  using Window = DepthwiseWindow<K, Stride>;
  constexpr std::make_integer_sequence<int, 4 / Window::kSharing * Window::kGroups> kAll;
  ((rows >> Ky & 1 ? add_row(sums, row + Ky * row_step, Ky, window, by, kAll) : void()), ...);
}

template <int K, int Stride, bool HasVbmi>
ATTO_VNNI void depthwise_block_of(const I8DepthwiseBlock& of) {
  using Window = DepthwiseWindow<K, Stride>;
  const ByChannel by_channels = by_channel<HasVbmi>();
  Window window;
  read_window(window, of.weights, by_channels);
  const Rounding by = rounding_of(of.requantisation, of.requantisation.multipliers);
  for (int y = of.first; y < of.end; ++y) {
    const int first = y * Stride - of.pad;
    const int begin = std::clamp(-first, 0, K), end = std::clamp(of.in_height - first, 0, K);
    const __m512i bias = _mm512_loadu_si512(of.bias[y] + of.bias_offset);
    const unsigned rows = (1U << std::max(end, begin)) - (1U << begin);
    const std::uint8_t* line = of.src + std::ptrdiff_t{y} * Stride * of.row_step;
    for (int x = 0; x < of.width; x += 4) {
      const std::ptrdiff_t at = std::ptrdiff_t{std::min(x, of.width - 4)} * format::kLanes;
      __m512i sums[4] = {bias, bias, bias, bias};
      add_rows(sums, line + at * Stride, of.row_step, rows, window, by_channels,
               std::make_integer_sequence<int, K>());
      const __m512i ended[4] = {sums[0], sums[1], sums[2], sums[3]};  // else kept in memory
      finish<4>(ended, by,
                of.residual == nullptr ? nullptr : of.residual + y * of.residual_step + at,
                of.dst + y * of.dst_step + at);
    }
  }
}

template <bool HasVbmi>
constexpr DepthwiseBlock kDepthwiseBlocks[3][2] = {
    {depthwise_block_of<3, 1, HasVbmi>, depthwise_block_of<3, 2, HasVbmi>},
    {depthwise_block_of<5, 1, HasVbmi>, depthwise_block_of<5, 2, HasVbmi>},
    {depthwise_block_of<7, 1, HasVbmi>, depthwise_block_of<7, 2, HasVbmi>}};
template <bool HasVbmi>
void run_block(const I8DepthwiseBlock& of) {
  kDepthwiseBlocks<HasVbmi>[of.kernel / 2 - 1][of.stride - 1](of);
}

}  // namespace

DepthwiseBlock depthwise_block() {
#  ifndef ATTO_EMULATED_AVX512
  if (__builtin_cpu_supports("avx512vbmi")) return run_block<true>;
#  endif
  return run_block<false>;
}

}  // namespace atto::edge::vnni
#endif
