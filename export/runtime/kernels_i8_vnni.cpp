// Int8 convolutions with vpdpbusd: 4 channels of 16 outputs an instruction.
#if defined(__x86_64__)
#  include <algorithm>
#  include <cstring>
#  include <utility>

#  include "export/runtime/avx512.hpp"
#  include "export/runtime/i8_plain.hpp"

namespace atto::edge {
namespace {

#  define ATTO_VNNI ATTO_AVX512("avx512vnni")
#  define ATTO_VNNI_INLINE ATTO_VNNI inline __attribute__((always_inline))

constexpr int kPixels = 8;

/// Keeps a loaded value in a register: GCC would fold the load into each of its uses.
ATTO_VNNI_INLINE void in_register([[maybe_unused]] __m512i& x) {
#  ifndef ATTO_EMULATED_AVX512
  asm("" : "+v"(x));
#  endif
}

/// Adds products of four bytes each. As an instruction in place: with the intrinsic GCC copies sums
/// from register to register, and some to memory.
ATTO_VNNI_INLINE void add_products(__m512i& sums, __m512i x, __m512i weights) {
#  ifdef ATTO_EMULATED_AVX512
  sums = _mm512_dpbusd_epi32(sums, x, weights);
#  else
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(weights));
#  endif
}

ATTO_VNNI_INLINE __m512 clamped(__m512 x, Clamp clamp) {
  return _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(clamp.low)), _mm512_set1_ps(clamp.high));
}

/// What turns the sums of a block into bytes.
struct Rounding {
  const I8Finish& how;
  __m512 multipliers;
  __m512i zero_point, low, high;
  bool is_plain;  ///< to [0, 255], as packing saturates, without a zero point
};
ATTO_VNNI_INLINE Rounding rounding_of(const I8Finish& how, const float* multipliers) {
  return {how,
          _mm512_loadu_ps(multipliers),
          _mm512_set1_epi16(static_cast<short>(how.zero_point)),
          _mm512_set1_epi8(static_cast<char>(how.low)),
          _mm512_set1_epi8(static_cast<char>(how.high)),
          how.zero_point == 0 && how.low == 0 && how.high == 255};
}

/// One pixel; `residual` null for none.
ATTO_VNNI_INLINE __m512i rounded(__m512i sums, const Rounding& by, const std::uint8_t* residual) {
  __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), by.multipliers);
  if (residual != nullptr) {
    const __m512i r = _mm512_sub_epi32(
        _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(residual))),
        _mm512_set1_epi32(by.how.residual_zero));
    x = _mm512_add_ps(clamped(x, by.how.clamp),
                      _mm512_mul_ps(_mm512_cvtepi32_ps(r), _mm512_set1_ps(by.how.residual_factor)));
  }
  return _mm512_cvtps_epi32(x);
}

/// Rounds and stores N <= 4 pixels side by side. Packing leaves the pixels' quads of channels
/// beside each other: 0a 1a 2a 3a | 0b 1b .. becomes 0a 0b 0c 0d | 1a ..
template <int N>
ATTO_VNNI_INLINE void finish(const __m512i* sums, const Rounding& by, const std::uint8_t* residual,
                             std::uint8_t* dst) {
  __m512i x[4];
#  pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    x[i] = i >= N ? x[0]
                  : rounded(sums[i], by,
                            residual == nullptr ? nullptr : residual + i * format::kLanes);
  __m512i first = _mm512_packs_epi32(x[0], x[1]);
  __m512i second = N < 3 ? first : _mm512_packs_epi32(x[2], x[3]);
  if (!by.is_plain) {
    first = _mm512_adds_epi16(first, by.zero_point);
    second = _mm512_adds_epi16(second, by.zero_point);
  }
  __m512i bytes = _mm512_packus_epi16(first, second);
  if (!by.is_plain) bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, by.low), by.high);
  const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  bytes = _mm512_permutexvar_epi32(order, bytes);
  if (N == 4) return _mm512_storeu_si512(dst, bytes);
  if (N >= 2) _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst), _mm512_castsi512_si256(bytes));
  if (N == 3)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst) + 2, _mm512_extracti32x4_epi32(bytes, 2));
  if (N == 1) _mm_storeu_si128(reinterpret_cast<__m128i*>(dst), _mm512_castsi512_si128(bytes));
}

/// Pixels of one block of a panel.
ATTO_VNNI_INLINE void finish_pixels(const __m512i* sums, int pixels, const I8Panel& panel,
                                    std::size_t pixel, int block) {
  const Rounding by = rounding_of(panel.finish, panel.finish.multipliers + block * format::kLanes);
  const std::uint8_t* residual =
      panel.residual == nullptr
          ? nullptr
          : panel.residual + block * panel.residual_step + panel.residual_offset[pixel];
  std::uint8_t* dst = panel.dst + block * panel.dst_step + panel.dst_offset[pixel];
  if (pixels >= 4) {
    finish<4>(sums, by, residual, dst);
    if (pixels == 4) return;
    if (residual != nullptr) residual += 4 * format::kLanes;
    sums += 4;
    dst += 4 * format::kLanes;
    pixels -= 4;
  }
  if (pixels == 4) return finish<4>(sums, by, residual, dst);
  if (pixels == 3) return finish<3>(sums, by, residual, dst);
  if (pixels == 2) return finish<2>(sums, by, residual, dst);
  finish<1>(sums, by, residual, dst);
}
[[gnu::noinline]] ATTO_VNNI void finish_few(const __m512i* sums, int pixels, const I8Panel& panel,
                                            std::size_t pixel, int block) {
  finish_pixels(sums, pixels, panel, pixel, block);
}

