#include "export/runtime/plan/tiles.hpp"

#include <algorithm>

namespace atto::edge {
namespace {

/// Calls add(first, pixels) for the fewest pieces of at most `max_pixels`, sizes differing by at
/// most one, the larger ones first.
template <class Add>
void cut(int count, int max_pixels, Add&& add) {
  const int pieces = (count + max_pixels - 1) / max_pixels;
  for (int i = 0, at = 0; i < pieces; ++i) {
    const int pixels = count / pieces + (i < count % pieces ? 1 : 0);
    add(at, pixels);
    at += pixels;
  }
}

}  // namespace

std::vector<std::uint32_t> pixel_offsets(const View& view) {
  std::vector<std::uint32_t> offsets;
  offsets.reserve(static_cast<std::size_t>(view.height) * static_cast<std::size_t>(view.width));
  for (int y = 0; y < view.height; ++y)
    for (int x = 0; x < view.width; ++x)
      offsets.push_back(static_cast<std::uint32_t>(y * view.row_stride + x * format::kLanes));
  return offsets;
}

void add_window_tiles(std::vector<Tile>& tiles, const format::Window& window, const View& in,
                      const View& out, int begin, int end, int max_pixels) {
  for (int y = begin; y < end; ++y) {
    const Range taps = taps_inside(window, y, in.height);
    const std::int64_t row = std::int64_t{y} * window.down.stride - window.down.pad +
                             std::int64_t{taps.begin} * window.dilation;
    cut(out.width, max_pixels, [&](int x, int pixels) {
      const std::int64_t column = std::int64_t{x} * window.across.stride - window.across.pad;
      tiles.push_back({row * in.row_stride + column * format::kLanes,
                       static_cast<std::uint32_t>(y * out.width + x),
                       static_cast<std::uint32_t>(pixels), taps.begin, taps.end});
    });
  }
}

std::vector<Strip> strips_of(const std::vector<Range>& turns, const format::Window& window,
                             const View& in, const View& out, int max_pixels, bool over_rows,
                             std::vector<Tile>& tiles) {
  // A file may ask for more or fewer pixels than the input has.
  over_rows = over_rows && in.is_compact() && in.height == out.height && in.width == out.width &&
              window == format::Window{};
  std::vector<Strip> strips;
  for (const Range& rows : turns) {
    Strip strip{rows.begin, rows.end, tiles.size(), 0};
    if (over_rows)
      cut((rows.end - rows.begin) * out.width, max_pixels, [&](int at, int pixels) {
        const std::int64_t pixel = std::int64_t{rows.begin} * out.width + at;
        tiles.push_back({pixel * format::kLanes, static_cast<std::uint32_t>(pixel),
                         static_cast<std::uint32_t>(pixels), 0, 1});
      });
    else
      add_window_tiles(tiles, window, in, out, rows.begin, rows.end, max_pixels);
    strip.tile_count = tiles.size() - strip.tile_begin;
    strips.push_back(strip);
  }
  return strips;
}

Range rows_read(const format::Window& window, int begin, int end, int height) {
  const std::int64_t first = std::int64_t{begin} * window.down.stride - window.down.pad;
  const std::int64_t last = (std::int64_t{end} - 1) * window.down.stride - window.down.pad +
                            (std::int64_t{window.height} - 1) * window.dilation;
  const std::int64_t rows = height;
  const int low = static_cast<int>(std::clamp<std::int64_t>(first, 0, rows));
  return {low, static_cast<int>(std::clamp<std::int64_t>(last + 1, low, rows))};
}

void fetch_during(ConvPanel& panel, int taps, std::span<const std::byte> next) {
  const std::ptrdiff_t steps_of_tile = std::ptrdiff_t{taps} * panel.full_blocks;
  const std::ptrdiff_t steps = static_cast<std::ptrdiff_t>(panel.tile_count) * steps_of_tile;
  if (steps == 0) return;
  panel.prefetch = next.data();
  panel.prefetch_step = (std::ssize(next) + steps - 1) / steps;
  panel.prefetch_tile = steps_of_tile * panel.prefetch_step;
}

void run_tiles(const ConvPanel& panel, const TileKernel* by_pixels) {
  for (std::size_t t = 0; t < panel.tile_count;) {
    const std::uint32_t pixels = panel.tiles[t].pixels;
    std::size_t next = t + 1;
    while (next < panel.tile_count && panel.tiles[next].pixels == pixels) ++next;
    by_pixels[pixels](panel, panel.tiles + t, next - t);
    t = next;
  }
}

}  // namespace atto::edge
