#pragma once
// Picture files made in memory, for tests.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "export/image/picture.hpp"

namespace atto::test {

/// Pixels [height, width, values_of(format)] that differ everywhere.
struct Pixels {
  int height = 0, width = 0;
  image::Format format = image::Format::Rgb;
  std::vector<std::uint8_t> values;
  image::Picture picture(int orientation = 1) const {
    return {values.data(), height, width, format, orientation};
  }
};
Pixels some_pixels(int height, int width, image::Format format);

struct JpegOptions {
  bool is_progressive = false;
  int quality = 90;
};
/// Grey, Rgb, Cmyk (without Adobe's marker) or InvertedCmyk (with it).
std::string jpeg_file(const Pixels& pixels, const JpegOptions& options = {});
/// Repeats the first scan of a progressive JPEG `times` times more.
std::string with_more_scans(const std::string& jpeg, int times);

struct PngOptions {
  int bits = 8;  ///< 16: each value v is written as 257 v + `low`
  int low = 0;
  bool is_interlaced = false;
  double gamma = 0;  ///< of a gAMA chunk; 0 = none
};
/// Grey, GreyAlpha, Rgb or Rgba.
std::string png_file(const Pixels& pixels, const PngOptions& options = {});
/// Puts a chunk behind IHDR, or before IEND.
std::string with_chunk(const std::string& png, const std::string& name, const std::string& data,
                       bool at_end = false);

/// A TIFF header with a directory that holds the orientation between two other tags.
std::string exif(int orientation, bool is_little);
/// Puts EXIF data behind the first marker of a JPEG.
std::string with_exif(const std::string& jpeg, const std::string& tiff);

void write(const std::filesystem::path& file, const std::string& bytes);

}  // namespace atto::test
