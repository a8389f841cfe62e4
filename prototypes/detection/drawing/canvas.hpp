#pragma once
// A picture to draw on. Everything is cut off at its borders; whole numbers only, so that the same
// is drawn on every machine.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/detection/masks/rle.hpp"

namespace atto::det {

using Colour = std::array<std::uint8_t, 3>;  ///< red, green, blue

class Canvas {
 public:
  Canvas(int height, int width, const Colour& colour = {});
  /// pixels [height, width, channels]: grey (1), grey and alpha (2), red, green, blue (3), and
  /// alpha (4); alpha is passed over. Each pixel becomes zoom x zoom ones.
  Canvas(const std::uint8_t* pixels, int height, int width, int channels, int zoom = 1);

  int height() const { return height_; }
  int width() const { return width_; }
  const std::vector<std::uint8_t>& pixels() const { return pixels_; }  ///< [height, width, 3]
  Colour at(int x, int y) const;

  void put(int x, int y, const Colour& colour);
  /// Mixes in `percent` of the colour.
  void tint(int x, int y, const Colour& colour, int percent);
  void fill(const PixelBox& box, const Colour& colour);
  /// The border of a box, inside of it.
  void frame(const PixelBox& box, const Colour& colour, int thickness = 1);
  /// UTF-8, from its top left corner.
  void write(int x, int y, std::string_view text, const Colour& colour);

 private:
  int height_, width_;
  std::vector<std::uint8_t> pixels_;
};

/// Returns the size that a text takes.
PixelBox text_box(int x, int y, std::string_view text);

/// Returns the bytes of a PNG file. Throws InternalError for an empty canvas.
std::string png_bytes(const Canvas& canvas);

}  // namespace atto::det
