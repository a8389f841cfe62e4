#include "export/runtime/detection/crops.hpp"

#include <algorithm>
#include <cstddef>

#include "export/format/detector_file.hpp"

namespace atto::edge {
namespace {

constexpr int kSamples = 2;  // of a bin, along each side

/// A point between two pixels of a row or column.
struct Tap {
  std::size_t pixel[2] = {0, 0};
  float weight[2] = {0, 0};
};
struct Axis {
  Tap taps[format::kMostCropSide * kSamples];
};

Tap tap_at(float at, int pixels) {
  const auto last = static_cast<float>(pixels - 1);
  if (!(at >= -1 && at <= last + 1)) return {};
  at = std::clamp(at, 0.0F, last);
  const int low = static_cast<int>(at);
  const float beyond = at - static_cast<float>(low);
  return {{static_cast<std::size_t>(low), static_cast<std::size_t>(std::min(low + 1, pixels - 1))},
          {1 - beyond, beyond}};
}

void lay(float from, float to, int pixels, float scale, int side, Axis& axis) {
  const float start = from * scale - 0.5F;
  const float bin = (to * scale - 0.5F - start) / static_cast<float>(side);
  for (int i = 0; i < side * kSamples; ++i)
    axis.taps[i] = tap_at(start + static_cast<float>(i / kSamples) * bin +
                              (static_cast<float>(i % kSamples) + 0.5F) * bin / kSamples,
                          pixels);
}

}  // namespace

void LevelMap::take(std::span<const float> planes) {
  const auto count = static_cast<std::size_t>(channels), area = planes.size() / count;
  for (std::size_t p = 0; p < area; ++p)
    for (std::size_t c = 0; c < count; ++c) pixels[p * count + c] = planes[c * area + p];
}

void crop(const LevelMap& map, const Box& box, int side, std::span<float> sums, float* dst) {
  Axis down, right;
  lay(box.y1, box.y2, map.height, map.scale, side, down);
  lay(box.x1, box.x2, map.width, map.scale, side, right);
  const auto channels = static_cast<std::size_t>(map.channels);
  const auto bins = static_cast<std::size_t>(side * side);
  float* const sum = sums.data();
  for (std::size_t bin = 0; bin < bins; ++bin) {
    std::fill_n(sum, channels, 0.0F);
    const Tap* const rows = down.taps + bin / static_cast<std::size_t>(side) * kSamples;
    const Tap* const columns = right.taps + bin % static_cast<std::size_t>(side) * kSamples;
    for (int i = 0; i < kSamples * kSamples * 4; ++i) {  // points, and the four pixels of each
      const Tap &row = rows[i / 4 / kSamples], &column = columns[i / 4 % kSamples];
      const float weight = row.weight[i / 2 % 2] * column.weight[i % 2] / (kSamples * kSamples);
      if (weight == 0) continue;
      const std::size_t at =
          row.pixel[i / 2 % 2] * static_cast<std::size_t>(map.width) + column.pixel[i % 2];
      const float* const src = map.pixels.data() + at * channels;
      for (std::size_t c = 0; c < channels; ++c) sum[c] += weight * src[c];
    }
    for (std::size_t c = 0; c < channels; ++c) dst[c * bins + bin] = sum[c];
  }
}

}  // namespace atto::edge
