#pragma once
// The rows that a convolution's turn reads, with the padding around them, converted into the
// scratch memory.

#include <algorithm>
#include <vector>

#include "export/runtime/plan/tiles.hpp"

namespace atto::edge {

class ConvertedRows {
 public:
  /// `turns`: the rows of the output that each turn makes.
  ConvertedRows(const View& in, const format::Window& window, const std::vector<Range>& turns)
      : in_(in), window_(window) {
    for (const Range& turn : turns) {
      const Range rows = rows_for(turn);
      values_ =
          std::max(values_, is_by_block() ? in_.blocks * in_.block_stride
                                          : (rows.end - rows.begin) * in_.row_stride + halo());
    }
  }

  /// Values of the largest turn.
  std::ptrdiff_t values() const { return values_; }

  /// Returns the value of the scratch memory at which the input would begin (View::data) if all of
  /// its rows were there.
  std::ptrdiff_t origin(Range turn) const { return halo() - rows_for(turn).begin * in_.row_stride; }

  /// Calls convert(to, from, count) for what a turn reads: `count` values, a multiple of 16, from
  /// element `from` of the input (View::data) on, to value `to` of the scratch memory.
  template <class Convert>
  void make(Range turn, Convert&& convert) const {
    const Range rows = rows_for(turn);
    const std::ptrdiff_t first = rows.begin * in_.row_stride - halo(),
                         count = (rows.end - rows.begin) * in_.row_stride + halo();
    for (int b = 0; b < (is_by_block() ? in_.blocks : 1); ++b)
      convert(b * in_.block_stride, first + b * in_.block_stride, static_cast<std::size_t>(count));
  }

 private:
  Range rows_for(Range turn) const { return rows_read(window_, turn.begin, turn.end, in_.height); }
  std::ptrdiff_t halo() const { return std::ptrdiff_t{in_.halo} * format::kLanes; }
  /// Whether a block's rows follow each other.
  bool is_by_block() const { return in_.row_stride < in_.blocks * in_.block_stride; }

  View in_;
  format::Window window_;
  std::ptrdiff_t values_ = 0;
};

}  // namespace atto::edge
