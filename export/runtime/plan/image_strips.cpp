#include "export/runtime/plan/image_strips.hpp"

#include <algorithm>

namespace atto::edge {

ImageStrips::ImageStrips(const format::Program& program, const format::Window& window,
                         const View& out, const ImageStripLayout& layout,
                         const std::vector<Range>& turns, int max_pixels)
    : window_(window), height_(program.height), width_(program.width) {
  const std::int64_t step = std::int64_t{layout.row} * window.down.stride;
  const int rows =
      static_cast<int>(std::clamp<std::int64_t>(layout.elements / step, 1, out.height));
  for (const Range& turn : turns) {
    first_.push_back(strips_.size());
    for (int y = turn.begin; y < turn.end; y += rows) {
      Strip strip{y, std::min(y + rows, turn.end), tiles_.size(), 0};
      const Range read = rows_read(strip);
      source_rows_ = std::max(source_rows_, read.end - read.begin);
      add_tiles(strip, out, layout, max_pixels);
      strip.tile_count = tiles_.size() - strip.tile_begin;
      strips_.push_back(strip);
    }
  }
  first_.push_back(strips_.size());
}

Range ImageStrips::rows_read(const Strip& strip) const {
  return edge::rows_read(window_, strip.begin, strip.end, height_);
}

void ImageStrips::add_tiles(const Strip& strip, const View& out, const ImageStripLayout& layout,
                            int max_pixels) {
  const View source{nullptr, layout.row, 0, height_, width_, 1, window_.across.pad};
  const Range read = rows_read(strip);
  add_window_tiles(tiles_, window_, source, out, strip.begin, strip.end, max_pixels);
  for (std::size_t t = strip.tile_begin; t < tiles_.size(); ++t) {
    // Columns are counted from the padding's first one.
    const auto x = static_cast<std::int64_t>(tiles_[t].pixel) % out.width;
    const auto y = static_cast<std::int64_t>(tiles_[t].pixel) / out.width;
    const std::int64_t row = y * window_.down.stride - window_.down.pad +
                             std::int64_t{tiles_[t].ky_begin} * window_.dilation;
    tiles_[t].src = (row - read.begin) * layout.row + x * window_.across.stride * layout.pixel;
  }
}

}  // namespace atto::edge
