// Convolution tiles in float: up to max_pixels neighbouring pixels times a panel of output blocks
// are kept in registers while the taps and channels go by.
#if defined(ATTO_F32_CONV_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_CONV_INL
#    undef ATTO_F32_CONV_INL
#  else
#    define ATTO_F32_CONV_INL
#  endif

#  include <utility>

#  include "export/runtime/f32_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

// Accumulators must fit the registers: AVX-512 8 x 2 of 32, AVX2 6 x 2 of 16, NEON 5 x 4 of 32.
#  if HWY_TARGET == HWY_AVX3
inline constexpr int kMaxPixels = 8, kPanelBlocks = 2, kUnroll = 4;
#  elif HWY_TARGET == HWY_AVX2
inline constexpr int kMaxPixels = 6, kPanelBlocks = 1, kUnroll = 4;
#  elif HWY_TARGET == HWY_NEON
inline constexpr int kMaxPixels = 5, kPanelBlocks = 1, kUnroll = 2;
#  else
inline constexpr int kMaxPixels = 1, kPanelBlocks = 1, kUnroll = 1;
#  endif

/// P pixels x OB blocks of sums. Few pixels would wait for each other's latency, so they get more
/// than one set of sums, taken in turn.
template <int P, int OB>
struct Sums {
  static constexpr int kSets = P == 1 && kVectors == 1 ? 4 : P <= 3 && kVectors == 1 ? 2 : 1;
  V v[kSets][P][OB * kVectors];
  HWY_INLINE Sums() {}  // an implicit one would not have the target's instructions
};

template <int P, int OB>
HWY_INLINE void start(Sums<P, OB>& sums, const float* HWY_RESTRICT bias) {
  const D d;
#  pragma GCC unroll 16
  for (int j = 0; j < OB * kVectors; ++j) {
    const V b = hn::LoadU(d, bias + j * kVector);
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i) sums.v[0][i][j] = b;
  }
#  pragma GCC unroll 16
  for (int s = 1; s < Sums<P, OB>::kSets; ++s)
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i)
#  pragma GCC unroll 16
      for (int j = 0; j < OB * kVectors; ++j) sums.v[s][i][j] = hn::Zero(d);
}

/// Adds one channel of P pixels that lie `Pitch` floats apart.
template <int P, int OB, int Pitch>
HWY_INLINE void add_channel(Sums<P, OB>& sums, int set, const float* HWY_RESTRICT p,
                            const float* HWY_RESTRICT w, std::ptrdiff_t weight_step) {
  const D d;
  V weights[OB * kVectors];
#  pragma GCC unroll 16
  for (int j = 0; j < OB * kVectors; ++j)
    weights[j] = hn::LoadU(d, w + j / kVectors * weight_step + j % kVectors * kVector);
#  pragma GCC unroll 16
  for (int i = 0; i < P; ++i) {
    V x = hn::Set(d, p[i * Pitch]);
    in_register(x);
#  pragma GCC unroll 16
    for (int j = 0; j < OB * kVectors; ++j)
      sums.v[set][i][j] = hn::MulAdd(x, weights[j], sums.v[set][i][j]);
  }
}

/// Where a tile's results go; ConvPanel and ImagePanel share these fields.
template <int P, int OB, class Panel>
HWY_INLINE void finish(Sums<P, OB>& sums, const Panel& panel, const Tile& tile) {
  const D d;
#  pragma GCC unroll 16
  for (int s = 1; s < Sums<P, OB>::kSets; ++s)
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i)
#  pragma GCC unroll 16
      for (int j = 0; j < OB * kVectors; ++j)
        sums.v[0][i][j] = hn::Add(sums.v[0][i][j], sums.v[s][i][j]);
  const std::uint32_t* HWY_RESTRICT to = panel.dst_offset + tile.pixel;
#  pragma GCC unroll 16
  for (int i = 0; i < P; ++i) {
#  pragma GCC unroll 16
    for (int j = 0; j < OB * kVectors; ++j) {
      const std::ptrdiff_t block = j / kVectors, lane = j % kVectors * kVector;
      V v = clamped(sums.v[0][i][j], panel.clamp);
      if (panel.residual != nullptr) {
        const float* residual = panel.residual + block * panel.residual_step +
                                panel.residual_offset[tile.pixel + static_cast<std::uint32_t>(i)];
        v = clamped(hn::Add(v, hn::LoadU(d, residual + lane)), panel.joined);
      }
      hn::StoreU(v, d, panel.dst + block * panel.dst_step + to[i] + lane);
    }
  }
}

