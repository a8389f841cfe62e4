// Int8 convolutions with i32x4.dot_i16x8_s: both halves of a quad of channels widened to words, as
// avx2_conv.cpp draws them. What tiles of one group read is widened before, in the scratch memory:
//   a quad of a pixel:  its even words, its odd words
//   a quad's weights:   even words of 16 lanes, odd words of 16 lanes
#include "export/runtime/kernels/i8/wasm128.hpp"
#ifdef ATTO_HAS_WASM128
#  include "export/runtime/kernels/i8/plain.hpp"

namespace atto::edge::wasm128 {
namespace {

ATTO_WASM_INLINE v128_t even_words(v128_t bytes) {
  return wasm_i16x8_shr(wasm_i16x8_shl(bytes, 8), 8);
}
ATTO_WASM_INLINE v128_t odd_words(v128_t bytes) {
  return wasm_i16x8_shr(bytes, 8);
}

template <int P>
ATTO_WASM_INLINE void begin_tile(Lanes (&sums)[P], const I8Panel& panel, std::size_t t, int block) {
  const std::int32_t* bias = panel.tile_bias[t] + panel.bias_offset + block * format::kLanes;
  for (int j = 0; j < kVectors; ++j) {
    const v128_t lanes = wasm_v128_load(bias + 4 * j);
    for (int i = 0; i < P; ++i) sums[i][j] = lanes;
  }
}

template <int P>
ATTO_WASM_INLINE void finish_tile(const Lanes (&sums)[P], const I8Panel& panel, std::size_t t,
                                  int block, const Ending& ending) {
  for (int i = 0; i < P; ++i) {
    const std::size_t at = panel.tiles[t].pixel + static_cast<std::size_t>(i);
    ending.store(panel.dst + block * panel.dst_step + panel.dst_offset[at], sums[i],
                 panel.residual == nullptr
                     ? nullptr
                     : panel.residual + block * panel.residual_step + panel.residual_offset[at]);
  }
}

/// `pairs` of channels of P pixels, in words. A pair a turn: V8 would load several ahead, and run
/// out of registers.
template <int P>
ATTO_WASM_INLINE void add_words(Lanes (&sums)[P], const std::uint8_t* src, std::ptrdiff_t pitch,
                                const std::int8_t*& w, int pairs) {
#  pragma GCC unroll 1
  for (int pair = 0; pair < pairs; ++pair, src += 4, w += 64) {
    v128_t x[P];
    for (int i = 0; i < P; ++i) x[i] = wasm_v128_load32_splat(src + i * pitch);
    for (int j = 0; j < kVectors; ++j) {
      const v128_t weights = wasm_v128_load(w + 16 * j);
      for (int i = 0; i < P; ++i) add_products(sums[i][j], x[i], weights);
    }
  }
}

/// One tap of one group.
template <int P>
ATTO_WASM_INLINE void add_tap(Lanes (&sums)[P], const I8Panel& panel, const std::uint8_t* p,
                              const std::int8_t*& w) {
  for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step)
    add_words<P>(sums, p, panel.pixel_step, w, 8);
  add_words<P>(sums, p, panel.pixel_step, w, 2 * panel.last_quads);
}

/// What four lanes, the j-th of a pixel, read of its arranged block: its q-th quad.
template <int Together>
ATTO_WASM_INLINE v128_t quads_of(const std::uint8_t* pixel, int q, int j) {
  return Together == 1 ? wasm_v128_load(pixel + j % 2 * 16) : wasm_v128_load64_splat(pixel + q * 8);
}

/// One tap of interleaved groups, whose quads lie side by side, some together in every block.
template <int P, int Together>
ATTO_WASM_INLINE void add_groups(Lanes (&sums)[P], const I8Panel& panel, const std::uint8_t* p,
                                 const std::int8_t*& w) {
  constexpr int kDifferent = Together == 1 ? 2 : 1;  // of the four vectors of a pixel
  for (int q = 0; q < panel.last_quads; ++q, w += 64) {
    const std::uint8_t* block = p + q / Together * panel.block_step;
    for (int d = 0; d < kDifferent; ++d) {
      v128_t even[P], odd[P];
      for (int i = 0; i < P; ++i) {
        const v128_t x = quads_of<Together>(block + i * panel.pixel_step, q % Together, d);
        even[i] = wasm_v128_and(x, wasm_i16x8_splat(255));
        odd[i] = wasm_u16x8_shr(x, 8);
      }
      for (int j = d; j < kVectors; j += kDifferent) {
        const v128_t weights = wasm_v128_load(w + 16 * j);
        const v128_t even_weights = even_words(weights), odd_weights = odd_words(weights);
        for (int i = 0; i < P; ++i) {
          add_products(sums[i][j], even[i], even_weights);
          add_products(sums[i][j], odd[i], odd_weights);
        }
      }
    }
  }
}

/// `Together`: of interleaved groups; 0 for one group, in words.
template <int P, int Together>
void conv_tile(const I8Panel& panel, std::size_t t, int block, const Ending& ending) {
  constexpr std::ptrdiff_t kQuad = Together == 0 ? 128 : 64;
  const Tile& tile = panel.tiles[t];
  Lanes sums[P];
  begin_tile<P>(sums, panel, t, block);
  const int quads = panel.full_blocks * 4 + panel.last_quads;
  const std::int8_t* w = panel.weights + block * panel.weight_step +
                         std::ptrdiff_t{tile.ky_begin} * panel.kernel_width * quads * kQuad;
  const std::uint8_t* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const std::uint8_t* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step)
      if constexpr (Together == 0)
        add_tap<P>(sums, panel, tap, w);
      else
        add_groups<P, Together>(sums, panel, tap, w);
  }
  finish_tile<P>(sums, panel, t, block, ending);
}

