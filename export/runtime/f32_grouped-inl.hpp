// Depthwise and small-group convolution rows in float: a loaded pixel is used by all taps of a row
// of the window before the next one is loaded.
#if defined(ATTO_F32_GROUPED_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_GROUPED_INL
#    undef ATTO_F32_GROUPED_INL
#  else
#    define ATTO_F32_GROUPED_INL
#  endif

#  include "export/runtime/f32_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

/// A block of one row: pointers at its first pixel.
struct GroupedBlock {
  const float* src;
  const float* weights;
  const float* bias;
  const float* residual;
  float* dst;
};

template <int P>
HWY_INLINE void finish_grouped(V (&sums)[P], const GroupedRow& row, const GroupedBlock& block,
                               int v) {
  const D d;
#  pragma GCC unroll 16
  for (int i = 0; i < P; ++i) {
    const int at = i * format::kLanes + v * kVector;
    V x = clamped(sums[i], row.clamp);
    if (block.residual != nullptr)
      x = clamped(hn::Add(x, hn::LoadU(d, block.residual + at)), row.joined);
    hn::StoreU(x, d, block.dst + at);
  }
}

/// K x (any height), stride S, P pixels, B channels interleaved.
template <int K, int S, int P, int B>
void grouped_tile(const GroupedRow& row, const GroupedBlock& block) {
  const D d;
  const std::ptrdiff_t tap = std::ptrdiff_t{row.depth} * format::kLanes;
  for (int v = 0; v < kVectors; ++v) {
    V sums[P];
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i) sums[i] = hn::LoadU(d, block.bias + v * kVector);
    const float* HWY_RESTRICT w = block.weights + v * kVector;
    const float* HWY_RESTRICT line = block.src;
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky, line += row.row_step, w += K * tap) {
      for (int c = 0; c < row.depth; ++c) {
        V weights[K];
#  pragma GCC unroll 8
        for (int k = 0; k < K; ++k) weights[k] = hn::LoadU(d, w + k * tap + c * format::kLanes);
#  pragma GCC unroll 32
        for (int x = 0; x < (P - 1) * S + K; ++x) {
          V value = repeated<B>(line + x * format::kLanes + c * B, v);
          in_register(value);
#  pragma GCC unroll 8
          for (int k = 0; k < K; ++k) {
            const int i = (x - k) / S;
            if (x >= k && (x - k) % S == 0 && i < P)
              sums[i] = hn::MulAdd(value, weights[k], sums[i]);
          }
        }
      }
    }
    finish_grouped<P>(sums, row, block, v);
  }
}

/// Any window, P pixels.
template <int P, int B>
void grouped_tile_any(const GroupedRow& row, const GroupedBlock& block) {
  const D d;
  for (int v = 0; v < kVectors; ++v) {
    V sums[P];
#  pragma GCC unroll 16
    for (int i = 0; i < P; ++i) sums[i] = hn::LoadU(d, block.bias + v * kVector);
    const float* HWY_RESTRICT w = block.weights + v * kVector;
    const float* line = block.src;
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky, line += row.row_step) {
      const float* HWY_RESTRICT p = line;
      for (int kx = 0; kx < row.kernel_width; ++kx, p += row.column_step)
        for (int c = 0; c < row.depth; ++c, w += format::kLanes) {
          const V weight = hn::LoadU(d, w);
#  pragma GCC unroll 16
          for (int i = 0; i < P; ++i)
            sums[i] = hn::MulAdd(
                repeated<B>(p + std::ptrdiff_t{i} * row.stride * format::kLanes + c * B, v), weight,
                sums[i]);
        }
    }
    finish_grouped<P>(sums, row, block, v);
  }
}

using GroupedTile = void (*)(const GroupedRow&, const GroupedBlock&);
/// Tiles of 8, 7, 4 and 1 pixels; null where a target has only the any-window tiles.
struct GroupedTiles {
  GroupedTile of8, of7, of4, of1;
};
template <int B>
inline constexpr GroupedTiles kAnyTiles = {nullptr, nullptr, grouped_tile_any<4, B>,
                                           grouped_tile_any<1, B>};
#  if HWY_TARGET == HWY_SCALAR
template <int K, int S, int B>
inline constexpr GroupedTiles kGroupedTiles = kAnyTiles<B>;
#  else
template <int K, int S, int B>
inline constexpr GroupedTiles kGroupedTiles = {grouped_tile<K, S, 8, B>, grouped_tile<K, S, 7, B>,
                                               grouped_tile<K, S, 4, B>, grouped_tile<K, S, 1, B>};
#  endif

inline void run_grouped(const GroupedRow& row, const GroupedTiles& tiles) {
  const bool in_sevens = row.width % 7 == 0 && row.width % 8 != 0 && tiles.of7 != nullptr;
  const bool in_eights = tiles.of8 != nullptr;
  for (int b = 0; b < row.blocks; ++b) {
    GroupedBlock block{row.src + b * row.block_step, row.weights + b * row.weight_step,
                       row.bias + b * format::kLanes,
                       row.residual == nullptr ? nullptr : row.residual + b * row.residual_step,
                       row.dst + b * row.dst_step};
    for (int left = row.width; left > 0;) {
      const int pixels = in_sevens ? 7 : in_eights && left >= 8 ? 8 : left >= 4 ? 4 : 1;
      const GroupedTile tile = pixels == 8   ? tiles.of8
                               : pixels == 7 ? tiles.of7
                               : pixels == 4 ? tiles.of4
                                             : tiles.of1;
      tile(row, block);
      block.src += std::ptrdiff_t{pixels} * row.stride * format::kLanes;
      block.dst += pixels * format::kLanes;
      if (block.residual != nullptr) block.residual += pixels * format::kLanes;
      left -= pixels;
    }
  }
}

template <int K>
void depthwise_row(const GroupedRow& row) {
  if (row.stride == 1) return run_grouped(row, kGroupedTiles<K, 1, 16>);
  return run_grouped(row, kGroupedTiles<K, 2, 16>);
}

template <int B>
void small_group_row(const GroupedRow& row, bool is_regular) {
  if (is_regular && row.kernel_width == 3)
    return run_grouped(row, row.stride == 1 ? kGroupedTiles<3, 1, B> : kGroupedTiles<3, 2, B>);
  return run_grouped(row, kAnyTiles<B>);
}

inline void f32_grouped_row(const GroupedRow& row) {
  const bool is_regular = row.column_step == format::kLanes && row.stride <= 2;
  switch (row.interleave) {
    case 2:
      return small_group_row<2>(row, is_regular);
    case 4:
      return small_group_row<4>(row, is_regular);
    case 8:
      return small_group_row<8>(row, is_regular);
    default:
      if (is_regular && row.kernel_width == 3) return depthwise_row<3>(row);
      if (is_regular && row.kernel_width == 5) return depthwise_row<5>(row);
      if (is_regular && row.kernel_width == 7) return depthwise_row<7>(row);
      return run_grouped(row, kAnyTiles<16>);
  }
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
