#pragma once
// A tensor of floats or of bytes, for rare steps, which are there once for both.

#include "export/runtime/plan/byte_view.hpp"

namespace atto::edge {

/// A tensor in its place. Values are floats; those of bytes are q - zero point.
class Cells {
 public:
  [[gnu::cold]] Cells(const StepContext& context, std::uint32_t tensor);

  /// Returns lane 0 of a pixel.
  std::byte* at(int y, int x, int block) const {
    return data_ + (y * shape.row_stride + block * shape.block_stride +
                    std::ptrdiff_t{x} * format::kLanes) *
                       element_;
  }
  float load(const std::byte* pixel, int lane) const;
  void store(std::byte* pixel, int lane, float value) const;
  /// Fills a pixel's lanes with what padding holds.
  void clear(std::byte* pixel) const;
  /// Fills the padding of rows [begin, end).
  void fill_halo(int begin, int end) const;
  std::size_t pixel_bytes() const { return static_cast<std::size_t>(format::kLanes * element_); }
  bool are_bytes() const { return element_ == 1; }

  View shape;  ///< in elements; its data is null
  float scale;

 private:
  std::byte* data_;
  std::ptrdiff_t element_;
  int zero_point_;
};

}  // namespace atto::edge