template <int P, int OB, int S>
void conv_tile(const ConvPanel& panel, const Tile& tile) {
  constexpr int kPitch = S * format::kLanes, kSets = Sums<P, OB>::kSets;
  Sums<P, OB> sums;
  start(sums, panel.bias);
  const int tap_depth = panel.full_blocks * format::kLanes + panel.last_depth;
  const float* HWY_RESTRICT w = panel.weights + std::ptrdiff_t{tile.ky_begin} * panel.kernel_width *
                                                    tap_depth * format::kLanes;
  const float* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const float* tap = row;
    for (int kx = 0; kx < panel.kernel_width; ++kx, tap += panel.column_step) {
      const float* p = tap;
      for (int b = 0; b < panel.full_blocks; ++b, p += panel.block_step) {
#  pragma GCC unroll kUnroll
        for (int c = 0; c < format::kLanes; ++c, w += format::kLanes)
          add_channel<P, OB, kPitch>(sums, c % kSets, p + c, w, panel.weight_step);
      }
      for (int c = 0; c < panel.last_depth; ++c, w += format::kLanes)
        add_channel<P, OB, kPitch>(sums, 0, p + c, w, panel.weight_step);
    }
  }
  finish<P, OB>(sums, panel, tile);
}

template <int P, int OB, int S>
void image_tile(const ImagePanel& panel, const Tile& tile) {
  Sums<P, OB> sums;
  start(sums, panel.bias);
  const float* HWY_RESTRICT w = panel.weights + std::ptrdiff_t{tile.ky_begin} * panel.kernel_width *
                                                    panel.channels * format::kLanes;
  const float* row = panel.src + tile.src;
  for (int ky = tile.ky_begin; ky < tile.ky_end; ++ky, row += panel.row_step) {
    const float* plane = row;
    for (int c = 0; c < panel.channels; ++c, plane += panel.channel_step) {
      const float* p = plane;
      for (int kx = 0; kx < panel.kernel_width; ++kx, p += panel.column_step, w += format::kLanes)
        add_channel<P, OB, S>(sums, 0, p, w, panel.weight_step);
    }
  }
  finish<P, OB>(sums, panel, tile);
}

template <class Panel>
using TileKernel = void (*)(const Panel&, const Tile&);
template <class Panel>
struct TileKernels {
  TileKernel<Panel> of[kMaxPixels + 1];  ///< by the number of pixels
};

template <int OB, int S, int... P>
constexpr TileKernels<ConvPanel> conv_tiles(std::integer_sequence<int, P...> /*pixels*/) {
  return {{nullptr, conv_tile<P + 1, OB, S>...}};
}
template <int OB, int S, int... P>
constexpr TileKernels<ImagePanel> image_tiles(std::integer_sequence<int, P...> /*pixels*/) {
  return {{nullptr, image_tile<P + 1, OB, S>...}};
}
using AllPixels = std::make_integer_sequence<int, kMaxPixels>;
template <int OB, int S>
inline constexpr TileKernels<ConvPanel> kConvTiles = conv_tiles<OB, S>(AllPixels());
template <int OB, int S>
inline constexpr TileKernels<ImagePanel> kImageTiles = image_tiles<OB, S>(AllPixels());

template <class Panel>
void run_tiles(const Panel& panel, const TileKernels<Panel>& kernels) {
  for (std::size_t t = 0; t < panel.tile_count; ++t)
    kernels.of[panel.tiles[t].pixels](panel, panel.tiles[t]);
}

/// Spreads the prefetch of the next panel's weights over the tiles.
inline void run_conv_tiles(const ConvPanel& panel, const TileKernels<ConvPanel>& kernels) {
  constexpr std::size_t kLine = 64;
  const std::size_t lines = panel.prefetch_bytes / kLine;
  std::size_t fetched = 0;
  for (std::size_t t = 0; t < panel.tile_count; ++t) {
    for (const std::size_t until = lines * (t + 1) / panel.tile_count; fetched < until; ++fetched)
      __builtin_prefetch(panel.prefetch + fetched * kLine, 0, 2);
    kernels.of[panel.tiles[t].pixels](panel, panel.tiles[t]);
  }
}

inline void f32_conv(const ConvPanel& panel) {
  // A tile of one pixel is the same at every stride.
  const bool is_one = panel.blocks == 1;
  if (panel.pixel_stride == 2)
    return run_conv_tiles(panel, is_one ? kConvTiles<1, 2> : kConvTiles<kPanelBlocks, 2>);
  return run_conv_tiles(panel, is_one ? kConvTiles<1, 1> : kConvTiles<kPanelBlocks, 1>);
}

inline void f32_image_conv(const ImagePanel& panel) {
  const bool is_one = panel.blocks == 1;
  if (panel.pixel_stride == 2)
    return run_tiles(panel, is_one ? kImageTiles<1, 2> : kImageTiles<kPanelBlocks, 2>);
  return run_tiles(panel, is_one ? kImageTiles<1, 1> : kImageTiles<kPanelBlocks, 1>);
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
