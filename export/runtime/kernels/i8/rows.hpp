#pragma once
// What the int8 kernels (kernels.hpp) that are no convolutions take: rows of pixels of one
// block. Strides are in bytes.

#include <cstddef>
#include <cstdint>

namespace atto::edge {

/// Pixels of an image become quads of channels: q = clamp(round(value / scale) + zero_point). The
/// fourth plane and others may be null: zero points.
struct I8ImageRow {
  const float* planes[4];
  std::uint8_t* dst;
  std::ptrdiff_t pixel_step;
  int count;
  float scale;
  std::int32_t zero_point;
};

/// What else turns a value of steps of the output's scale into a byte:
/// q = clamp(round(x) + zero_point).
struct I8Bounds {
  std::uint8_t low, high;
  std::int32_t zero_point;
};

/// dst = a * b, pixel by pixel; a gate's b is one pixel for all. In place allowed.
struct I8ProductRow {
  const std::uint8_t *a, *b;
  bool is_gate;
  std::uint8_t* dst;
  int width;
  std::int32_t a_zero, b_zero;
  float factor;
  I8Bounds bounds;
};

/// dst = table[src], byte by byte; `count` is a multiple of 16. In place allowed.
struct I8TableRow {
  const std::uint8_t* src;
  const std::uint8_t* table;  ///< [256]
  std::uint8_t* dst;
  std::size_t count;
};

/// A term of a sum: (byte - zero) * factor.
struct I8Term {
  const std::uint8_t* src;  ///< of row 0, block 0
  std::ptrdiff_t row_step, block_step;
  std::int32_t zero;
  float factor;
};

/// dst = clamp(round(sum of terms) + zero_point), the terms added in their order. In place allowed.
struct I8SumRow {
  const I8Term* terms;
  std::size_t term_count;
  int y, block;
  std::uint8_t* dst;
  int width;
  I8Bounds bounds;
};

/// A pixel, the rounded mean of a rectangle of them; `factor` has their number in it.
struct I8MeanCell {
  const std::uint8_t* src;
  std::ptrdiff_t row_step;
  int rows, columns;
  std::int32_t zero;
  float factor;
  std::uint8_t* dst;
  I8Bounds bounds;
};

/// Lanes from a block of a source.
struct I8LaneSource {
  const std::uint8_t* src;
  const std::uint8_t* lanes;  ///< [16]: by lane of the output, the source's, or kI8NoLane
};
inline constexpr std::uint8_t kI8NoLane = 0x80;  // a byte shuffle makes zero of it

/// A block of lanes from several others: q = clamp(round((source - zero) * factor) + zero_point).
struct I8GatheredRow {
  const I8LaneSource* sources;
  std::size_t source_count;
  const std::int32_t* zeros;  ///< [16], by lane of the output; 0 where it has no source
  const float* factors;       ///< [16]
  std::int32_t zero_point;
  std::uint8_t* dst;
  int width;
};

}  // namespace atto::edge
