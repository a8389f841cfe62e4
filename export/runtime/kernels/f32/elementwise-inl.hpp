// Sums, products and pools in float.
#if defined(ATTO_F32_ELEMENTWISE_INL) == defined(HWY_TARGET_TOGGLE)
#  ifdef ATTO_F32_ELEMENTWISE_INL
#    undef ATTO_F32_ELEMENTWISE_INL
#  else
#    define ATTO_F32_ELEMENTWISE_INL
#  endif

#  include <algorithm>
#  include <limits>

#  include "export/runtime/kernels/f32/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace atto::edge::HWY_NAMESPACE {

inline void f32_add(float* dst, const float* a, const float* b, std::size_t count) {
  const D d;
  for (std::size_t i = 0; i < count; i += kVector)
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, dst + i);
}

inline void f32_multiply(float* dst, const float* a, const float* b, std::size_t count) {
  const D d;
  for (std::size_t i = 0; i < count; i += kVector)
    hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, dst + i);
}

inline void f32_scale(float* dst, const float* a, const float* by16, std::size_t count) {
  const D d;
  for (std::size_t i = 0; i < count; i += kVector)
    hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, by16 + i % format::kLanes)), d, dst + i);
}

template <bool IsMax>
void pool_row_as(const PoolRow& row) {
  const D d;
  for (int b = 0; b < row.blocks; ++b) {
    for (int x = 0; x < row.width; ++x) {
      const int begin = std::max(x * row.stride - row.pad, 0);
      const int end = std::min(x * row.stride - row.pad + row.kernel_width, row.source_width);
      const float share = 1.0f / static_cast<float>(row.rows * (end - begin));
      for (int v = 0; v < kVectors; ++v) {
        V sum = hn::Set(d, IsMax ? -std::numeric_limits<float>::infinity() : 0.0f);
        const float* line = row.src + b * row.block_step + v * kVector;
        for (int r = 0; r < row.rows; ++r, line += row.row_step)
          for (int sx = begin; sx < end; ++sx) {
            const V value = hn::LoadU(d, line + std::ptrdiff_t{sx} * format::kLanes);
            sum = IsMax ? higher(sum, value) : hn::Add(sum, value);
          }
        if (!IsMax) sum = hn::Mul(sum, hn::Set(d, share));
        hn::StoreU(sum, d, row.dst + b * row.dst_step + x * format::kLanes + v * kVector);
      }
    }
  }
}

inline void f32_pool_row(const PoolRow& row) {
  row.is_max ? pool_row_as<true>(row) : pool_row_as<false>(row);
}

inline void f32_mean(const MeanCell& cell) {
  const D d;
  const V share =
      hn::Set(d, 1.0f / (static_cast<float>(cell.rows) * static_cast<float>(cell.columns)));
  for (int b = 0; b < cell.blocks; ++b)
    for (int v = 0; v < kVectors; ++v) {
      V sum = hn::Zero(d), other = hn::Zero(d);
      const float* line = cell.src + b * cell.block_step + v * kVector;
      for (int r = 0; r < cell.rows; ++r, line += cell.row_step) {
        int x = 0;
        for (; x + 1 < cell.columns; x += 2) {
          sum = hn::Add(sum, hn::LoadU(d, line + x * format::kLanes));
          other = hn::Add(other, hn::LoadU(d, line + (x + 1) * format::kLanes));
        }
        if (x < cell.columns) sum = hn::Add(sum, hn::LoadU(d, line + x * format::kLanes));
      }
      hn::StoreU(hn::Mul(hn::Add(sum, other), share), d,
                 cell.dst + b * cell.dst_step + v * kVector);
    }
}

}  // namespace atto::edge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
