#include "prototypes/detection/masks/rle.hpp"

#include <algorithm>
#include <cstddef>

namespace atto::det {
namespace {

/// Calls body(pixels, is_a, is_b) for stretches in which neither mask changes.
template <class Body>
void walk(const Rle& a, const Rle& b, const Body& body) {
  std::size_t at_a = 0, at_b = 0;
  std::uint32_t left_a = 0, left_b = 0;
  while (true) {
    while (left_a == 0 && at_a < a.runs.size()) left_a = a.runs[at_a++];
    while (left_b == 0 && at_b < b.runs.size()) left_b = b.runs[at_b++];
    const std::uint32_t pixels = std::min(left_a, left_b);
    if (pixels == 0) return;
    body(pixels, at_a % 2 == 0, at_b % 2 == 0);
    left_a -= pixels;
    left_b -= pixels;
  }
}

/// Adds pixels to runs that begin with 0s.
void append(std::vector<std::uint32_t>& runs, std::uint32_t pixels, bool is_inside) {
  if (runs.empty()) runs.push_back(0);
  if ((runs.size() % 2 == 0) != is_inside) runs.push_back(0);
  runs.back() += pixels;
}

template <class Op>
Rle combined(const Rle& a, const Rle& b, const Op& op) {
  Rle result{a.height, a.width, {}};
  walk(a, b, [&](std::uint32_t pixels, bool in_a, bool in_b) {
    append(result.runs, pixels, op(in_a, in_b));
  });
  return result;
}

}  // namespace

Rle encode_mask(std::span<const std::uint8_t> bits, int height, int width) {
  Rle mask{height, width, {0}};
  for (int x = 0; x < width; ++x)
    for (int y = 0; y < height; ++y)
      append(mask.runs, 1,
             bits[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)] != 0);
  return mask;
}

std::vector<std::uint8_t> decode_mask(const Rle& mask) {
  const auto height = static_cast<std::size_t>(mask.height);
  const auto width = static_cast<std::size_t>(mask.width);
  std::vector<std::uint8_t> bits(height * width);
  std::size_t at = 0;
  for (std::size_t run = 0; run < mask.runs.size(); at += mask.runs[run++])
    for (std::size_t i = 0; run % 2 == 1 && i < mask.runs[run]; ++i)
      bits[(at + i) % height * width + (at + i) / height] = 1;
  return bits;
}

std::string fault_of(const Rle& mask) {
  std::uint64_t pixels = 0;
  for (const std::uint32_t run : mask.runs) pixels += run;
  const auto all = static_cast<std::uint64_t>(mask.height) * static_cast<std::uint64_t>(mask.width);
  return pixels == all ? ""
                       : "runs must have " + std::to_string(all) + " pixels, height x width; got " +
                             std::to_string(pixels);
}

std::int64_t area(const Rle& mask) {
  std::int64_t pixels = 0;
  for (std::size_t run = 1; run < mask.runs.size(); run += 2) pixels += mask.runs[run];
  return pixels;
}

PixelBox bounds(const Rle& mask) {
  const auto height = static_cast<std::uint32_t>(mask.height);
  std::uint32_t left = 0, right = 0, top = height, bottom = 0, at = 0;
  for (std::size_t run = 0; run < mask.runs.size(); at += mask.runs[run++]) {
    if (run % 2 == 0 || mask.runs[run] == 0) continue;
    const std::uint32_t last = at + mask.runs[run] - 1;
    if (bottom == 0) left = at / height;
    right = last / height + 1;
    const bool is_one_column = at / height == last / height;
    top = std::min(top, is_one_column ? at % height : 0);
    bottom = std::max(bottom, is_one_column ? last % height + 1 : height);
  }
  if (bottom == 0) return {};
  return {static_cast<int>(left), static_cast<int>(top), static_cast<int>(right - left),
          static_cast<int>(bottom - top)};
}

Rle cut(const Rle& mask, const PixelBox& box) {
  const auto height = static_cast<std::uint32_t>(mask.height);
  Rle part{box.height, box.width, {}};
  int done = 0;  // pixels of the part
  const auto fill_to = [&](int pixels, bool is_inside) {
    if (pixels > done) append(part.runs, static_cast<std::uint32_t>(pixels - done), is_inside);
    done = pixels;
  };
  std::uint32_t at = 0;
  for (std::size_t run = 0; run < mask.runs.size(); at += mask.runs[run++]) {
    if (run % 2 == 0) continue;
    const std::uint32_t last = at + mask.runs[run];
    for (std::uint32_t from = at, to = 0; from < last; from = to) {  // a column at a time
      to = std::min(last, (from / height + 1) * height);
      const int x = static_cast<int>(from / height) - box.x;
      const int top = static_cast<int>(from % height) - box.y;
      const int bottom = std::min(top + static_cast<int>(to - from), box.height);
      if (x < 0 || x >= box.width || bottom <= std::max(top, 0)) continue;
      fill_to(x * box.height + std::max(top, 0), false);
      fill_to(x * box.height + bottom, true);
    }
  }
  fill_to(box.height * box.width, false);
  return part;
}

Rle united(const Rle& a, const Rle& b) {
  return combined(a, b, [](bool in_a, bool in_b) { return in_a || in_b; });
}

Rle without(const Rle& a, const Rle& b) {
  return combined(a, b, [](bool in_a, bool in_b) { return in_a && !in_b; });
}

std::int64_t intersection(const Rle& a, const Rle& b) {
  std::int64_t both = 0;
  walk(a, b,
       [&](std::uint32_t pixels, bool in_a, bool in_b) { both += in_a && in_b ? pixels : 0; });
  return both;
}

double iou(const Rle& detection, const Rle& truth, bool is_crowd) {
  const std::int64_t both = intersection(detection, truth);
  const std::int64_t whole = is_crowd ? area(detection) : area(detection) + area(truth) - both;
  return both > 0 ? static_cast<double>(both) / static_cast<double>(whole) : 0;
}

std::string compressed(const Rle& mask) {
  std::string text;
  for (std::size_t run = 0; run < mask.runs.size(); ++run) {
    std::int64_t rest = mask.runs[run];
    if (run > 2) rest -= mask.runs[run - 2];
    for (bool is_more = true; is_more;) {
      const std::int64_t group = rest & 0x1f;
      rest >>= 5;
      is_more = (group & 0x10) != 0 ? rest != -1 : rest != 0;
      text.push_back(static_cast<char>(48 + (group | (is_more ? 0x20 : 0))));
    }
  }
  return text;
}

std::optional<Rle> decompressed(std::string_view text, int height, int width) {
  constexpr int kMostGroups = 8;  // 40 bits: a difference of two runs below 2^32 has 33
  const std::int64_t pixels = std::int64_t{height} * width;
  Rle mask{height, width, {}};
  for (std::size_t at = 0; at < text.size();) {
    std::int64_t number = 0;
    int groups = 0;
    for (bool is_more = true; is_more; ++groups) {
      if (at == text.size() || groups == kMostGroups) return {};
      const int group = text[at++] - 48;
      if (group < 0 || group > 63) return {};
      is_more = (group & 0x20) != 0;
      number |= std::int64_t{group & 0x1f} << (5 * groups);
      if (!is_more && (group & 0x10) != 0) number -= std::int64_t{1} << (5 * (groups + 1));
    }
    if (mask.runs.size() > 2) number += mask.runs[mask.runs.size() - 2];
    if (number < 0 || number > pixels) return {};
    mask.runs.push_back(static_cast<std::uint32_t>(number));
  }
  if (!fault_of(mask).empty()) return {};
  return mask;
}

}  // namespace atto::det
