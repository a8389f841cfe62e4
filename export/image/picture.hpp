#pragma once
// From a decoded picture to a model's pixels. The trainer, the command line and the C API call this
// one function, so that a picture is the same pixels everywhere, bit for bit.

#include <cstdint>

namespace atto::image {

/// Raised whenever a picture's pixels change: pixels that were kept of an older version are not
/// used.
inline constexpr int kPixelsVersion = 2;

/// What a pixel's values are. Cmyk: 255 is full ink; InvertedCmyk, as Adobe writes it: 0 is.
enum class Format : std::uint8_t { Grey = 1, GreyAlpha, Rgb, Rgba, Cmyk, InvertedCmyk };

constexpr int values_of(Format format) {
  return format < Format::Rgba ? static_cast<int>(format) : 4;
}

/// A view of decoded pixels [height, width, values_of(format)], as the file holds them.
struct Picture {
  const std::uint8_t* pixels = nullptr;
  int height = 0, width = 0;
  Format format = Format::Rgb;
  int orientation = 1;  ///< as in EXIF: 1..8, how it is to be turned to stand upright
};

/// What a model wants.
struct PixelShape {
  int channels = 3;  ///< 1 = grey, 3 = RGB
  int height = 0, width = 0;
};

/// Makes dst [height, width, channels]: transparency over black, ink to RGB, RGB to grey by ITU-R
/// BT.601 where one channel is wanted; turned upright; scaled so that it just covers the shape; the
/// middle is kept. docs/pixels.md says it at length. The picture has at least one pixel.
void make_pixels(const Picture& picture, const PixelShape& shape, std::uint8_t* dst);

}  // namespace atto::image
