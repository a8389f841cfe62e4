#pragma once
// The rows that a convolution's turn reads, with the padding around them, converted into the
// scratch memory.

#include <algorithm>
#include <vector>

#include "export/runtime/tiles.hpp"

namespace atto::edge {

class ConvertedRows {
 public:
  /// Lets the tiles of these strips read the converted rows.
  ConvertedRows(const View& in, const format::Window& window, const std::vector<Strip>& strips,
                std::vector<Tile>& tiles)
      : in_(in), window_(window) {
    for (const Strip& strip : strips) {
      const Range rows = rows_of(strip);
      for (std::size_t t = 0; t < strip.tile_count; ++t)
        tiles[strip.tile_begin + t].src += halo() - rows.begin * in_.row_stride;
      values_ =
          std::max(values_, is_by_block() ? in_.blocks * in_.block_stride
                                          : (rows.end - rows.begin) * in_.row_stride + halo());
    }
  }

  /// Values of the largest strip.
  std::ptrdiff_t values() const { return values_; }

  /// Calls convert(to, from, count) for what a strip reads: `count` values, a multiple of 16, from
  /// element `from` of the input (View::data) on, to value `to` of the scratch memory.
  template <class Convert>
  void make(const Strip& strip, Convert&& convert) const {
    const Range rows = rows_of(strip);
    const std::ptrdiff_t first = rows.begin * in_.row_stride - halo(),
                         count = (rows.end - rows.begin) * in_.row_stride + halo();
    for (int b = 0; b < (is_by_block() ? in_.blocks : 1); ++b)
      convert(b * in_.block_stride, first + b * in_.block_stride, static_cast<std::size_t>(count));
  }

 private:
  Range rows_of(const Strip& strip) const {
    return rows_read(window_, strip.begin, strip.end, in_.height);
  }
  std::ptrdiff_t halo() const { return std::ptrdiff_t{in_.halo} * format::kLanes; }
  /// Whether a block's rows follow each other.
  bool is_by_block() const { return in_.row_stride < in_.blocks * in_.block_stride; }

  View in_;
  format::Window window_;
  std::ptrdiff_t values_ = 0;
};

}  // namespace atto::edge
