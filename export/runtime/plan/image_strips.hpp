#pragma once
// How a first convolution walks over the caller's image: every turn in strips of output rows, whose
// image rows are copied with their padding into a scratch strip, and the tiles of each strip.

#include <cstdint>
#include <span>
#include <vector>

#include "export/format/program.hpp"
#include "export/runtime/plan/tiles.hpp"

namespace atto::edge {

/// A scratch strip, in elements.
struct ImageStripLayout {
  std::ptrdiff_t row;     ///< from an image row to the next, all channels and padding
  std::ptrdiff_t pixel;   ///< from a column to the next
  std::int64_t elements;  ///< to stay within, where a strip of one output row allows it
};

class ImageStrips {
 public:
  ImageStrips(const format::Program& program, const format::Window& window, const View& out,
              const ImageStripLayout& layout, const std::vector<Range>& turns, int max_pixels);

  std::span<const Strip> strips_of(int turn) const {
    const auto at = static_cast<std::size_t>(turn);
    return std::span(strips_).subspan(first_[at], first_[at + 1] - first_[at]);
  }
  /// Of all strips; sources are elements of the scratch strip.
  const std::vector<Tile>& tiles() const { return tiles_; }
  /// The most image rows that a strip reads.
  int source_rows() const { return source_rows_; }
  /// The image rows that a strip reads.
  Range rows_read(const Strip& strip) const;

 private:
  void add_tiles(const Strip& strip, const View& out, const ImageStripLayout& layout,
                 int max_pixels);

  format::Window window_;
  int height_, width_;  ///< of the image
  int source_rows_ = 0;
  std::vector<Strip> strips_;
  std::vector<std::size_t> first_;  ///< the first strip of every turn, and the number of strips
  std::vector<Tile> tiles_;
};

}  // namespace atto::edge
