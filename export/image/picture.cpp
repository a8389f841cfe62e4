#include "export/image/picture.hpp"

#include <cstddef>
#include <vector>

#include "export/image/resize.hpp"

namespace atto::image {
namespace {

struct Colour {
  int red, green, blue;
};

/// Returns value * share / 255, rounded.
int part_of(int value, int share) {
  return (value * share + 127) / 255;
}

Colour colour_of(const std::uint8_t* pixel, Format format) {
  switch (format) {
    case Format::Grey:
      return {pixel[0], pixel[0], pixel[0]};
    case Format::GreyAlpha: {
      const int grey = part_of(pixel[0], pixel[1]);
      return {grey, grey, grey};
    }
    case Format::Rgb:
      return {pixel[0], pixel[1], pixel[2]};
    case Format::Rgba:
      return {part_of(pixel[0], pixel[3]), part_of(pixel[1], pixel[3]),
              part_of(pixel[2], pixel[3])};
    case Format::Cmyk: {
      const int light = 255 - pixel[3];
      return {part_of(255 - pixel[0], light), part_of(255 - pixel[1], light),
              part_of(255 - pixel[2], light)};
    }
    case Format::InvertedCmyk:
      return {part_of(pixel[0], pixel[3]), part_of(pixel[1], pixel[3]),
              part_of(pixel[2], pixel[3])};
  }
  return {};
}

/// Where pixel (y, x) of a picture stands when it is upright: first + y * down + x * right.
struct Turn {
  std::ptrdiff_t first, down, right;
};

Turn turn_of(const Picture& picture) {
  const std::ptrdiff_t h = picture.height, w = picture.width;
  switch (picture.orientation) {
    case 2:
      return {w - 1, w, -1};
    case 3:
      return {h * w - 1, -w, -1};
    case 4:
      return {(h - 1) * w, -w, 1};
    case 5:
      return {0, 1, h};
    case 6:
      return {h - 1, -1, h};
    case 7:
      return {h * w - 1, -1, -h};
    case 8:
      return {(w - 1) * h, 1, -h};
    default:
      return {0, w, 1};
  }
}

/// Returns the upright picture with 1 or 3 channels.
std::vector<std::uint8_t> upright(const Picture& picture, int channels) {
  const auto pixels =
      static_cast<std::size_t>(picture.height) * static_cast<std::size_t>(picture.width);
  std::vector<std::uint8_t> out(pixels * static_cast<std::size_t>(channels));
  const Turn turn = turn_of(picture);
  const std::uint8_t* from = picture.pixels;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x, from += values_of(picture.format)) {
      const Colour c = colour_of(from, picture.format);
      std::uint8_t* const to =
          out.data() + (turn.first + y * turn.down + x * turn.right) * channels;
      if (channels == 1) {
        // 0.299, 0.587 and 0.114 in 65,536ths, as libjpeg takes them: grey stays what it is.
        *to = static_cast<std::uint8_t>((19595 * c.red + 38470 * c.green + 7471 * c.blue + 32768) >>
                                        16);
        continue;
      }
      to[0] = static_cast<std::uint8_t>(c.red);
      to[1] = static_cast<std::uint8_t>(c.green);
      to[2] = static_cast<std::uint8_t>(c.blue);
    }
  return out;
}

}  // namespace

void make_pixels(const Picture& picture, const PixelShape& shape, std::uint8_t* dst) {
  const bool is_sideways = picture.orientation >= 5 && picture.orientation <= 8;
  Resizer resizer(is_sideways ? picture.width : picture.height,
                  is_sideways ? picture.height : picture.width, shape.channels, shape.height,
                  shape.width);
  const bool is_upright = picture.orientation < 2 || picture.orientation > 8;
  if (is_upright && static_cast<int>(picture.format) == shape.channels)
    resizer.write(picture.pixels, dst);
  else
    resizer.write(upright(picture, shape.channels).data(), dst);
}

}  // namespace atto::image
