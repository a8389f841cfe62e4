#pragma once
// How the padding of a window is said in TensorFlow Lite.

#include "prototypes/network/shapes.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::tflite {

/// Valid: there is none. Same: the format's own rule pads as we do. Apart: only an operator before
/// it can.
enum class Padded : std::uint8_t { Valid, Same, Apart };

/// Whether the rule SAME, which pads the end where its padding is odd, pads this side as we do.
constexpr bool is_same_side(const net::WindowSide& window, int side) {
  const int strided = net::strided_side(side, window.stride);
  const int all = std::max((strided - 1) * window.stride + window.extent() - side, 0);
  return window.output(side) == strided && window.before() == all / 2 &&
         window.after(side) == all - all / 2;
}

template <class Windowed>
Padded padded(const Windowed& op, const net::Shape& in) {
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  if (rows.before() + rows.after(in.height) + columns.before() + columns.after(in.width) == 0)
    return Padded::Valid;
  return is_same_side(rows, in.height) && is_same_side(columns, in.width) ? Padded::Same
                                                                          : Padded::Apart;
}

/// Whether an adaptive average has cells of one size that do not meet.
inline bool has_even_cells(const net::Shape& in, const net::Shape& out) {
  return in.height % out.height == 0 && in.width % out.width == 0;
}

}  // namespace atto::deploy::tflite
