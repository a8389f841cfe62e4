#include "prototypes/detection/drawing/canvas.hpp"

#include <algorithm>

#include "prototypes/detection/drawing/font.hpp"

namespace atto::det {

Canvas::Canvas(int height, int width, const Colour& colour) : height_(height), width_(width) {
  pixels_.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
  fill({0, 0, width, height}, colour);
}

Canvas::Canvas(const std::uint8_t* pixels, int height, int width, int channels, int zoom)
    : Canvas(height * zoom, width * zoom) {
  for (int y = 0; y < height_; ++y)
    for (int x = 0; x < width_; ++x) {
      const std::uint8_t* src = pixels + (std::ptrdiff_t{y / zoom} * width + x / zoom) * channels;
      put(x, y, channels < 3 ? Colour{src[0], src[0], src[0]} : Colour{src[0], src[1], src[2]});
    }
}

Colour Canvas::at(int x, int y) const {
  const std::size_t i = (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                         static_cast<std::size_t>(x)) *
                        3;
  return {pixels_[i], pixels_[i + 1], pixels_[i + 2]};
}

void Canvas::put(int x, int y, const Colour& colour) {
  tint(x, y, colour, 100);
}

void Canvas::tint(int x, int y, const Colour& colour, int percent) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  std::uint8_t* pixel = pixels_.data() + (std::ptrdiff_t{y} * width_ + x) * 3;
  for (std::size_t c = 0; c < 3; ++c)
    pixel[c] =
        static_cast<std::uint8_t>((pixel[c] * (100 - percent) + colour[c] * percent + 50) / 100);
}

void Canvas::fill(const PixelBox& box, const Colour& colour) {
  const int right = std::min(width_, box.x + box.width),
            bottom = std::min(height_, box.y + box.height);
  for (int y = std::max(0, box.y); y < bottom; ++y)
    for (int x = std::max(0, box.x); x < right; ++x) put(x, y, colour);
}

void Canvas::frame(const PixelBox& box, const Colour& colour, int thickness) {
  const int across = std::min(thickness, box.width), down = std::min(thickness, box.height);
  fill({box.x, box.y, box.width, down}, colour);
  fill({box.x, box.y + box.height - down, box.width, down}, colour);
  fill({box.x, box.y, across, box.height}, colour);
  fill({box.x + box.width - across, box.y, across, box.height}, colour);
}

void Canvas::write(int x, int y, std::string_view text, const Colour& colour) {
  for (const char32_t character : characters_of(text)) {
    for (int row = 0; row < kGlyphHeight; ++row)
      for (int column = 0; column < kGlyphWidth; ++column)
        if (is_ink(character, column, row)) put(x + column, y + row, colour);
    x += kGlyphStep;
  }
}

PixelBox text_box(int x, int y, std::string_view text) {
  const int count = static_cast<int>(characters_of(text).size());
  return {x, y, std::max(0, count * kGlyphStep - (kGlyphStep - kGlyphWidth)), kGlyphHeight};
}

}  // namespace atto::det
