#include "export/runtime/detection/crops.hpp"

#include <algorithm>
#include <cstddef>

#include "export/format/detector_file.hpp"

namespace atto::edge {
namespace {

constexpr int kSamples = 2;  // of a bin, along each side
constexpr int kTaps = 2 * kSamples;

/// The pixels of a row or column that a bin is the weighted sum of; few, as its points share some.
struct Taps {
  std::size_t pixel[kTaps];
  float weight[kTaps];
  int count = 0;

  void add(int at, float share) {
    if (share == 0) return;
    const auto index = static_cast<std::size_t>(at);
    for (int i = 0; i < count; ++i)
      if (pixel[i] == index) return void(weight[i] += share);
    pixel[count] = index;
    weight[count++] = share;
  }
  /// A point between two pixels, or at the border of those that there are.
  void add_point(float at, int pixels) {
    const auto last = static_cast<float>(pixels - 1);
    if (!(at >= -1 && at <= last + 1)) return;
    at = std::clamp(at, 0.0F, last);
    const int low = static_cast<int>(at);
    const float beyond = at - static_cast<float>(low);
    add(low, (1 - beyond) / kSamples);
    add(std::min(low + 1, pixels - 1), beyond / kSamples);
  }
};
struct Axis {
  Taps bins[format::kMostCropSide];
};

void lay(float from, float to, int pixels, float scale, int side, Axis& axis) {
  const float start = from * scale - 0.5F;
  const float bin = (to * scale - 0.5F - start) / static_cast<float>(side);
  for (int i = 0; i < side; ++i)
    for (int sample = 0; sample < kSamples; ++sample)
      axis.bins[i].add_point(start + static_cast<float>(i) * bin +
                                 (static_cast<float>(sample) + 0.5F) * bin / kSamples,
                             pixels);
}

/// A bin's pixels in two dimensions.
struct Points {
  const float* pixel[kTaps * kTaps];  ///< channels next to each other
  float weight[kTaps * kTaps];
  int count = 0;
};

Points cross(const LevelMap& map, const Taps& row, const Taps& column) {
  Points points;
  for (int y = 0; y < row.count; ++y)
    for (int x = 0; x < column.count; ++x) {
      const std::size_t at = row.pixel[y] * static_cast<std::size_t>(map.width) + column.pixel[x];
      points.pixel[points.count] = map.pixels.data() + at * static_cast<std::size_t>(map.channels);
      points.weight[points.count++] = row.weight[y] * column.weight[x];
    }
  return points;
}

/// Writes so many channels of a bin, from channel `at` on; they lie `step` values apart.
template <std::size_t kChannels>
void add_up(const Points& points, std::size_t at, std::size_t step, float* dst) {
  float sum[kChannels] = {};
  for (int i = 0; i < points.count; ++i)
    for (std::size_t c = 0; c < kChannels; ++c)
      sum[c] += points.weight[i] * points.pixel[i][at + c];
  for (std::size_t c = 0; c < kChannels; ++c) dst[(at + c) * step] = sum[c];
}

}  // namespace

void LevelMap::take(std::span<const float> planes) {
  const auto count = static_cast<std::size_t>(channels), area = planes.size() / count;
  for (std::size_t p = 0; p < area; ++p)
    for (std::size_t c = 0; c < count; ++c) pixels[p * count + c] = planes[c * area + p];
}

void crop(const LevelMap& map, const Box& box, int side, float* dst) {
  Axis down, right;
  lay(box.y1, box.y2, map.height, map.scale, side, down);
  lay(box.x1, box.x2, map.width, map.scale, side, right);
  constexpr std::size_t kTogether = 16;
  const auto channels = static_cast<std::size_t>(map.channels);
  const auto bins = static_cast<std::size_t>(side * side);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, ++dst) {
      const Points points = cross(map, down.bins[y], right.bins[x]);
      std::size_t c = 0;
      for (; c + kTogether <= channels; c += kTogether) add_up<kTogether>(points, c, bins, dst);
      for (; c < channels; ++c) add_up<1>(points, c, bins, dst);
    }
}

}  // namespace atto::edge
