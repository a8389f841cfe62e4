#include "prototypes/detection/masks/crops.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "prototypes/detection/roi_align.hpp"

namespace atto::det {
namespace {

/// What a row or column of the mask counts at one row or column of the picture; a row outside of
/// the mask counts nothing.
struct Between {
  int low = 0;
  float beyond = 0;
};

/// Returns them for the pixels that the mask reaches, from `first` on.
std::vector<Between> between(float from, float to, int side, int pixels, int& first) {
  std::vector<Between> all;
  const double scale = side / (double{to} - from);
  for (int i = 0; i < pixels; ++i) {
    const double at = (i + 0.5 - from) * scale - 0.5;
    if (!(at > -1 && at < side)) continue;
    if (all.empty()) first = i;
    const double low = std::floor(at);
    all.push_back({static_cast<int>(low), static_cast<float>(at - low)});
  }
  return all;
}

}  // namespace

std::vector<float> mask_target(const Rle& mask, const Box& box, int side) {
  const std::vector<std::uint8_t> bits = decode_mask(mask);
  const std::vector<float> map(bits.begin(), bits.end());
  std::vector<float> target(static_cast<std::size_t>(side * side));
  roi_align(map.data(), {mask.height, mask.width, 1}, box, {side, 1, 0, true}, target.data());
  return target;
}

Rle pasted(const float* mask, int side, const Box& box, int height, int width, float threshold) {
  std::vector<std::uint8_t> bits(static_cast<std::size_t>(height) *
                                 static_cast<std::size_t>(width));
  if (is_degenerate(box, 0) || !(area(box) > 0)) return encode_mask(bits, height, width);
  const auto value = [&](int row, int column) {
    const bool is_inside = row >= 0 && row < side && column >= 0 && column < side;
    return is_inside ? mask[row * side + column] : 0.0F;
  };
  int top = 0, left = 0;
  const std::vector<Between> rows = between(box.y1, box.y2, side, height, top);
  const std::vector<Between> columns = between(box.x1, box.x2, side, width, left);
  for (std::size_t y = 0; y < rows.size(); ++y)
    for (std::size_t x = 0; x < columns.size(); ++x) {
      const auto [row, down] = rows[y];
      const auto [column, right] = columns[x];
      const float above = (1 - right) * value(row, column) + right * value(row, column + 1);
      const float below = (1 - right) * value(row + 1, column) + right * value(row + 1, column + 1);
      bits[(static_cast<std::size_t>(top) + y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(left) + x] = (1 - down) * above + down * below >= threshold;
    }
  return encode_mask(bits, height, width);
}

}  // namespace atto::det
