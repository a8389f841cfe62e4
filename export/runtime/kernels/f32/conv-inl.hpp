// Convolution tiles in float: the sums of up to max_pixels neighbouring pixels times a panel of
// output blocks stay in registers while the taps and channels go by.
#if defined(ATTO_F32_CONV_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_CONV_INL
#    undef ATTO_F32_CONV_INL
#  else
#    define ATTO_F32_CONV_INL
#  endif

#  include <utility>

#  include "export/runtime/kernels/f32/sums-inl.hpp"
#  include "export/runtime/kernels/prefetch.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

/// `count` tiles of P pixels: what they share is read and computed once.
template <int P, int N>
void conv_tiles(const ConvPanel& panel, const Tile* tile, std::size_t count) {
  constexpr int kSets = Sums<P, N>::kSets, kUnroll = kSets > kMinUnroll ? kSets : kMinUnroll;
  constexpr std::make_integer_sequence<int, P> kPixels;
  const std::ptrdiff_t weight_step = panel.weight_step, block_step = panel.block_step;
  const int full_blocks = panel.full_blocks, last_depth = panel.last_depth;
  const std::ptrdiff_t row_weights = std::ptrdiff_t{panel.kernel_width} *
                                     (full_blocks * format::kLanes + last_depth) * format::kLanes;
  const Pitch pitch = pitch_of(panel.pixel_step);
  for (const Tile* const end = tile + count; tile != end; ++tile) {
    Sums<P, N> sums;
    start(sums, panel.bias);
    Prefetch prefetch(panel, *tile);
    const float* HWY_RESTRICT w =
        static_cast<const float*>(panel.weights) + tile->ky_begin * row_weights;
    const float* row = static_cast<const float*>(panel.src) + tile->src;
    for (int ky = tile->ky_begin; ky < tile->ky_end; ++ky, row += panel.row_step) {
      const float* tap = row;
      for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
        const float* p = tap;
        for (int b = 0; b < full_blocks; ++b, p += block_step) {
          prefetch.advance();
          fetch_pixels(p + block_step, pitch, kPixels);
          for (int c = 0; c < format::kLanes; c += kUnroll, w += kUnroll * format::kLanes)
#  pragma GCC unroll 4
            for (int u = 0; u < kUnroll; ++u)
              add_channel(sums, u % kSets, p + c, pitch, u, w + u * format::kLanes, weight_step,
                          kPixels);
        }
        for (int c = 0; c < last_depth; ++c, w += format::kLanes)
          add_channel(sums, 0, p + c, pitch, 0, w, weight_step, kPixels);
      }
    }
    finish(sums, panel, *tile);
  }
}

/// Tiles made pixel by pixel.
template <int N>
void small_tiles(const ConvPanel& panel, const Tile* tile, std::size_t count) {
  Tile pixel;
  ConvPanel single = panel;
  single.tiles = &pixel;
  single.prefetch_step = 0;
  for (const Tile* const end = tile + count; tile != end; ++tile)
    for (pixel = *tile; pixel.pixels > 0; --pixel.pixels, ++pixel.pixel) {
      conv_tiles<1, N>(single, &pixel, 1);
      pixel.src += panel.pixel_step;
    }
}

struct TileKernels {
  TileKernel of[kMaxPixels + 1];  ///< by the number of pixels
};
/// Half a block where the other half holds no channels.
inline constexpr int kHalf = kVectors == 2 || kVectors == 4 ? kVectors / 2 : kVectors;

/// Rows are cut into tiles of like sizes: where six fit, two are a map's whole row, and where eight
/// fit, three. Kernels of their own are not worth their size, nor are those of half a block for
/// few pixels.
template <int P, int N>
constexpr TileKernel tile_kernel() {
  constexpr int kOf = N < kVectors && P <= kMaxPixels / 2 ? kVectors : N;
  if constexpr ((P == 2 && kMaxPixels >= 6) || (P == 3 && kMaxPixels == 8))
    return small_tiles<kOf>;
  else
    return conv_tiles<P, kOf>;
}
template <int N, int... P>
constexpr TileKernels tile_kernels(std::integer_sequence<int, P...> /*pixels*/) {
  return {{nullptr, tile_kernel<P + 1, N>()...}};
}
template <int N>
inline constexpr TileKernels kConvTiles =
    tile_kernels<N>(std::make_integer_sequence<int, kMaxPixels>());

inline void f32_conv(const ConvPanel& panel) {
  run_tiles(panel, panel.blocks > 1                    ? kConvTiles<kPanelBlocks * kVectors>.of
                   : panel.lanes <= format::kLanes / 2 ? kConvTiles<kHalf>.of
                                                       : kConvTiles<kVectors>.of);
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
