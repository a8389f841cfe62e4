#pragma once
// Masks as COCO has them: runs down the columns. Everything agrees with pycocotools to the pixel.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atto::det {

/// A mask of height x width pixels, column by column from the top left: so many 0s, so many 1s, so
/// many 0s ... A run may be empty. Together they have height * width pixels.
struct Rle {
  int height = 0, width = 0;
  std::vector<std::uint32_t> runs;

  bool operator==(const Rle&) const = default;
};

/// Whole pixels; empty where a side is 0.
struct PixelBox {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const PixelBox&) const = default;
};

/// From and to bits [height, width], row by row; 0 = outside.
Rle encode_mask(std::span<const std::uint8_t> bits, int height, int width);
std::vector<std::uint8_t> decode_mask(const Rle& mask);

/// Says what is wrong with the runs, or nothing: their sum must be height * width.
std::string fault_of(const Rle& mask);

std::int64_t area(const Rle& mask);
/// The smallest box that holds the mask.
PixelBox bounds(const Rle& mask);

/// Returns the part of a mask in a box of its picture, as a mask of the box's size.
Rle cut(const Rle& mask, const PixelBox& box);

/// Pixels of either, of both, and of the first alone. Masks of one size.
Rle united(const Rle& a, const Rle& b);
Rle without(const Rle& a, const Rle& b);
std::int64_t intersection(const Rle& a, const Rle& b);

/// Returns intersection over union; over the detection alone where the truth is a crowd. 0 for
/// empty masks.
double iou(const Rle& detection, const Rle& truth, bool is_crowd = false);

/// COCO's compressed form of the runs: from the fourth on the difference to the last but one, in
/// groups of 5 bits, lowest first, as characters 48 to 111.
std::string compressed(const Rle& mask);
/// Returns nothing where the text is no such form of a mask of this size.
std::optional<Rle> decompressed(std::string_view text, int height, int width);

}  // namespace atto::det
