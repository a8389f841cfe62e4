// Winograd's F(2x2, 3x3) in float (Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015): what becomes of a tile of the source before the products, and of their sums.
#if defined(ATTO_F32_WINOGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_WINOGRAD_INL
#    undef ATTO_F32_WINOGRAD_INL
#  else
#    define ATTO_F32_WINOGRAD_INL
#  endif

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

inline void winograd_source(const WinogradSource& row) {
  const D d;
  const std::ptrdiff_t step = row.dst_step;
  for (int lane = 0; lane < format::kLanes; lane += kVector) {
    const float* p = row.src + lane;
    float* to = row.dst + lane;
    // What the two columns before this one have become.
    V before[2][4] = {{hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)},
                      {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)}};
    for (int column = 0; column < 2 * row.tiles + 2; ++column, p += format::kLanes) {
      V pixels[4];
#  pragma GCC unroll 4
      for (int y = 0; y < 4; ++y) {
        const bool is_there = y >= row.row_begin && y < row.row_end && column < row.columns;
        pixels[y] = is_there ? hn::LoadU(d, p + y * row.row_step) : hn::Zero(d);
      }
      const V made[4] = {hn::Sub(pixels[0], pixels[2]), hn::Add(pixels[1], pixels[2]),
                         hn::Sub(pixels[2], pixels[1]), hn::Sub(pixels[1], pixels[3])};
      if (column >= 2 && column % 2 == 0) {  // the third of a tile
#  pragma GCC unroll 4
        for (int y = 0; y < 4; ++y) {
          float* const of = to + 4 * y * step;
          hn::StoreU(hn::Sub(before[0][y], made[y]), d, of);
          hn::StoreU(hn::Add(before[1][y], made[y]), d, of + step);
          hn::StoreU(hn::Sub(made[y], before[1][y]), d, of + 2 * step);
        }
      } else if (column >= 2) {  // the fourth
#  pragma GCC unroll 4
        for (int y = 0; y < 4; ++y)
          hn::StoreU(hn::Sub(before[0][y], made[y]), d, to + (4 * y + 3) * step);
        to += format::kLanes;
      }
#  pragma GCC unroll 4
      for (int y = 0; y < 4; ++y) {
        before[0][y] = before[1][y];
        before[1][y] = made[y];
      }
    }
  }
}

inline void winograd_output(const WinogradOutput& row) {
  const D d;
  const Limits limits(row.clamp), joined(row.joined);
  for (int lane = 0; lane < format::kLanes; lane += kVector) {
    const V bias = hn::LoadU(d, row.bias + lane);
    const float* p = row.src + lane;
    for (int x = 0; x < row.width; x += 2, p += format::kLanes) {
      V sums[2][4];
#  pragma GCC unroll 4
      for (int column = 0; column < 4; ++column) {
        V m[4];
#  pragma GCC unroll 4
        for (int y = 0; y < 4; ++y) m[y] = hn::LoadU(d, p + (4 * y + column) * row.src_step);
        sums[0][column] = hn::Add(hn::Add(m[0], m[1]), m[2]);
        sums[1][column] = hn::Sub(hn::Sub(m[1], m[2]), m[3]);
      }
      for (int y = 0; y < row.rows; ++y) {
        const V(&s)[4] = sums[y];
        const V made[2] = {hn::Add(hn::Add(s[0], s[1]), hn::Add(s[2], bias)),
                           hn::Add(hn::Sub(s[1], s[2]), hn::Sub(bias, s[3]))};
        for (int i = 0; i < 2 && x + i < row.width; ++i) {
          const std::ptrdiff_t pixel = (x + i) * std::ptrdiff_t{format::kLanes} + lane;
          V value = limits.of(made[i]);
          if (row.residual != nullptr)
            value = joined.of(
                hn::Add(value, hn::LoadU(d, row.residual + y * row.residual_step + pixel)));
          hn::StoreU(value, d, row.dst + y * row.dst_step + pixel);
        }
      }
    }
  }
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
