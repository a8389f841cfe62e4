// Depthwise and small-group convolution rows in float: a loaded pixel is used by all taps of a row
// of the window before the next one is loaded.
#if defined(ATTO_F32_GROUPED_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_GROUPED_INL
#    undef ATTO_F32_GROUPED_INL
#  else
#    define ATTO_F32_GROUPED_INL
#  endif

#  include <type_traits>

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

/// Of each of B interleaved groups in a block.
template <int B>
inline constexpr int kChannels = format::kLanes / B;

/// K x (any height), stride S, P pixels, B channels interleaved. `src` is tap (ky_begin, 0) of the
/// first pixel; v is the vector of the block.
template <int K, int S, int P, int B>
struct RegularWindow {
  static constexpr int kPixels = P;
  static HWY_INLINE void add(V (&sums)[P], const GroupedRow& row, const float* HWY_RESTRICT src,
                             const float* HWY_RESTRICT w, int v) {
    const D d;
    const int depth = B == format::kLanes ? 1 : row.depth;
    const std::ptrdiff_t tap = std::ptrdiff_t{depth} * format::kLanes;
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky, src += row.row_step, w += K * tap) {
      for (int c = 0; c < depth; ++c) {
        const float* from =
            src + c / kChannels<B> * row.block_step + c % kChannels<B> * B + v * kVector % B;
        // One base for all loads, or GCC keeps sums of addresses in more registers than there are.
        asm("" : "+r"(from));
        V weights[K];
#  pragma GCC unroll 8
        for (int k = 0; k < K; ++k) weights[k] = hn::LoadU(d, w + k * tap + c * format::kLanes);
#  pragma GCC unroll 32
        for (int x = 0; x < (P - 1) * S + K; ++x) {
          V value = repeated<B>(from + x * format::kLanes, 0);
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
  }
};

/// Any window, P pixels.
template <int P, int B>
struct AnyWindow {
  static constexpr int kPixels = P;
  static HWY_INLINE void add(V (&sums)[P], const GroupedRow& row, const float* HWY_RESTRICT src,
                             const float* HWY_RESTRICT w, int v) {
    const D d;
    const int depth = B == format::kLanes ? 1 : row.depth;
    const std::ptrdiff_t pixel_step = std::ptrdiff_t{row.stride} * format::kLanes;
    for (int ky = row.ky_begin; ky < row.ky_end; ++ky, src += row.row_step) {
      const float* HWY_RESTRICT p = src;
      for (int kx = 0; kx < row.kernel_width; ++kx, p += row.column_step) {
        const float* HWY_RESTRICT block = p;
        for (int left = depth; left > 0; left -= kChannels<B>, block += row.block_step) {
          const int end = left < kChannels<B> ? left : kChannels<B>;
          for (int c = 0; c < end; ++c, w += format::kLanes) {
            const V weight = hn::LoadU(d, w);
#  pragma GCC unroll 16
            for (int i = 0; i < P; ++i)
              sums[i] = hn::MulAdd(repeated<B>(block + i * pixel_step + c * B, v), weight, sums[i]);
          }
        }
      }
    }
  }
};

/// `count` tiles side by side from pixel `first` on, in every block.
template <class Window>
void grouped_tiles(const GroupedRow& row, int first, int count) {
  constexpr int kPixels = Window::kPixels;
  const D d;
  const Limits limits(row.clamp), joined(row.joined);
  const std::ptrdiff_t at = std::ptrdiff_t{first} * format::kLanes;
  const std::ptrdiff_t source_step = std::ptrdiff_t{row.stride} * kPixels * format::kLanes;
  for (int b = 0; b < row.blocks; ++b) {
    const float* src =
        static_cast<const float*>(row.src) + b / row.readers * row.reader_step + row.stride * at;
    const float* weights = static_cast<const float*>(row.weights) + b * row.weight_step;
    const float* bias = row.bias + b * format::kLanes;
    std::ptrdiff_t residual = b * row.residual_step + at;
    float* dst = row.dst + b * row.dst_step + at;
    for (int t = 0; t < count; ++t, src += source_step) {
      for (int v = 0; v < kVectors; ++v) {
        V sums[kPixels];
#  pragma GCC unroll 16
        for (int i = 0; i < kPixels; ++i) sums[i] = hn::LoadU(d, bias + v * kVector);
        Window::add(sums, row, src, weights + v * kVector, v);
        limits.clamp(sums);
        if (row.residual != nullptr) {
#  pragma GCC unroll 16
          for (int i = 0; i < kPixels; ++i)
            sums[i] = joined.of(hn::Add(
                sums[i], hn::LoadU(d, row.residual + residual + i * format::kLanes + v * kVector)));
        }
#  pragma GCC unroll 16
        for (int i = 0; i < kPixels; ++i)
          hn::StoreU(sums[i], d, dst + i * format::kLanes + v * kVector);
      }
      dst += kPixels * format::kLanes;
      residual += kPixels * format::kLanes;
    }
  }
}

/// Tiles of 8, 7, 4 and 1 pixels; null where a target has none.
struct GroupedTiles {
  void (*of8)(const GroupedRow& row, int first, int count);
  void (*of7)(const GroupedRow& row, int first, int count);
  void (*of4)(const GroupedRow& row, int first, int count);
  void (*of1)(const GroupedRow& row, int first, int count);
};
#  if HWY_TARGET == HWY_SCALAR
template <int B>
inline constexpr GroupedTiles kAnyTiles = {nullptr, nullptr, nullptr,
                                           grouped_tiles<AnyWindow<1, B>>};
template <int K, int S, int B>
inline constexpr GroupedTiles kGroupedTiles = kAnyTiles<B>;
#  else
template <int B>
inline constexpr GroupedTiles kAnyTiles = {
    B < format::kLanes ? grouped_tiles<AnyWindow<8, B>> : nullptr, nullptr,
    grouped_tiles<AnyWindow<4, B>>, grouped_tiles<AnyWindow<1, B>>};
/// Eights and sevens fill the rows of most maps, so few windows have a regular tile of 4.
template <int K, int S, int B>
inline constexpr GroupedTiles kGroupedTiles = {
    grouped_tiles<RegularWindow<K, S, 8, B>>, grouped_tiles<RegularWindow<K, S, 7, B>>,
    grouped_tiles<std::conditional_t<K == 3 && B == format::kLanes, RegularWindow<K, S, 4, B>,
                                     AnyWindow<4, B>>>,
    grouped_tiles<AnyWindow<1, B>>};
#  endif

inline void run_grouped(const GroupedRow& row, const GroupedTiles& tiles) {
  int done = 0;
  const auto run = [&](void (*kernel)(const GroupedRow&, int, int), int pixels) {
    const int count = (row.width - done) / pixels;
    if (kernel == nullptr || count == 0) return;
    kernel(row, done, count);
    done += count * pixels;
  };
  if (row.width % 7 == 0 && row.width % 8 != 0) run(tiles.of7, 7);
  run(tiles.of8, 8);
  run(tiles.of4, 4);
  run(tiles.of1, 1);
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
  if (B == 2 && is_regular && row.kernel_width == 5 && row.stride == 1)
    return run_grouped(row, kGroupedTiles<5, 1, 2>);
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
