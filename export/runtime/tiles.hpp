#pragma once
// Cutting a map into strips of rows and tiles of pixels.

#include <cstdint>
#include <vector>

#include "export/format/program.hpp"
#include "export/runtime/kernels.hpp"
#include "export/runtime/view.hpp"

namespace atto::edge {

/// Output rows [begin, end) and their tiles.
struct Strip {
  int begin, end;
  std::size_t tile_begin, tile_count;
};

/// Returns the element of every pixel of a map, relative to View::data of a block.
std::vector<std::uint32_t> pixel_offsets(const View& view);

/// Cuts `count` pixels that lie side by side into tiles of nearly equal size; pixel `first` of the
/// map is element 0 of the source.
void add_compact_tiles(std::vector<Tile>& tiles, int first, int count, int max_pixels);

/// Cuts rows [begin, end) of `out`, each on its own; sources are elements of `in`.
void add_window_tiles(std::vector<Tile>& tiles, const format::Window& window, const View& in,
                      const View& out, int begin, int end, int max_pixels);

/// Returns the rows of a source of `height` rows that output rows [begin, end) read.
Range rows_read(const format::Window& window, int begin, int end, int height);

}  // namespace atto::edge
