#pragma once
// Int8 rows (i8_rows.hpp) without intrinsics.

#include "export/runtime/kernels/i8/plain.hpp"

namespace atto::edge::i8 {

/// From pixel `first` on.
ATTO_INLINE void image_row(const I8ImageRow& row, int first = 0) {
  for (int k = 0; k < 4; ++k)
    for (int x = first; x < row.count; ++x)
      row.dst[x * row.pixel_step + k] =
          row.planes[k] == nullptr
              ? static_cast<std::uint8_t>(row.zero_point)
              : i8_rounded(row.planes[k][x] / row.scale, static_cast<float>(row.zero_point));
}

ATTO_INLINE std::uint8_t bounded(float x, const I8Bounds& bounds) {
  const std::uint8_t q = i8_rounded(x, static_cast<float>(bounds.zero_point));
  return q < bounds.low ? bounds.low : q > bounds.high ? bounds.high : q;
}

ATTO_INLINE void product_row(const I8ProductRow& row) {
  for (int i = 0; i < row.width * format::kLanes; ++i) {
    const int product =
        (row.a[i] - row.a_zero) * (row.b[row.is_gate ? i % format::kLanes : i] - row.b_zero);
    row.dst[i] = bounded(static_cast<float>(product) * row.factor, row.bounds);
  }
}

ATTO_INLINE void gather_row(const I8GatheredRow& row) {
  for (int x = 0; x < row.width; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{x} * format::kLanes;
    std::uint8_t picked[format::kLanes] = {};
    for (std::size_t s = 0; s < row.source_count; ++s)
      for (int l = 0; l < format::kLanes; ++l) {
        const I8LaneSource& source = row.sources[s];
        if (source.lanes[l] != kI8NoLane) picked[l] = source.src[at + source.lanes[l]];
      }
    for (int l = 0; l < format::kLanes; ++l)
      row.dst[at + l] = i8_rounded(static_cast<float>(picked[l] - row.zeros[l]) * row.factors[l],
                                   static_cast<float>(row.zero_point));
  }
}

ATTO_INLINE void table_row(const I8TableRow& row) {
  for (std::size_t i = 0; i < row.count; ++i) row.dst[i] = row.table[row.src[i]];
}

ATTO_INLINE void sum_row(const I8SumRow& row) {
  for (int i = 0; i < row.width * format::kLanes; ++i) {
    float sum = -0.0F;  // which gives way to any term
    for (std::size_t t = 0; t < row.term_count; ++t) {
      const I8Term& term = row.terms[t];
      const int byte = term.src[row.y * term.row_step + row.block * term.block_step + i];
      sum += static_cast<float>(byte - term.zero) * term.factor;
    }
    row.dst[i] = bounded(sum, row.bounds);
  }
}

ATTO_INLINE void mean(const I8MeanCell& cell) {
  std::int64_t sums[format::kLanes] = {};
  for (int y = 0; y < cell.rows; ++y)
    for (int i = 0; i < cell.columns * format::kLanes; ++i)
      sums[i % format::kLanes] += cell.src[y * cell.row_step + i];
  const std::int64_t zeros = std::int64_t{cell.rows} * cell.columns * cell.zero;
  for (int l = 0; l < format::kLanes; ++l)
    cell.dst[l] = bounded(static_cast<float>(sums[l] - zeros) * cell.factor, cell.bounds);
}

}  // namespace atto::edge::i8
