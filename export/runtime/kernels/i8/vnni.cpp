// Int8 convolutions with vpdpbusd: 4 channels of 16 outputs an instruction.
#if defined(__x86_64__)
#  include "export/runtime/kernels/i8/vnni.hpp"

#  include <cstring>

#  include "export/runtime/kernels/i8/plain.hpp"

namespace atto::edge {
namespace vnni {
namespace {

constexpr int kPixels = 8;

/// Keeps a loaded value in a register: GCC would fold the load into each of its uses.
ATTO_VNNI_INLINE void in_register([[maybe_unused]] __m512i& x) {
#  ifndef ATTO_EMULATED_AVX512
  asm("" : "+v"(x));
#  endif
}

/// Pixels of one block of a panel.
ATTO_VNNI_INLINE void finish_pixels(const __m512i* sums, int pixels, const I8Panel& panel,
                                    std::size_t pixel, int block) {
  const Rounding by =
      rounding_of(panel.requantisation, panel.requantisation.multipliers + block * format::kLanes);
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
  i8::arranged_bytes_of(interleave, together, from);
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

#  ifndef ATTO_EMULATED_AVX512
/// VBMI looks 64 bytes up in half a table at once.
ATTO_AVX512("avx512vbmi") void table_row(const I8TableRow& row) {
  constexpr std::size_t kBytes = 64;
  __m512i quarters[4];
  for (std::size_t q = 0; q < 4; ++q) quarters[q] = _mm512_loadu_si512(row.table + q * kBytes);
  for (std::size_t i = 0; i < row.count; i += kBytes) {
    const std::size_t left = row.count - i;
    const __mmask64 there = left < kBytes ? (__mmask64{1} << left) - 1 : ~__mmask64{0};
    const __m512i bytes = _mm512_maskz_loadu_epi8(there, row.src + i);
    const __m512i low = _mm512_permutex2var_epi8(quarters[0], bytes, quarters[1]);
    const __m512i high = _mm512_permutex2var_epi8(quarters[2], bytes, quarters[3]);
    const __m512i found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high);
    if (left < kBytes)
      _mm512_mask_storeu_epi8(row.dst + i, there, found);
    else
      _mm512_storeu_si512(row.dst + i, found);
  }
}
#  endif

}  // namespace
}  // namespace vnni

const I8Kernels& i8_vnni_kernels() {
  static const I8Kernels kVnni = [] {
    I8Kernels kernels = i8_avx2_kernels();
    kernels.max_pixels = vnni::kPixels;
    kernels.conv = vnni::conv;
    kernels.words = {};
    kernels.arrange_groups = vnni::arrange_groups;
    kernels.depthwise_block = vnni::depthwise_block();
#  ifndef ATTO_EMULATED_AVX512
    if (__builtin_cpu_supports("avx512vbmi")) kernels.table_row = vnni::table_row;
#  endif
    return kernels;
  }();
  return kVnni;
}

}  // namespace atto::edge
#endif
