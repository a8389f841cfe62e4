// Both directions walk the same taps: (bin, pixel, weight), in the same order.

#include "prototypes/detection/roi_align.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace atto::det {
namespace {

/// One sample along an axis: the two pixels around it, and what each counts.
struct Tap {
  int pixel[2] = {0, 0};
  float weight[2] = {0, 0};
};

Tap tap_at(float at, int pixels) {
  const auto last = static_cast<float>(pixels - 1);
  if (!(at >= -1 && at <= last + 1)) return {};
  at = std::clamp(at, 0.0F, last);
  const int low = static_cast<int>(at);
  const float beyond = at - static_cast<float>(low);
  return {{low, std::min(low + 1, pixels - 1)}, {1 - beyond, beyond}};
}

/// The taps of one axis, [bins, samples].
struct Axis {
  int samples = 1;
  std::vector<Tap> taps;
};

Axis axis_of(float from, float to, int pixels, const CropRule& rule) {
  const float start = from * rule.scale - (rule.is_aligned ? 0.5F : 0.0F);
  const float end = to * rule.scale - (rule.is_aligned ? 0.5F : 0.0F);
  const float length = rule.is_aligned ? end - start : std::max(end - start, 1.0F);
  const float bin = length / static_cast<float>(rule.side);
  Axis axis{rule.samples, {}};
  if (rule.samples == 0)
    axis.samples = static_cast<int>(std::clamp(std::ceil(bin), 1.0F, float{kMostSamples}));
  for (int i = 0; i < rule.side; ++i)
    for (int k = 0; k < axis.samples; ++k)
      axis.taps.push_back(
          tap_at(start + static_cast<float>(i) * bin +
                     (static_cast<float>(k) + 0.5F) * bin / static_cast<float>(axis.samples),
                 pixels));
  return axis;
}

/// Calls body(bin, pixel, weight) with indices into [side, side] and [height, width].
template <class Body>
void walk(const MapShape& shape, const Box& box, const CropRule& rule, const Body& body) {
  const Axis down = axis_of(box.y1, box.y2, shape.height, rule);
  const Axis right = axis_of(box.x1, box.x2, shape.width, rule);
  const float share = 1.0F / static_cast<float>(down.samples * right.samples);
  for (std::size_t y = 0; y < down.taps.size(); ++y)
    for (std::size_t x = 0; x < right.taps.size(); ++x) {
      const std::size_t bin =
          y / static_cast<std::size_t>(down.samples) * static_cast<std::size_t>(rule.side) +
          x / static_cast<std::size_t>(right.samples);
      for (int i = 0; i < 4; ++i) {
        const float weight = down.taps[y].weight[i / 2] * right.taps[x].weight[i % 2];
        const auto row = static_cast<std::size_t>(down.taps[y].pixel[i / 2]);
        const auto column = static_cast<std::size_t>(right.taps[x].pixel[i % 2]);
        if (weight != 0)
          body(bin, row * static_cast<std::size_t>(shape.width) + column, weight * share);
      }
    }
}

bool is_finite(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) &&
         std::isfinite(box.y2);
}

}  // namespace

void roi_align(const float* map, const MapShape& shape, const Box& box, const CropRule& rule,
               float* crop) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  std::fill_n(crop, static_cast<std::size_t>(rule.side * rule.side) * channels, 0.0F);
  if (!is_finite(box)) return;
  walk(shape, box, rule, [&](std::size_t bin, std::size_t pixel, float weight) {
    const float* src = map + pixel * channels;
    float* dst = crop + bin * channels;
    for (std::size_t c = 0; c < channels; ++c) dst[c] += weight * src[c];
  });
}

void roi_align_backward(const float* crop_slopes, const MapShape& shape, const Box& box,
                        const CropRule& rule, float* map_slopes) {
  if (!is_finite(box)) return;
  const auto channels = static_cast<std::size_t>(shape.channels);
  walk(shape, box, rule, [&](std::size_t bin, std::size_t pixel, float weight) {
    const float* src = crop_slopes + bin * channels;
    float* dst = map_slopes + pixel * channels;
    for (std::size_t c = 0; c < channels; ++c) dst[c] += weight * src[c];
  });
}

}  // namespace atto::det