/// P pixels of one block of a panel, from registers where the tile is large enough to be frequent.
template <int P>
ATTO_VNNI_INLINE void finish_tile(const __m512i* sums, const I8Panel& panel, std::size_t pixel,
                                  int block) {
  if constexpr (P >= kPixels - 1) return finish_pixels(sums, P, panel, pixel, block);
  __m512i in_memory[P];
  for (int i = 0; i < P; ++i) in_memory[i] = sums[i];
  finish_few(in_memory, P, panel, pixel, block);
}

template <int P, int OB>
ATTO_VNNI_INLINE void add_quad(__m512i (&sums)[OB][P], const std::uint8_t* src,
                               std::ptrdiff_t pitch, const std::int8_t* w, std::ptrdiff_t step) {
  __m512i weights[OB];
  for (int j = 0; j < OB; ++j) weights[j] = _mm512_loadu_si512(w + j * step);
  for (int i = 0; i < P; ++i) {
    std::int32_t four;
    std::memcpy(&four, src + i * pitch, 4);
    __m512i x = _mm512_set1_epi32(four);
    in_register(x);  // one broadcast for both blocks
    for (int j = 0; j < OB; ++j) add_products(sums[j][i], x, weights[j]);
  }
}

template <int P, int OB>
ATTO_VNNI_INLINE void conv_tile(const I8Panel& panel, std::size_t t) {
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset;
  __m512i sums[OB][P];
#  pragma GCC unroll 2
  for (int j = 0; j < OB; ++j)
#  pragma GCC unroll 8
    for (int i = 0; i < P; ++i) sums[j][i] = _mm512_loadu_si512(bias + j * format::kLanes);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w =
      panel.weights + std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * 64;
  const std::ptrdiff_t pitch = panel.pixel_step;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      const std::uint8_t* p = tap;
      for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step, w += 256)
        for (int q = 0; q < 4; ++q)
          add_quad<P, OB>(sums, p + q * 4, pitch, w + q * 64, panel.weight_step);
      for (int q = 0; q < panel.last_quads; ++q, w += 64)
        add_quad<P, OB>(sums, p + q * 4, pitch, w, panel.weight_step);
    }
  }
#  pragma GCC unroll 2
  for (int j = 0; j < OB; ++j) finish_tile<P>(sums[j], panel, tile.pixel, j);
}

/// Puts the quads of a pixel's groups side by side.
ATTO_VNNI void arrange_groups(std::byte* dst, const std::uint8_t* src, std::size_t count,
                              int interleave, int together) {
  std::uint8_t from[64];
  const int groups = together == 1 ? 8 : 2;
  for (int i = 0; i < 64; ++i)
    from[i] = static_cast<std::uint8_t>(
        i8::quad_byte(i / (4 * groups) % together, i % 4, i / 4 % groups, interleave));
  const __m512i order = _mm512_loadu_si512(from);
  std::size_t i = 0;
  if (together == 2)  // four pixels at once
    for (; i + 64 <= count; i += 64)
      _mm512_storeu_si512(dst + i, _mm512_shuffle_epi8(_mm512_loadu_si512(src + i), order));
  for (; i < count; i += format::kLanes) {
    const __m512i pixel =
        _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i)));
    const __m512i arranged = _mm512_shuffle_epi8(pixel, order);
    if (together == 1)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + 2 * i),
                          _mm512_castsi512_si256(arranged));
    else
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), _mm512_castsi512_si128(arranged));
  }
}

/// Loads what the lanes read of an arranged pixel: quad q of the group of each.
template <int Q>
ATTO_VNNI_INLINE __m512i quads_of(const std::uint8_t* pixel, int q) {
  if constexpr (Q == 1)
    return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(pixel)));
  std::int64_t two;
  std::memcpy(&two, pixel + 8 * q, sizeof two);
  return _mm512_set1_epi64(two);
}

/// Adds a quad of interleaved groups, the q-th of its arranged block.
template <int P, int Q>
ATTO_VNNI_INLINE void add_groups(__m512i (&sums)[P], const std::uint8_t* block,
                                 std::ptrdiff_t pitch, int q, const std::int8_t* w) {
  const __m512i weights = _mm512_loadu_si512(w);
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i) add_products(sums[i], quads_of<Q>(block + i * pitch, q), weights);
}

