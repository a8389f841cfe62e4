#pragma once
// What the head of a JPEG or PNG file says, without decoding it. Files are hostile: nothing is
// believed that was not checked.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace atto::image {

struct PictureHeader {
  int height = 0, width = 0;  ///< as stored
  bool is_grey = false;       ///< one channel, with or without transparency
  int orientation = 1;        ///< of its EXIF data: 1..8; 1 where there is none

  bool is_sideways() const { return orientation >= 5; }
  int upright_height() const { return is_sideways() ? width : height; }
  int upright_width() const { return is_sideways() ? height : width; }
};

/// Reads the bytes [at, at + into.size()) of a file; false where the file ends before.
using ReadAt = std::function<bool(std::uint64_t at, std::span<std::uint8_t> into)>;

/// Returns nothing where it is no JPEG or PNG file, or its head is damaged.
std::optional<PictureHeader> read_picture_header(const ReadAt& read);
std::optional<PictureHeader> read_picture_header(std::span<const std::uint8_t> file);

}  // namespace atto::image
