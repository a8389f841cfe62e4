// Int8 convolutions with vpmaddwd: both halves of a quad of channels widened to 16 bits, because
// vpmaddubsw would saturate.
//
//   a quad's 32 bits:  c0 c1 c2 c3     even = c0 c2, odd = c1 c3 as 16-bit words
//   sum of a lane     += even x even + odd x odd
//
// What tiles read is widened before, in the scratch memory:
//   a quad of a pixel:  its even words, its odd words
//   a quad's weights:   even words of 16 lanes, odd words of 16 lanes
#if defined(__x86_64__)
#  include "export/runtime/kernels/i8/avx2.hpp"
#  include "export/runtime/kernels/i8/plain.hpp"

namespace atto::edge::avx2 {
namespace {

/// Four bytes for every lane. In assembly, or GCC loads eight at once and takes them apart.
ATTO_AVX2_INLINE __m256i every_lane(const std::uint8_t* from) {
  __m256i lanes;
  asm("vpbroadcastd %1, %0" : "=x"(lanes) : "m"(*reinterpret_cast<const std::uint8_t(*)[4]>(from)));
  return lanes;
}

template <int P>
ATTO_AVX2_INLINE void finish_tile(const __m256i (&sums)[P][2], const I8Panel& panel,
                                  std::size_t pixel, int block) {
  const Rounding by =
      rounding_of(panel.requantisation, panel.requantisation.multipliers + block * format::kLanes);
  const std::uint8_t* residual =
      panel.residual == nullptr
          ? nullptr
          : panel.residual + block * panel.residual_step + panel.residual_offset[pixel];
  std::uint8_t* dst = panel.dst + block * panel.dst_step + panel.dst_offset[pixel];
  for (int i = 0; i < P; i += 2, dst += 2 * format::kLanes) {
    __m256i words[2];
    for (int k = 0; k < 2; ++k) {
      const int at = i + k < P ? i + k : i;
      const std::uint8_t* r = residual == nullptr ? nullptr : residual + at * format::kLanes;
      words[k] = _mm256_packs_epi32(
          rounded(sums[at][0], by.multipliers[0], panel.requantisation, r),
          rounded(sums[at][1], by.multipliers[1], panel.requantisation, r == nullptr ? r : r + 8));
    }
    store(dst, in_order(to_bytes(words[0], words[1], by)), i + 1 < P ? 2 : 1);
  }
}

/// Four channels of 16 outputs.
struct QuadWeights {
  __m256i even[2], odd[2];
};
ATTO_AVX2_INLINE QuadWeights widened(const std::int8_t* w) {
  QuadWeights words;
  for (int h = 0; h < 2; ++h) {
    const __m256i both = load(w + 32 * h);
    words.even[h] = _mm256_srai_epi16(_mm256_slli_epi16(both, 8), 8);
    words.odd[h] = _mm256_srai_epi16(both, 8);
  }
  return words;
}

template <int Halves = 2>
ATTO_AVX2_INLINE void add_quad(__m256i (&sums)[2], __m256i even, __m256i odd,
                               const QuadWeights& w) {
  for (int h = 0; h < Halves; ++h) {
    add_products(sums[h], even, w.even[h]);
    add_products(sums[h], odd, w.odd[h]);
  }
}

/// Four channels of P pixels: lane l reads those of a pixel's 16 bytes that `pick` names.
template <int P>
ATTO_AVX2_INLINE void add_bytes(__m256i (&sums)[P][2], const std::uint8_t* src,
                                std::ptrdiff_t pitch, const std::int8_t* weights, __m256i pick) {
  const QuadWeights w = widened(weights);
  for (int i = 0; i < P; ++i) {
    const __m256i x =
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load16(src + i * pitch)), pick);
    add_quad(sums[i], _mm256_and_si256(x, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(x, 8), w);
  }
}

/// Four channels of P pixels, in words; to one or both halves of 16 outputs.
template <int P, int Halves>
ATTO_AVX2_INLINE void add_words(__m256i (&sums)[P][2], const std::uint8_t* src,
                                std::ptrdiff_t pitch, const std::int8_t* weights) {
  const QuadWeights w{{load(weights), load(weights + 32)},
                      {load(weights + 64), load(weights + 96)}};
  for (int i = 0; i < P; ++i) {
    const std::uint8_t* p = src + i * pitch;
    add_quad<Halves>(sums[i], every_lane(p), every_lane(p + 4), w);
  }
}

/// `Halves`: of a block that tiles of words make; 0 for tiles of bytes.
template <int P, int Halves>
ATTO_AVX2_INLINE void conv_tile(const I8Panel& panel, std::size_t t, int block,
                                const __m256i* picks) {
  constexpr std::ptrdiff_t kQuadBytes = Halves > 0 ? 128 : 64;
  const Tile& tile = panel.tiles[t];
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset + block * format::kLanes;
  __m256i sums[P][2];
  for (int i = 0; i < P; ++i)
    for (int h = 0; h < 2; ++h) sums[i][h] = load(bias + 8 * h);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w = panel.weights + block * panel.weight_step +
                         std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * kQuadBytes;
  const std::ptrdiff_t pitch = panel.pixel_step;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      if constexpr (Halves > 0) {
        const std::uint8_t* p = tap;
        for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step)
          for (int q = 0; q < 4; ++q, w += kQuadBytes)
            add_words<P, Halves>(sums, p + q * 8, pitch, w);
        for (int q = 0; q < panel.last_quads; ++q, w += kQuadBytes)
          add_words<P, Halves>(sums, p + q * 8, pitch, w);
      } else {
        const int of_block = i8_quads_of_block(panel.interleave);
        for (int q = 0; q < panel.last_quads; ++q, w += kQuadBytes)
          add_bytes<P>(sums, tap + q / of_block * panel.block_step, pitch, w, picks[q % of_block]);
      }
    }
  }
  finish_tile<P>(sums, panel, tile.pixel, block);
}

