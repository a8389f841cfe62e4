// From decoded pictures to pixels, against plain definitions that share no code with them.
#include "export/image/picture.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/export/image/picture_files.hpp"

using namespace atto;
using image::Format;

namespace {

/// A picture of doubles [height][width][channels].
struct Plain {
  int height, width, channels;
  std::vector<double> values;
  double& at(int y, int x, int c) {
    return values[static_cast<std::size_t>((y * width + x) * channels + c)];
  }
};

Plain blank(int height, int width, int channels) {
  return {height, width, channels,
          std::vector<double>(static_cast<std::size_t>(height * width * channels))};
}

double rounded(double value) {
  return std::floor(value + 0.5);
}

/// What a pixel looks like over black, in red, green and blue.
std::vector<double> colour(const std::uint8_t* p, Format format) {
  const auto share = [&](int value, int of) { return rounded(value * of / 255.0); };
  switch (format) {
    case Format::Grey:
      return {double(p[0]), double(p[0]), double(p[0])};
    case Format::GreyAlpha:
      return {share(p[0], p[1]), share(p[0], p[1]), share(p[0], p[1])};
    case Format::Rgb:
      return {double(p[0]), double(p[1]), double(p[2])};
    case Format::Cmyk:
      return {share(255 - p[0], 255 - p[3]), share(255 - p[1], 255 - p[3]),
              share(255 - p[2], 255 - p[3])};
    default:
      return {share(p[0], p[3]), share(p[1], p[3]), share(p[2], p[3])};
  }
}

Plain flatten(const test::Pixels& from, int channels) {
  Plain to = blank(from.height, from.width, channels);
  const std::uint8_t* p = from.values.data();
  for (int y = 0; y < from.height; ++y)
    for (int x = 0; x < from.width; ++x, p += values_of(from.format)) {
      const std::vector<double> rgb = colour(p, from.format);
      if (channels == 1)
        to.at(y, x, 0) = rounded(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]);
      else
        for (int c = 0; c < 3; ++c) to.at(y, x, c) = rgb[static_cast<std::size_t>(c)];
    }
  return to;
}

Plain mirrored(Plain from) {
  Plain to = from;
  for (int y = 0; y < to.height; ++y)
    for (int x = 0; x < to.width; ++x)
      for (int c = 0; c < to.channels; ++c) to.at(y, x, c) = from.at(y, from.width - 1 - x, c);
  return to;
}

Plain turned_right(Plain from) {
  Plain to = blank(from.width, from.height, from.channels);
  for (int y = 0; y < to.height; ++y)
    for (int x = 0; x < to.width; ++x)
      for (int c = 0; c < to.channels; ++c) to.at(y, x, c) = from.at(from.height - 1 - x, y, c);
  return to;
}

/// EXIF's eight, as quarter turns to the right after a mirror.
Plain upright(Plain from, int orientation) {
  constexpr int kTurns[] = {0, 0, 0, 2, 2, 3, 1, 1, 3};
  const bool is_mirrored =
      orientation == 2 || orientation == 4 || orientation == 5 || orientation == 7;
  if (is_mirrored) from = mirrored(std::move(from));
  for (int i = 0; i < kTurns[orientation]; ++i) from = turned_right(std::move(from));
  return from;
}

/// The value at a place of one scaled side: a triangle over the source, the border repeated.
double weighed(double place, double reach, int size, const std::function<double(int)>& value) {
  place = std::min(std::max(place, 0.0), size - 1.0);
  double sum = 0, weights = 0;
  for (int i = 0; i < size; ++i) {
    const double weight = std::max(0.0, 1 - std::abs(i - place) / reach);
    sum += weight * value(i);
    weights += weight;
  }
  return sum / weights;
}

