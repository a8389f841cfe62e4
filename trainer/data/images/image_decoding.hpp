#pragma once
// From a JPEG or PNG file to pixels: the one way that training, evaluation and `atto run` take.
// Files are hostile until decoded.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "export/image/picture.hpp"

namespace atto::train {

/// 8-bit values as the file holds them, no colour management: 16-bit ones are divided by 257 and
/// rounded, palettes and fewer bits are expanded.
struct DecodedImage {
  int height = 0, width = 0;
  image::Format format = image::Format::Rgb;
  int orientation = 1;
  std::vector<std::uint8_t> pixels;  ///< [height, width, values_of(format)]
  std::string fault;                 ///< why it could not be decoded; empty when it could

  image::Picture picture() const { return {pixels.data(), height, width, format, orientation}; }
};

/// Decodes the bytes of a file. What would take too long is a fault: over 2^26 pixels, a JPEG of
/// more than 100 scans, or of so many that all together go over more than 2^30 pixels and over 16
/// scans.
DecodedImage decode_image(std::string_view bytes);
DecodedImage decode_image(const std::filesystem::path& file);

/// Makes the pixels that a network of this shape sees of a file, dst [height, width, channels].
/// Returns why it could not, or nothing.
std::string read_pixels(const std::filesystem::path& file, const image::PixelShape& shape,
                        std::uint8_t* dst);

}  // namespace atto::train
