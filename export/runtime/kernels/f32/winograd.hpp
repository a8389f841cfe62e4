#pragma once
// What the kernels of Winograd's F(2x2, 3x3) take: rows of tiles, strides in elements.

#include <cstddef>

#include "export/runtime/kernels/clamp.hpp"

namespace atto::edge {

/// A row of Winograd's tiles, of one block: each is 4 x 4 pixels of the source, 2 x 2 of the
/// output, and 16 values a lane between. A tile begins two columns after the one before.
struct WinogradSource {
  const float* src;  ///< first row and column of the first tile
  std::ptrdiff_t row_step;
  int row_begin, row_end;   ///< of a tile's four rows, those that meet the map
  int tiles, columns;       ///< columns that the windows read; beyond lies nothing
  float* dst;               ///< [16][..][tiles][16 lanes]
  std::ptrdiff_t dst_step;  ///< to the next of the 16
};
struct WinogradOutput {
  const float* src;  ///< [16][..][tiles][16 lanes]
  std::ptrdiff_t src_step;
  int rows, width;  ///< 1 or 2
  const float* bias;
  float* dst;
  std::ptrdiff_t dst_step;  ///< to the next row
  const float* residual;    ///< null for none; may be dst
  std::ptrdiff_t residual_step;
  Clamp clamp, joined;
};

}  // namespace atto::edge
