#include "export/image/picture_header.hpp"

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace atto::image {
namespace {

/// Whole numbers of either byte order; 0 beyond the end.
class Numbers {
 public:
  Numbers(std::span<const std::uint8_t> bytes, bool is_little)
      : bytes_(bytes), is_little_(is_little) {}
  std::uint32_t at(std::uint64_t place, int count) const {
    if (place + static_cast<std::uint64_t>(count) > bytes_.size()) return 0;
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i)
      value = value << 8 | bytes_[static_cast<std::size_t>(place) +
                                  static_cast<std::size_t>(is_little_ ? count - 1 - i : i)];
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool is_little_;
};

std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::uint64_t at, int count) {
  return Numbers(bytes, false).at(at, count);
}

/// Returns the orientation in EXIF data: a TIFF header, and the tag in its first directory.
int orientation_in(std::span<const std::uint8_t> tiff) {
  constexpr std::uint32_t kOrientation = 0x0112, kShort = 3, kEntryBytes = 12;
  if (tiff.size() < 8 || (tiff[0] != 'I' && tiff[0] != 'M') || tiff[1] != tiff[0]) return 1;
  const Numbers numbers(tiff, tiff[0] == 'I');
  if (numbers.at(2, 2) != 42) return 1;
  const std::uint64_t directory = numbers.at(4, 4);
  const std::uint32_t entries = numbers.at(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + std::uint64_t{i} * kEntryBytes;
    if (entry + kEntryBytes > tiff.size()) return 1;
    if (numbers.at(entry, 2) != kOrientation) continue;
    const std::uint32_t value = numbers.at(entry + 8, numbers.at(entry + 2, 2) == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

bool has_size(std::uint32_t height, std::uint32_t width) {
  constexpr std::uint32_t kMost = 0x7fffffff;
  return height >= 1 && height <= kMost && width >= 1 && width <= kMost;
}

/// Reads EXIF data of at most 64 KiB behind `skipped` bytes of a segment or chunk.
std::optional<int> read_orientation(const ReadAt& read, std::uint64_t at, std::uint64_t size,
                                    std::string_view mark) {
  constexpr std::uint64_t kMostBytes = 1 << 16;
  if (size < mark.size() || size > kMostBytes) return {};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  if (!read(at, bytes) || std::memcmp(bytes.data(), mark.data(), mark.size()) != 0) return {};
  return orientation_in(std::span<const std::uint8_t>(bytes).subspan(mark.size()));
}

/// Walks the markers of a JPEG up to its first scan.
std::optional<PictureHeader> jpeg_header(const ReadAt& read) {
  PictureHeader header;
  std::optional<int> orientation;
  std::uint64_t at = 2;
  std::array<std::uint8_t, 8> head{};
  for (std::uint64_t length = 0; read(at, std::span(head).first(4)); at += 2 + length) {
    while (head[0] == 0xff && head[1] == 0xff)  // markers may be filled up
      if (!read(++at, std::span(head).first(4))) return {};
    length = big_endian(head, 2, 2);
    const int marker = head[1];
    if (head[0] != 0xff || length < 2) return {};
    if (marker == 0xda) break;
    if (marker == 0xe1 && !orientation)
      orientation = read_orientation(read, at + 4, length - 2, std::string_view("Exif\0", 6));
    if (marker < 0xc0 || marker > 0xcf || marker == 0xc4 || marker == 0xc8 || marker == 0xcc)
      continue;
    if (!read(at + 4, std::span(head).first(6))) return {};
    header.height = static_cast<int>(big_endian(head, 1, 2));
    header.width = static_cast<int>(big_endian(head, 3, 2));
    header.is_grey = head[5] == 1;
  }
  if (header.height < 1 || header.width < 1) return {};
  header.orientation = orientation.value_or(1);
  return header;
}

/// Walks the chunks of a PNG: EXIF data may stand before or behind the pixels.
std::optional<PictureHeader> png_header(const ReadAt& read) {
  std::array<std::uint8_t, 26> start{};
  if (!read(0, start) || std::memcmp(start.data() + 12, "IHDR", 4) != 0) return {};
  const std::uint32_t width = big_endian(start, 16, 4), height = big_endian(start, 20, 4);
  if (!has_size(height, width)) return {};
  constexpr int kGrey = 0, kGreyAlpha = 4;
  PictureHeader header{static_cast<int>(height), static_cast<int>(width),
                       start[25] == kGrey || start[25] == kGreyAlpha, 1};
  std::array<std::uint8_t, 8> head{};
  std::uint64_t length = 13;
  for (std::uint64_t at = 8; read(at += length + 12, head);) {  // length, name and checksum
    length = big_endian(head, 0, 4);
    if (std::memcmp(head.data() + 4, "eXIf", 4) != 0) continue;
    header.orientation = read_orientation(read, at + 8, length, "").value_or(1);
    break;
  }
  return header;
}

}  // namespace

std::optional<PictureHeader> read_picture_header(const ReadAt& read) {
  std::array<std::uint8_t, 4> magic{};
  if (!read(0, magic)) return {};
  if (magic[0] == 0xff && magic[1] == 0xd8) return jpeg_header(read);
  if (std::memcmp(magic.data(), "\x89PNG", 4) == 0) return png_header(read);
  return {};
}

std::optional<PictureHeader> read_picture_header(std::span<const std::uint8_t> file) {
  return read_picture_header([file](std::uint64_t at, std::span<std::uint8_t> into) {
    if (at > file.size() || file.size() - at < into.size()) return false;
    std::memcpy(into.data(), file.data() + at, into.size());
    return true;
  });
}

}  // namespace atto::image
