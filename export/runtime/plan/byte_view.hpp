#pragma once
// An int8 tensor's place in the arena; its padding holds the zero point.

#include <cstring>

#include "export/runtime/kernels/i8/kernels.hpp"
#include "export/runtime/plan/strip_run.hpp"

namespace atto::edge {

struct ByteView {
  std::uint8_t* data = nullptr;
  View shape;  ///< strides in bytes; its data is null
  float scale = 1;
  int zero_point = 0;

  /// The same rows elsewhere; `place` is pixel (0, 0) of block 0.
  ByteView at(std::byte* place) const {
    ByteView view = *this;
    view.data = reinterpret_cast<std::uint8_t*>(place);
    return view;
  }
  std::uint8_t* row(int y, int block = 0) const {
    return data + y * shape.row_stride + block * shape.block_stride;
  }
};

/// A tensor whose rows lie as `shape` says, in no place yet.
inline ByteView byte_view_of(const format::Tensor& tensor, View shape) {
  shape.data = nullptr;
  return {nullptr, shape, tensor.scale, tensor.zero_point};
}
inline ByteView byte_view_of(const format::Program& program, std::uint32_t tensor,
                             std::byte* arena) {
  const format::Tensor& t = program.tensors[tensor];
  return byte_view_of(t, view_of(t)).at(arena + program.storages[t.storage].offset + t.origin());
}

/// Fills the padding of blocks [block_begin, block_end) in rows [begin, end).
inline void fill_halo(const ByteView& view, int begin, int end, int block_begin, int block_end) {
  if (view.shape.halo == 0) return;
  const auto fill = [&](std::uint8_t* pixel) {  // of known size, so that no call is made
    for (int i = 0; i < view.shape.halo; ++i)
      std::memset(pixel -= format::kLanes, view.zero_point, format::kLanes);
  };
  for (int y = begin; y < end; ++y)
    for (int b = block_begin; b < block_end; ++b) fill(view.row(y, b));
  if (end == view.shape.height && block_end == view.shape.blocks) fill(view.row(view.shape.height));
}

/// Returns float(from * factor / to), as the quantiser's rules have it.
inline float i8_multiplier(float from, float factor, float to) {
  return static_cast<float>(double{from} * factor / to);
}
/// The bounds of None, Relu and Relu6 on a tensor of this scale, zero point not added.
Clamp i8_clamp_of(format::Activation activation, float scale);
/// The same in bytes.
I8Bounds i8_bounds_of(format::Activation activation, float scale, std::int32_t zero_point);

}  // namespace atto::edge
