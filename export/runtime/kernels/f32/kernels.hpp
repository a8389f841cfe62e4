#pragma once
// The kernels of one instruction-set level: plain functions over rows of 16-lane blocks
// (export/format/program.hpp draws the layout). Strides are in elements. Nothing here allocates.

#include <cstddef>
#include <cstdint>

#include "export/format/program.hpp"
#include "export/runtime/kernels/f32/winograd.hpp"

namespace atto::edge {

/// Neighbouring output pixels that one kernel call makes; all in one row of the source.
struct Tile {
  std::int64_t src = 0;      ///< element of the source: first pixel, tap (ky_begin, 0), block 0
  std::uint32_t pixel = 0;   ///< index into the offset tables
  std::uint32_t pixels = 0;  ///< 1 .. max_pixels
  std::int32_t ky_begin = 0, ky_end = 1;  ///< the rows of the window that meet the map
};

/// Up to `panel_blocks` blocks of 16 outputs, over a list of tiles. The image, which is planar
/// ([row][channel][width], padded; weights [kh][C][kw][16]), is a source too: its channels are the
/// columns of the window, and the window's columns the channels of the last block.
struct ConvPanel {
  const void* src;  ///< float, or bf16 for a bf16_conv; so are the weights
  const Tile* tiles;
  std::size_t tile_count;
  std::ptrdiff_t pixel_step;  ///< source elements between neighbouring outputs
  std::ptrdiff_t row_step, column_step, block_step;  ///< source elements between taps and blocks
  int kernel_width;
  int full_blocks, last_depth;  ///< source blocks of 16 channels, then channels of one more
  int blocks;                   ///< 1 .. panel_blocks
  int lanes;                    ///< of the last block, from which on they hold no channel
  const void* weights;          ///< [kh][kw][depth][16]
  std::ptrdiff_t weight_step;   ///< to the next block's
  const float* bias;            ///< [blocks * 16]
  float* dst;
  std::ptrdiff_t dst_step;          ///< to the next block
  const std::uint32_t* dst_offset;  ///< element of each pixel
  const float* residual;            ///< null for none; may be dst
  std::ptrdiff_t residual_step;
  const std::uint32_t* residual_offset;
  Clamp clamp, joined;
  const std::byte* prefetch;     ///< read soon after this panel
  std::ptrdiff_t prefetch_tile;  ///< bytes of it to fetch with every tile
  std::ptrdiff_t prefetch_step;  ///< and of these with every block of 16 channels
};

/// One row of a convolution whose groups are interleaved, `interleave` of them in the same blocks;
/// a depthwise one has interleave 16 and depth 1.
struct GroupedRow {
  const void* src;  ///< block 0, tap (ky_begin, 0) of pixel 0; float, or bf16 as in a ConvPanel
  std::ptrdiff_t row_step, column_step, block_step;
  int readers;                 ///< blocks of the output, neighbours, that read the same blocks
  std::ptrdiff_t reader_step;  ///< source elements from these to what the next ones read
  int stride;
  int kernel_width, ky_begin, ky_end;
  int interleave, depth;
  int blocks, width;    ///< of the output
  const void* weights;  ///< [blocks][kh][kw][depth][16], from tap (ky_begin, 0) of block 0
  std::ptrdiff_t weight_step;
  const float* bias;
  float* dst;
  std::ptrdiff_t dst_step;
  const float* residual;
  std::ptrdiff_t residual_step;
  Clamp clamp, joined;
};

/// One row of pooling; windows are cut at the map's borders.
struct PoolRow {
  const float* src;  ///< block 0, pixel 0 of row ky_begin
  std::ptrdiff_t row_step, block_step;
  int rows;  ///< of the window that meet the map
  int source_width, stride, pad, kernel_width;
  int blocks, width;
  bool is_max;
  float* dst;
  std::ptrdiff_t dst_step;
};

/// The mean over a rectangle, for every block.
struct MeanCell {
  const float* src;
  std::ptrdiff_t row_step, block_step;
  int rows, columns, blocks;
  float* dst;
  std::ptrdiff_t dst_step;
};

/// Lanes of a source's block, put into a block of the output, pixel by pixel.
struct LaneMove {
  const float* src;
  const std::int32_t* lanes;  ///< [16]: by lane of the output, the source's or -1
  float* dst;
  int width;
  bool begins;  ///< the other lanes become zero; else they stay
};

inline constexpr int kGroupedTile =
    8;  ///< pixels of the output that bf16_grouped_row makes at once

struct Kernels {
  int max_pixels;    ///< of a tile
  int panel_blocks;  ///< blocks of a panel
  void (*conv)(const ConvPanel& panel);
  /// Rounds `count` values, a multiple of 16, to bf16, to nearest even. The result is bf16 where
  /// there is a bf16_conv, else float. bf16 of `interleave` groups comes with the pairs of
  /// channels of all groups side by side: [channel / 2][group][2] of each 16 values.
  void (*bf16_round)(void* dst, const float* src, std::size_t count, int interleave);
  /// As conv, of bf16 weights [kh][kw][depth / 2][16][2] and a bf16 source; last_depth is even.
  /// Null where the CPU does not multiply bf16: conv then runs on the same numbers as floats.
  void (*bf16_conv)(const ConvPanel& panel);
  /// Makes floats [..][16] of `count` bf16 weights [.. / 2][16][2].
  void (*bf16_widen)(float* dst, const std::uint16_t* src, std::size_t count);
  void (*grouped_row)(const GroupedRow& row);
  /// As grouped_row, of bf16 weights [..][(depth + 1) / 2][16][2] and a bf16 source, of which the
  /// last tile reads up to kGroupedTile * stride pixels too many. Null as bf16_conv.
  void (*bf16_grouped_row)(const GroupedRow& row);
  void (*winograd_source)(const WinogradSource& row);
  void (*winograd_output)(const WinogradOutput& row);
  void (*pool_row)(const PoolRow& row);
  void (*mean)(const MeanCell& cell);
  /// dst = activation(src), `count` a multiple of 16; in place allowed for all of these.
  void (*activate)(float* dst, const float* src, std::size_t count, format::Activation activation);
  void (*add)(float* dst, const float* a, const float* b, std::size_t count);
  void (*multiply)(float* dst, const float* a, const float* b, std::size_t count);
  /// Multiplies every pixel by the same 16 values.
  void (*scale)(float* dst, const float* a, const float* by16, std::size_t count);
  void (*move_lanes)(const LaneMove& move);
};

/// Runs `count` tiles of one size.
using TileKernel = void (*)(const ConvPanel& panel, const Tile* tiles, std::size_t count);
/// Runs tiles of equal size together, each by the kernel of its number of pixels.
void run_tiles(const ConvPanel& panel, const TileKernel* by_pixels);

enum class Level : std::uint8_t;
/// Returns the table of a level that this build has; its kernels need that level's CPU.
const Kernels& kernels_of(Level level);
/// Of the CPUs that every build for the architecture runs on: scalar on x86, NEON on aarch64.
const Kernels& f32_first_kernels();
const Kernels& f32_avx2_kernels();
const Kernels& f32_avx512_kernels();
/// Those of avx512, with kernels that multiply bf16.
const Kernels& avx512_bf16_kernels();

}  // namespace atto::edge