/// Interleaved groups, Q quads of which lie side by side in every block.
template <int P, int Q>
ATTO_VNNI_INLINE void grouped_tile(const I8Panel& panel, std::size_t t) {
  const Tile& tile = panel.tiles[t];
  const __m512i bias = _mm512_loadu_si512(panel.tile_bias[t] + panel.bias_offset);
  __m512i sums[P];
#  pragma GCC unroll 8
  for (int i = 0; i < P; ++i) sums[i] = bias;
  const int quads = panel.last_quads;
  const std::int8_t* w =
      panel.weights + std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * 64;
  const std::ptrdiff_t pitch = panel.pixel_step;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      const std::uint8_t* block = tap;
      for (int left = quads; left > 0; left -= Q, block += panel.block_step, w += 64) {
        add_groups<P, Q>(sums, block, pitch, 0, w);
        if (Q == 1 || left == 1) continue;
        add_groups<P, Q>(sums, block, pitch, 1, w += 64);
      }
    }
  }
  finish_tile<P>(sums, panel, tile.pixel, 0);
}

/// Tiles [begin, end) of P pixels: many in one call, which sets up once.
template <int P, int OB>
ATTO_VNNI void conv_tiles(const I8Panel& panel, std::size_t begin, std::size_t end) {
  for (std::size_t t = begin; t < end; ++t) conv_tile<P, OB>(panel, t);
}
template <int P, int Q>
ATTO_VNNI void grouped_tiles(const I8Panel& panel, std::size_t begin, std::size_t end) {
  for (std::size_t t = begin; t < end; ++t) grouped_tile<P, Q>(panel, t);
}

using Tiles = void (*)(const I8Panel&, std::size_t, std::size_t);

/// Tiles of two or three pixels, which only rows of as many have, are made pixel by pixel.
[[gnu::noinline]] void pixel_by_pixel(const I8Panel& panel, std::size_t begin, std::size_t end,
                                      Tiles single) {
  i8::pixel_by_pixel(panel, begin, end, [=](const I8Panel& pixel) { single(pixel, 0, 1); });
}
template <Tiles Single>
void small_tiles(const I8Panel& panel, std::size_t begin, std::size_t end) {
  pixel_by_pixel(panel, begin, end, Single);
}

template <int B>
constexpr Tiles kTiles[kPixels] = {conv_tiles<1, B>,
                                   small_tiles<conv_tiles<1, B>>,
                                   small_tiles<conv_tiles<1, B>>,
                                   conv_tiles<4, B>,
                                   conv_tiles<5, B>,
                                   conv_tiles<6, B>,
                                   conv_tiles<7, B>,
                                   conv_tiles<8, B>};
template <int Q>
constexpr Tiles kGroupedTiles[kPixels] = {grouped_tiles<1, Q>,
                                          small_tiles<grouped_tiles<1, Q>>,
                                          small_tiles<grouped_tiles<1, Q>>,
                                          grouped_tiles<4, Q>,
                                          grouped_tiles<5, Q>,
                                          grouped_tiles<6, Q>,
                                          grouped_tiles<7, Q>,
                                          grouped_tiles<8, Q>};

void conv(const I8Panel& panel) {
  const Tiles* const tiles =
      panel.interleave > 1
          ? (i8_arranged_quads(panel.interleave, panel.last_quads) == 1 ? kGroupedTiles<1>
                                                                        : kGroupedTiles<2>)
          : (panel.blocks == 1 ? kTiles<1> : kTiles<2>);
  for (std::size_t t = 0; t < panel.tile_count;) {
    const std::size_t end = i8::end_of_run(panel, t);
    tiles[panel.tiles[t].pixels - 1](panel, t, end);
    t = end;
  }
}

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
  const Rounding by = rounding_of(of.finish, of.finish.multipliers);
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

using DepthwiseBlock = void (*)(const I8DepthwiseBlock&);
template <bool HasVbmi>
constexpr DepthwiseBlock kDepthwiseBlocks[3][2] = {
    {depthwise_block_of<3, 1, HasVbmi>, depthwise_block_of<3, 2, HasVbmi>},
    {depthwise_block_of<5, 1, HasVbmi>, depthwise_block_of<5, 2, HasVbmi>},
    {depthwise_block_of<7, 1, HasVbmi>, depthwise_block_of<7, 2, HasVbmi>}};
template <bool HasVbmi>
void depthwise_block(const I8DepthwiseBlock& of) {
  kDepthwiseBlocks<HasVbmi>[of.kernel / 2 - 1][of.stride - 1](of);
}

}  // namespace

const I8Kernels& i8_vnni_kernels() {
  static const I8Kernels kVnni = [] {
    I8Kernels kernels = i8_avx2_kernels();
    kernels.max_pixels = kPixels;
    kernels.conv = conv;
    kernels.words = {};
    kernels.arrange_groups = arrange_groups;
    kernels.depthwise_block = depthwise_block<false>;
#  ifndef ATTO_EMULATED_AVX512
    if (__builtin_cpu_supports("avx512vbmi")) kernels.depthwise_block = depthwise_block<true>;
#  endif
    return kernels;
  }();
  return kVnni;
}

}  // namespace atto::edge
#endif
