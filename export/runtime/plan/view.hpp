#pragma once
// A tensor's place in the arena, for kernels.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "export/format/program.hpp"

namespace atto::edge {

/// `data` is pixel (0, 0) of block 0; strides are in elements.
struct View {
  float* data = nullptr;
  std::ptrdiff_t row_stride = 0, block_stride = 0;
  int height = 0, width = 0, blocks = 0, halo = 0;

  /// The same rows elsewhere; `place` is pixel (0, 0) of block 0.
  View at(std::byte* place) const {
    View view = *this;
    view.data = reinterpret_cast<float*>(place);
    return view;
  }
  /// Whether the pixels of neighbouring rows follow each other.
  bool is_compact() const { return row_stride == std::ptrdiff_t{width} * format::kLanes; }
  float* row(int y, int block = 0) const { return data + y * row_stride + block * block_stride; }
  std::size_t row_values() const {  ///< of one block, without padding
    return static_cast<std::size_t>(width) * format::kLanes;
  }
};

/// A tensor in strips, of `rows` rows at a time: block by block, so that the pixels of a block
/// follow each other. There is one more column of padding in front of each block.
inline View strip_view(const format::Tensor& tensor, int rows) {
  const std::ptrdiff_t row = tensor.block_stride();
  return {nullptr,       row,          std::ptrdiff_t{tensor.halo} * format::kLanes + rows * row,
          tensor.height, tensor.width, static_cast<int>(tensor.blocks()),
          tensor.halo};
}

/// A whole tensor, in no place yet.
inline View view_of(const format::Tensor& t) {
  return {nullptr,
          static_cast<std::ptrdiff_t>(t.row_stride()),
          static_cast<std::ptrdiff_t>(t.block_stride()),
          t.height,
          t.width,
          static_cast<int>(t.blocks()),
          t.halo};
}
inline View view_of(const format::Program& program, std::uint32_t tensor, std::byte* arena) {
  const format::Tensor& t = program.tensors[tensor];
  const auto origin = t.origin() * static_cast<std::int64_t>(sizeof(float));
  return view_of(t).at(arena + program.storages[t.storage].offset + origin);
}

/// Returns the lanes of a block up to the last one that holds a channel.
inline int lanes_used(const format::Tensor& tensor, int block) {
  const int first = block * format::kLanes;
  if (tensor.lanes.empty())
    return static_cast<int>(tensor.channels) - first < format::kLanes
               ? static_cast<int>(tensor.channels) - first
               : format::kLanes;
  int lanes = format::kLanes;
  while (lanes > 0 && tensor.lanes[static_cast<std::size_t>(first + lanes - 1)] < 0) --lanes;
  return lanes;
}

/// Zeroes the padding of blocks [block_begin, block_end) in rows [begin, end): what lies left of
/// each block, and what ends the tensor.
inline void zero_halo(const View& view, int begin, int end, int block_begin, int block_end) {
  if (view.halo == 0) return;
  const auto clear = [&](float* pixel) {  // of known size, so that no call is made
    for (int i = 0; i < view.halo; ++i)
      std::memset(pixel -= format::kLanes, 0, format::kLanes * sizeof(float));
  };
  for (int y = begin; y < end; ++y)
    for (int b = block_begin; b < block_end; ++b) clear(view.row(y, b));
  if (end == view.height && block_end == view.blocks) clear(view.row(view.height));
}

/// The i-th of `parts` nearly equal ranges of [0, count).
struct Range {
  int begin, end;
};
inline Range share(int count, int part, int parts) {
  return {static_cast<int>(std::int64_t{count} * part / parts),
          static_cast<int>(std::int64_t{count} * (part + 1) / parts)};
}

/// The `from` pixels that the at-th of `to` averages covers.
inline Range cell(int at, int from, int to) {
  return {static_cast<int>(std::int64_t{at} * from / to),
          static_cast<int>(((std::int64_t{at} + 1) * from + to - 1) / to)};
}

/// The rows of a window that meet the map, at output row `at`.
inline Range taps_inside(const format::Window& window, int at, int size) {
  const std::int64_t first = std::int64_t{at} * window.down.stride - window.down.pad;
  const std::int64_t begin = first >= 0 ? 0 : (-first + window.dilation - 1) / window.dilation;
  const std::int64_t end = size <= first ? 0 : (size - 1 - first) / window.dilation + 1;
  const auto limited = [&](std::int64_t tap) {
    return static_cast<int>(tap < 0 ? 0 : tap > window.height ? window.height : tap);
  };
  const int low = limited(begin), high = limited(end);
  return {low, high < low ? low : high};
}

}  // namespace atto::edge
