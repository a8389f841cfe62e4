#include "export/image/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace atto::image {

Resizer::Resizer(int height, int width, int channels, int to_height, int to_width)
    : width_(width), channels_(channels), to_height_(to_height), to_width_(to_width) {
  if (height == to_height && width == to_width) return;
  const double scale =
      std::max(static_cast<double>(to_height) / height, static_cast<double>(to_width) / width);
  const auto scaled = [&](int from, int to) {
    return std::max<std::int64_t>(to, std::llround(from * scale));
  };
  rows_ = make_taps(height, scaled(height, to_height), to_height);
  columns_ = make_taps(width, scaled(width, to_width), to_width);
  const int read_rows = rows_.first.back() + rows_.count - rows_.first.front();
  narrowed_.resize(static_cast<std::size_t>(read_rows) *
                   static_cast<std::size_t>(to_width * channels));
}

Resizer::Taps Resizer::make_taps(int from, std::int64_t scaled, int to) {
  const double ratio = static_cast<double>(from) / static_cast<double>(scaled),
               reach = std::max(1.0, ratio);
  Taps taps;
  taps.count = std::min(from, static_cast<int>(std::ceil(2 * reach)) + 1);
  const std::int64_t offset = (scaled - to) / 2;
  for (int i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i + offset) + 0.5) * ratio - 0.5;
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
  out.resize(at + static_cast<std::size_t>(to_height_ * to_width_ * channels_));
  write(src, out.data() + at);
}

void Resizer::write(const std::uint8_t* src, std::uint8_t* dst) {
  if (narrowed_.empty()) {
    std::memcpy(dst, src, static_cast<std::size_t>(to_height_ * to_width_ * channels_));
    return;
  }
  const int pitch = to_width_ * channels_;
  const int first_row = rows_.first.front(), last_row = rows_.first.back() + rows_.count;
  for (int y = first_row; y < last_row; ++y)
    for (int x = 0; x < to_width_; ++x)
      for (int c = 0; c < channels_; ++c) {
        const std::uint8_t* from =
            src + (std::ptrdiff_t{y} * width_ + columns_.first[x]) * channels_ + c;
        float sum = 0;
        for (int t = 0; t < columns_.count; ++t)
          sum += columns_.weights[x * columns_.count + t] * static_cast<float>(from[t * channels_]);
        narrowed_[std::ptrdiff_t{y - first_row} * pitch + x * channels_ + c] = sum;
      }
  for (int y = 0; y < to_height_; ++y)
    for (int i = 0; i < pitch; ++i) {
      float sum = 0;
      for (int t = 0; t < rows_.count; ++t)
        sum += rows_.weights[y * rows_.count + t] *
               narrowed_[std::ptrdiff_t{rows_.first[y] - first_row + t} * pitch + i];
      dst[y * pitch + i] = static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.0F, 255.0F));
    }
}

}  // namespace atto::image
