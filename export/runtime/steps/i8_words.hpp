#pragma once
// Int8 convolutions of levels that multiply words: what tiles read lies widened in scratch memory.

#include "export/runtime/kernels/i8/kernels.hpp"

namespace atto::edge {

inline constexpr std::ptrdiff_t kI8WordBytes = 2;
inline constexpr std::ptrdiff_t kI8QuadWeights = std::ptrdiff_t{4} * format::kLanes;  // bytes

/// Lets a panel read `bytes` in place of every byte of its source. Its tiles must be about these
/// already.
inline void read_converted(I8Panel& panel, const std::byte* src, std::ptrdiff_t bytes) {
  panel.src = reinterpret_cast<const std::uint8_t*>(src);
  panel.pixel_step *= bytes;
  panel.row_step *= bytes;
  panel.column_step *= bytes;
  panel.block_step *= bytes;
}

/// Runs a panel whose source is in words, block by block, so that a block's weights, widened into
/// `room`, stay in a cache.
inline void conv_in_words(const I8Kernels::Words& words, I8Panel panel, std::byte* room) {
  const std::int8_t* weights = panel.weights;
  panel.weights = reinterpret_cast<const std::int8_t*>(room);
  const int blocks = panel.blocks, lanes = panel.lanes;
  panel.blocks = 1;
  for (int b = 0; b < blocks; ++b) {
    words.widen_weights(room, weights + b * panel.weight_step,
                        static_cast<std::size_t>(panel.weight_step / kI8QuadWeights));
    panel.lanes = b + 1 < blocks ? format::kLanes : lanes;
    words.conv(panel);
    panel.bias_offset += format::kLanes;
    panel.requantisation.multipliers += format::kLanes;
    panel.dst += panel.dst_step;
    panel.residual += panel.residual_step;
  }
}

}  // namespace atto::edge
