#pragma once
// Cutting a map into strips of rows and tiles of pixels.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "export/format/program.hpp"
#include "export/runtime/kernels/f32/kernels.hpp"
#include "export/runtime/plan/view.hpp"

namespace atto::edge {

/// Output rows [begin, end) and their tiles.
struct Strip {
  int begin, end;
  std::size_t tile_begin, tile_count;
  Range rows() const { return {begin, end}; }
};

/// Returns the element of every pixel of a map, relative to View::data of a block.
std::vector<std::uint32_t> pixel_offsets(const View& view);

/// Cuts rows [begin, end) of `out`, each on its own; sources are elements of `in`.
void add_window_tiles(std::vector<Tile>& tiles, const format::Window& window, const View& in,
                      const View& out, int begin, int end, int max_pixels);

/// Cuts the output rows of every turn into tiles. With `over_rows` these reach over the ends of
/// rows where the window is one pixel and the input is compact and of the output's size.
std::vector<Strip> strips_of(const std::vector<Range>& turns, const format::Window& window,
                             const View& in, const View& out, int max_pixels, bool over_rows,
                             std::vector<Tile>& tiles);

/// Lets a panel fetch `next`, what is read soon after it, a share with every block of channels of
/// every tap of every tile.
void fetch_during(ConvPanel& panel, int taps, std::span<const std::byte> next);

/// Returns the rows of a source of `height` rows that output rows [begin, end) read.
Range rows_read(const format::Window& window, int begin, int end, int height);

}  // namespace atto::edge