/// Tiles [begin, end) of P pixels: many in one call, which sets up once.
template <int P, int Halves>
ATTO_AVX2 void conv_tiles(const I8Panel& panel, std::size_t begin, std::size_t end,
                          const __m256i* picks) {
  for (int b = 0; b < panel.blocks; ++b)
    for (std::size_t t = begin; t < end; ++t) conv_tile<P, Halves>(panel, t, b, picks);
}

using Tiles = void (*)(const I8Panel&, std::size_t, std::size_t, const __m256i*);

/// Tiles of two pixels, which only rows of as many have, are made pixel by pixel.
template <Tiles Single>
void small_tiles(const I8Panel& panel, std::size_t begin, std::size_t end, const __m256i* picks) {
  i8::pixel_by_pixel(panel, begin, end, [=](const I8Panel& pixel) { Single(pixel, 0, 1, picks); });
}

constexpr Tiles kByteTiles[kConvPixels] = {conv_tiles<1, 0>, small_tiles<conv_tiles<1, 0>>,
                                           conv_tiles<3, 0>, conv_tiles<4, 0>};
constexpr Tiles kWordTiles[kConvPixels] = {conv_tiles<1, 2>, small_tiles<conv_tiles<1, 2>>,
                                           conv_tiles<3, 2>, conv_tiles<4, 2>};
/// Where the other half of a block holds no channel.
constexpr Tiles kHalfTiles[kConvPixels] = {conv_tiles<1, 2>, small_tiles<conv_tiles<1, 2>>,
                                           conv_tiles<3, 2>, conv_tiles<4, 1>};

ATTO_AVX2_INLINE void run_tiles(const I8Panel& panel, const Tiles* by_pixels,
                                const __m256i* picks) {
  for (std::size_t t = 0; t < panel.tile_count;) {
    const std::size_t end = i8::end_of_run(panel, t);
    by_pixels[panel.tiles[t].pixels - 1](panel, t, end, picks);
    t = end;
  }
}

}  // namespace

ATTO_AVX2 void picked_conv(const I8Panel& panel) {
  __m256i picks[2];
  for (int q = 0; q < 2; ++q) {
    std::uint8_t bytes[32];
    for (int i = 0; i < 32; ++i)
      bytes[i] = static_cast<std::uint8_t>(i8::quad_byte(q, i % 4, i / 4, panel.interleave));
    picks[q] = load(bytes);
  }
  run_tiles(panel, kByteTiles, picks);
}

ATTO_AVX2 void word_conv(const I8Panel& panel) {
  run_tiles(panel, panel.lanes <= format::kLanes / 2 ? kHalfTiles : kWordTiles, nullptr);
}

ATTO_AVX2 void widen_pixels(std::byte* dst, const std::uint8_t* src, std::size_t count) {
  for (const std::uint8_t* const end = src + count; src != end; src += 16, dst += 32) {
    const __m128i both = load16(src), even = _mm_and_si128(both, _mm_set1_epi16(0xff)),
                  odd = _mm_srli_epi16(both, 8);
    auto* to = reinterpret_cast<__m128i*>(dst);
    _mm_storeu_si128(to, _mm_unpacklo_epi32(even, odd));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(even, odd));
  }
}

ATTO_AVX2 void widen_weights(std::byte* dst, const std::int8_t* src, std::size_t quads) {
  for (std::size_t q = 0; q < quads; ++q, src += 64, dst += 128) {
    const QuadWeights words = widened(src);
    auto* to = reinterpret_cast<__m256i*>(dst);
    for (int h = 0; h < 2; ++h) {
      _mm256_storeu_si256(to + h, words.even[h]);
      _mm256_storeu_si256(to + 2 + h, words.odd[h]);
    }
  }
}

}  // namespace atto::edge::avx2
#endif
