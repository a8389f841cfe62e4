#pragma once
// Where the windows of convolutions and pools lie on a map: the one rule of padding, for each of
// its two sides.

#include <algorithm>

#include "prototypes/network/operations.hpp"

namespace atto::net {

/// Returns the side of a map after a stride, rounded up; side, stride >= 1.
constexpr int strided_side(int side, int stride) {
  return (side + stride - 1) / stride;
}

/// One side of a window, by the rule of docs/counting.md. Output place i reads places i * stride -
/// before() + k * dilation for k < kernel; what lies outside of the map is padding.
struct WindowSide {
  int kernel = 1, stride = 1, dilation = 1;
  Padding padding = Padding::Same;

  friend bool operator==(const WindowSide&, const WindowSide&) = default;

  /// Returns the places from its first tap to its last, both counted.
  constexpr int extent() const { return dilation * (kernel - 1) + 1; }
  /// Returns the padding before the map. "same" pads so that an odd extent has its middle on the
  /// map's place; an even one needs extent - stride where the stride divides the side, and has the
  /// larger half of that behind the map. "valid" pads nothing.
  constexpr int before() const {
    if (padding == Padding::Valid) return 0;
    return (extent() % 2 == 1 ? extent() - 1 : std::max(extent() - stride, 0)) / 2;
  }
  /// Returns the output's side for a map's: ceil(side / stride), or as many whole windows as lie on
  /// the map, maybe none.
  constexpr int output(int side) const {
    if (padding == Padding::Same) return strided_side(side, stride);
    return side < extent() ? 0 : (side - extent()) / stride + 1;
  }
  /// Returns the padding behind the map that its last window reads.
  constexpr int after(int side) const {
    return std::max((output(side) - 1) * stride - before() + extent() - side, 0);
  }
};

/// Returns the sides of an operation's window, down and across.
template <class Windowed>
constexpr WindowSide side_of(const Windowed& op, int Sides::*side) {
  int dilation = 1;  // of pools
  if constexpr (requires { op.dilation; }) dilation = op.dilation;
  return {op.kernel.*side, op.stride.*side, dilation, op.padding};
}
template <class Windowed>
constexpr WindowSide rows_of(const Windowed& op) {
  return side_of(op, &Sides::height);
}
template <class Windowed>
constexpr WindowSide columns_of(const Windowed& op) {
  return side_of(op, &Sides::width);
}

}  // namespace atto::net
