#include "prototypes/detection/coding.hpp"

#include <algorithm>

namespace atto::det {

Delta encode(const Box& box, const Box& from, const DeltaWeights& weights) {
  const float width = from.width(), height = from.height();
  const float right = (box.x1 + box.width() / 2) - (from.x1 + width / 2);
  const float down = (box.y1 + box.height() / 2) - (from.y1 + height / 2);
  return {weights.middle * right / width, weights.middle * down / height,
          weights.size * std::log(box.width() / width),
          weights.size * std::log(box.height() / height)};
}

Box decode(const Delta& delta, const Box& from, const DeltaWeights& weights) {
  const auto stretched = [&](float by) {
    return std::exp(std::min(by / weights.size, kMostStretch));
  };
  const float width = from.width(), height = from.height();
  const float x = from.x1 + width / 2 + delta.x / weights.middle * width;
  const float y = from.y1 + height / 2 + delta.y / weights.middle * height;
  const float half_width = stretched(delta.width) * width / 2;
  const float half_height = stretched(delta.height) * height / 2;
  return {x - half_width, y - half_height, x + half_width, y + half_height};
}

}  // namespace atto::det
