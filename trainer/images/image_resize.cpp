#include "trainer/images/image_resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace atto::train {

Resizer::Resizer(int height, int width, int channels, int side)
    : height_(height), width_(width), channels_(channels), side_(side) {
  if (height == side && width == side) return;
  const double scale = static_cast<double>(side) / std::min(height, width);
  const auto scaled = [&](int from) {
    return std::max(side, static_cast<int>(std::lround(from * scale)));
  };
  rows_ = make_taps(height, scaled(height), side);
  columns_ = make_taps(width, scaled(width), side);
  narrowed_.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(side * channels));
}

Resizer::Taps Resizer::make_taps(int from, int scaled, int side) {
  const double ratio = static_cast<double>(from) / scaled, reach = std::max(1.0, ratio);
  Taps taps;
  taps.count = std::min(from, static_cast<int>(std::ceil(2 * reach)) + 1);
  const int offset = (scaled - side) / 2;
  for (int i = 0; i < side; ++i) {
    const double centre = (i + offset + 0.5) * ratio - 0.5;
    const int first =
        std::clamp(static_cast<int>(std::floor(centre - reach)) + 1, 0, from - taps.count);
    taps.first.push_back(first);
    double sum = 0;
    std::vector<double> weights;
    for (int t = 0; t < taps.count; ++t) {
      // Places beyond the border repeat the border's pixel.
      weights.push_back(
          std::max(0.0, 1 - std::abs(first + t - std::clamp(centre, 0.0, from - 1.0)) / reach));
      sum += weights.back();
    }
    for (double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

void Resizer::append(const std::uint8_t* src, std::vector<std::uint8_t>& out) {
  const std::size_t at = out.size();
  out.resize(at + static_cast<std::size_t>(side_ * side_ * channels_));
  write(src, out.data() + at);
}

void Resizer::write(const std::uint8_t* src, std::uint8_t* dst) {
  if (narrowed_.empty()) {
    std::memcpy(dst, src, static_cast<std::size_t>(side_ * side_ * channels_));
    return;
  }
  const int pitch = side_ * channels_;
  for (int y = 0; y < height_; ++y)
    for (int x = 0; x < side_; ++x)
      for (int c = 0; c < channels_; ++c) {
        const std::uint8_t* from =
            src + (std::ptrdiff_t{y} * width_ + columns_.first[x]) * channels_ + c;
        float sum = 0;
        for (int t = 0; t < columns_.count; ++t)
          sum += columns_.weights[x * columns_.count + t] * static_cast<float>(from[t * channels_]);
        narrowed_[std::ptrdiff_t{y} * pitch + x * channels_ + c] = sum;
      }
  for (int y = 0; y < side_; ++y)
    for (int i = 0; i < pitch; ++i) {
      float sum = 0;
      for (int t = 0; t < rows_.count; ++t)
        sum += rows_.weights[y * rows_.count + t] *
               narrowed_[std::ptrdiff_t{rows_.first[y] + t} * pitch + i];
      dst[y * pitch + i] = static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.0F, 255.0F));
    }
}

}  // namespace atto::train
