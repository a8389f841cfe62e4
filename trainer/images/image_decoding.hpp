#pragma once
// JPEG and PNG files to 8-bit RGB. Files are hostile until decoded.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace atto::train {

struct DecodedImage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]
  std::string fault;              ///< why it could not be decoded; empty when it could
};

/// Decodes a file; greyscale is expanded, CMYK and transparency are flattened. A JPEG whose shorter
/// side is at least twice `min_side` may be decoded at a fraction of its size, never below
/// min_side.
DecodedImage decode_image(const std::filesystem::path& file, int min_side);

}  // namespace atto::train