Plain covered(Plain from, int height, int width) {
  if (from.height == height && from.width == width) return from;
  const double scale = std::max(double(height) / from.height, double(width) / from.width);
  const int tall = std::max(height, int(std::lround(from.height * scale))),
            wide = std::max(width, int(std::lround(from.width * scale)));
  const double down = double(from.height) / tall, right = double(from.width) / wide;
  Plain to = blank(height, width, from.channels);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < from.channels; ++c)
        to.at(y, x, c) = weighed(
            (y + (tall - height) / 2 + 0.5) * down - 0.5, std::max(1.0, down), from.height,
            [&](int row) {
              return weighed((x + (wide - width) / 2 + 0.5) * right - 0.5, std::max(1.0, right),
                             from.width, [&](int column) { return from.at(row, column, c); });
            });
  return to;
}

std::vector<std::uint8_t> pixels_of(const image::Picture& picture, const image::PixelShape& shape) {
  std::vector<std::uint8_t> out(
      static_cast<std::size_t>(shape.channels * shape.height * shape.width));
  image::make_pixels(picture, shape, out.data());
  return out;
}

/// Exact where nothing is resized; else a value may fall to either side of a half.
void compare(const test::Pixels& source, int orientation, const image::PixelShape& shape) {
  INFO(source.height << "x" << source.width << " format " << int(source.format) << " orientation "
                     << orientation << " to " << shape.channels << "x" << shape.height << "x"
                     << shape.width);
  Plain straight = upright(flatten(source, shape.channels), orientation);
  const bool is_copy = straight.height == shape.height && straight.width == shape.width;
  const Plain wanted = covered(std::move(straight), shape.height, shape.width);
  const std::vector<std::uint8_t> got = pixels_of(source.picture(orientation), shape);
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, std::abs(got[i] - wanted.values[i]));
  CHECK(worst <= (is_copy ? 0 : 0.501));
}

}  // namespace

TEST_CASE("Pixels of every format, orientation and channel count are those of the definitions") {
  for (const Format format : {Format::Grey, Format::GreyAlpha, Format::Rgb, Format::Rgba,
                              Format::Cmyk, Format::InvertedCmyk})
    for (int orientation = 1; orientation <= 8; ++orientation)
      for (const int channels : {1, 3}) {
        const test::Pixels source = test::some_pixels(5, 7, format);
        compare(source, orientation,
                {channels, orientation >= 5 ? 7 : 5, orientation >= 5 ? 5 : 7});
        compare(source, orientation, {channels, 4, 4});
      }
}

TEST_CASE("Resizing covers any shape from any size, and keeps the middle") {
  for (const auto& [height, width] :
       {std::pair{1, 1}, {1, 40}, {40, 1}, {7, 13}, {13, 7}, {31, 97}, {64, 64}, {49, 10}})
    for (const auto& [to_height, to_width] :
         {std::pair{1, 1}, {8, 8}, {49, 10}, {10, 49}, {13, 7}, {32, 5}, {3, 64}})
      compare(test::some_pixels(height, width, Format::Grey), 1, {1, to_height, to_width});
}

TEST_CASE("A picture of a million rows takes memory for the rows that are seen") {
  test::Pixels needle{1 << 20, 1, Format::Grey, std::vector<std::uint8_t>(1 << 20, 9)};
  const auto pixels = pixels_of(needle.picture(), {3, 224, 224});
  CHECK(std::all_of(pixels.begin(), pixels.end(), [](int v) { return v == 9; }));
}

TEST_CASE("Grey stays what it is, whichever way it becomes grey") {
  test::Pixels grey{16, 16, Format::Grey, {}}, rgb{16, 16, Format::Rgb, {}};
  for (int v = 0; v < 256; ++v) {
    grey.values.push_back(static_cast<std::uint8_t>(v));
    rgb.values.insert(rgb.values.end(), 3, static_cast<std::uint8_t>(v));
  }
  CHECK(pixels_of(rgb.picture(), {1, 16, 16}) == grey.values);
  CHECK(pixels_of(grey.picture(), {3, 16, 16}) == rgb.values);
}