template <int Together>
void conv_tiles(const I8Panel& panel) {
  for (int b = 0; b < panel.blocks; ++b) {
    const Ending ending(panel.requantisation,
                        panel.requantisation.multipliers + b * format::kLanes);
    for (std::size_t t = 0; t < panel.tile_count; ++t)
      if (panel.tiles[t].pixels == kConvPixels)
        conv_tile<kConvPixels, Together>(panel, t, b, ending);
      else
        conv_tile<1, Together>(panel, t, b, ending);
  }
}

}  // namespace

void word_conv(const I8Panel& panel) {
  conv_tiles<0>(panel);
}

void conv(const I8Panel& panel) {
  if (i8_arranged_quads(panel.interleave, panel.last_quads) == 1)
    conv_tiles<1>(panel);
  else
    conv_tiles<2>(panel);
}

void arrange_groups(std::byte* dst, const std::uint8_t* src, std::size_t count, int interleave,
                    int together) {
  std::uint8_t from[32];
  i8::arranged_bytes_of(interleave, together, from);
  for (const std::uint8_t* const end = src + count; src != end; src += format::kLanes)
    for (int i = 0; i < 2 / together; ++i, dst += 16)
      wasm_v128_store(dst, wasm_i8x16_swizzle(wasm_v128_load(src), wasm_v128_load(from + 16 * i)));
}

void widen_pixels(std::byte* dst, const std::uint8_t* src, std::size_t count) {
  for (const std::uint8_t* const end = src + count; src != end; src += 16, dst += 32) {
    const v128_t both = wasm_v128_load(src), even = wasm_v128_and(both, wasm_i16x8_splat(255)),
                 odd = wasm_u16x8_shr(both, 8);
    wasm_v128_store(dst, wasm_i32x4_shuffle(even, odd, 0, 4, 1, 5));
    wasm_v128_store(dst + 16, wasm_i32x4_shuffle(even, odd, 2, 6, 3, 7));
  }
}

void widen_weights(std::byte* dst, const std::int8_t* src, std::size_t quads) {
  for (std::size_t q = 0; q < quads; ++q, src += 64, dst += 128)
    for (int j = 0; j < kVectors; ++j) {
      const v128_t both = wasm_v128_load(src + 16 * j);
      wasm_v128_store(dst + 16 * j, even_words(both));
      wasm_v128_store(dst + 64 + 16 * j, odd_words(both));
    }
}

}  // namespace atto::edge::wasm128
#endif
