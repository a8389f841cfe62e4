#pragma once
// The int8 kernels: u8 activations, s8 weights, int32 sums, by the rules of
// export/lowering/quantisation.hpp; every level gives the same bytes. Strides are in bytes.

#include <cstddef>
#include <cstdint>

#include "export/runtime/kernels/f32/kernels.hpp"
#include "export/runtime/kernels/i8/rows.hpp"

namespace atto::edge {

/// Sums to bytes: q = clamp(round(clamp(sum * multiplier) [+ residual, clamped]) + zero_point).
/// Rounding is monotone: the last clamp may as well be that of the bytes, to [low, high].
struct I8Requantisation {
  const float* multipliers;  ///< [blocks * 16]
  Clamp clamp, joined;
  std::uint8_t low, high;
  std::int32_t zero_point;
  float residual_factor;
  std::int32_t residual_zero;
};

/// As ConvPanel. weights [kh][kw][quads][16][4].
struct I8Panel {
  const std::uint8_t* src;
  const Tile* tiles;
  const std::int32_t* const* tile_bias;  ///< of each tile, [all blocks of the output * 16]
  std::size_t tile_count;
  std::ptrdiff_t bias_offset;  ///< to this panel's first block
  std::ptrdiff_t pixel_step;   ///< between the sources of neighbouring outputs
  std::ptrdiff_t row_step, column_step, block_step;
  int kernel_width;
  int full_blocks, last_quads;  ///< whole source blocks, then quads of channels of one more
  /// format::Wiring; above 1 full_blocks is 0, last_quads counts the quads of all source blocks,
  /// and blocks is 1.
  int interleave;
  int blocks;  ///< 1 or 2
  int lanes;   ///< of the last block, from which on they hold no channel
  const std::int8_t* weights;
  std::ptrdiff_t weight_step;
  std::uint8_t* dst;
  std::ptrdiff_t dst_step;
  const std::uint32_t* dst_offset;
  const std::uint8_t* residual;  ///< null for none; may be dst
  std::ptrdiff_t residual_step;
  const std::uint32_t* residual_offset;
  I8Requantisation requantisation;
};

/// One row of a depthwise convolution. weights [blocks][kh][kw][16] from tap (ky_begin, 0).
struct I8DepthwiseRow {
  const std::uint8_t* src;
  std::ptrdiff_t row_step, column_step, block_step;
  int stride, kernel_width, ky_begin, ky_end;
  int blocks, width;
  const std::int8_t* weights;
  std::ptrdiff_t weight_step;
  const std::int32_t* bias;
  std::uint8_t* dst;
  std::ptrdiff_t dst_step;
  const std::uint8_t* residual;
  std::ptrdiff_t residual_step;
  I8Requantisation requantisation;
};

/// Rows [first, end) of one block of a depthwise convolution whose window is 3 x 3, 5 x 5 or 7 x 7,
/// stride 1 or 2, dilation 1. The last four pixels of a row may be made twice: `width` is a
/// multiple of 4 or, without a residual, larger than that.
struct I8DepthwiseBlock {
  const std::uint8_t* src;  ///< tap (0, 0) of output pixel (0, 0)
  std::ptrdiff_t row_step;
  int in_height, kernel, stride, pad;
  int first, end, width;            ///< of the output
  const std::int8_t* weights;       ///< [kernel][kernel][16]
  const std::int32_t* const* bias;  ///< of each row, [blocks * 16]
  std::ptrdiff_t bias_offset;       ///< to this block
  std::uint8_t* dst;                ///< row 0
  std::ptrdiff_t dst_step;
  const std::uint8_t* residual;  ///< null for none; may be dst
  std::ptrdiff_t residual_step;
  I8Requantisation requantisation;
};

inline constexpr int kI8PanelBlocks = 2;
/// Quads of channels of every group that a block holds.
constexpr int i8_quads_of_block(int interleave) {
  return interleave < 4 ? 4 / interleave : 1;
}
/// Of these, those that arrange_groups puts side by side, for groups of so many quads.
constexpr int i8_arranged_quads(int interleave, int quads) {
  return quads == 1 ? 1 : i8_quads_of_block(interleave);
}
/// Bytes that arrange_groups makes of one.
constexpr std::ptrdiff_t i8_arranged_bytes(int arranged_quads) {
  return arranged_quads == 1 ? 2 : 1;
}

struct I8Kernels {
  int max_pixels;  ///< of a tile
  /// What conv takes from every activation inside the map; its biases give it back.
  int conv_shift;
  /// Of interleaved groups alone where there are `words`.
  void (*conv)(const I8Panel& panel);
  /// For levels that multiply words (export/runtime/steps/i8_words.hpp); else null.
  struct Words {
    void (*conv)(const I8Panel& panel);  ///< src and weights are words, interleave is 1
    /// `count` is a multiple of 16.
    void (*widen_pixels)(std::byte* dst, const std::uint8_t* src, std::size_t count);
    void (*widen_weights)(std::byte* dst, const std::int8_t* src, std::size_t quads);
  } words;
  /// For levels whose conv reads the quads of interleaved groups side by side; else null. Makes of
  /// each of `count` / 16 pixels of a block, where it holds two quads, [quad][group][4] of two
  /// groups, and where it holds one, [group mod interleave][4] of eight: 16 or 32 bytes. What conv
  /// takes from activations is taken.
  void (*arrange_groups)(std::byte* dst, const std::uint8_t* src, std::size_t count, int interleave,
                         int arranged_quads);
  void (*depthwise_row)(const I8DepthwiseRow& row);
  void (*depthwise_block)(const I8DepthwiseBlock& block);  ///< may be null
  void (*image_row)(const I8ImageRow& row);
  void (*product_row)(const I8ProductRow& row);
  void (*gather_row)(const I8GatheredRow& row);
  void (*table_row)(const I8TableRow& row);
  void (*sum_row)(const I8SumRow& row);
  void (*mean)(const I8MeanCell& cell);
};
/// `fits_int32`: sums, and what they are times their multipliers, with a residual added, stay
/// within the int32 range, which the vector kernels rely on.
const I8Kernels& i8_kernels_of(Level level, bool fits_int32 = true);
const I8Kernels& i8_plain_kernels();
const I8Kernels& i8_avx2_kernels();
const I8Kernels& i8_vnni_kernels();
const I8Kernels& i8_neon_kernels();
const I8Kernels& i8_dotprod_kernels();
const I8Kernels& i8_wasm128_kernels();

/// Returns clamp(round_to_even(x) + zero_point, 0, 255); 0 for what is no number. Adding 1.5 * 2^23
/// leaves no fraction bits; what is cut to 512 before saturates either way.
inline std::uint8_t i8_rounded(float x, float zero_point) {
  constexpr float kNoFraction = 12582912.0F, kFar = 512;
  x = x > -kFar ? x : -kFar;
  x = x < kFar ? x : kFar;
  float place = (x + kNoFraction) - kNoFraction + zero_point;
  place = place > 0 ? place : 0;
  place = place < 255 ? place : 255;
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(place));
}

}  // namespace atto::edge
