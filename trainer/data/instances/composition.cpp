#include "trainer/data/instances/composition.hpp"

#include <algorithm>
#include <cmath>

namespace atto::train {
namespace {

constexpr double kLeastSeen = 0.3;
constexpr std::int64_t kLeastPixels = 24;

}  // namespace

Shade random_shade(spec::Random& random) {
  Shade shade{};
  for (double& channel : shade) channel = 255 * random.uniform();
  return shade;
}

Shade between(const Shade& a, const Shade& b, double share) {
  Shade shade{};
  for (std::size_t c = 0; c < shade.size(); ++c) shade[c] = a[c] + share * (b[c] - a[c]);
  return shade;
}

det::PixelBox around(double x, double y, double radius) {
  const int side = 2 * static_cast<int>(std::ceil(radius)) + 2;
  return {static_cast<int>(std::floor(x)) - side / 2, static_cast<int>(std::floor(y)) - side / 2,
          side, side};
}

Composition::Composition(int side, bool has_pixels)
    : side_(side), owners_(static_cast<std::size_t>(side) * static_cast<std::size_t>(side), -1) {
  if (has_pixels) shades_.resize(owners_.size());
}

std::size_t Composition::at(int x, int y) const {
  return static_cast<std::size_t>(y) * static_cast<std::size_t>(side_) +
         static_cast<std::size_t>(x);
}

void Composition::paint_background(const Paint& paint) {
  if (shades_.empty()) return;
  for (int y = 0; y < side_; ++y)
    for (int x = 0; x < side_; ++x)
      if (const auto shade = paint(x, y)) shades_[at(x, y)] = *shade;
}

void Composition::lay(int category, const det::PixelBox& reach, const Paint& paint) {
  Thing thing{category, 0};
  const int right = std::min(side_, reach.x + reach.width);
  const int bottom = std::min(side_, reach.y + reach.height);
  for (int y = std::max(0, reach.y); y < bottom; ++y)
    for (int x = std::max(0, reach.x); x < right; ++x)
      if (const auto shade = paint(x, y)) {
        if (!shades_.empty()) shades_[at(x, y)] = *shade;
        owners_[at(x, y)] = static_cast<std::int32_t>(things_.size());
        ++thing.pixels;
      }
  things_.push_back(thing);
}

InstancePicture Composition::finished(spec::Random& random, double noise) const {
  InstancePicture picture{side_, side_, 3, {}, {}};
  picture.pixels.reserve(shades_.size() * 3);
  for (const Shade& shade : shades_)
    for (const double channel : shade)
      picture.pixels.push_back(static_cast<std::uint8_t>(
          std::clamp(channel + noise * (2 * random.uniform() - 1) + 0.5, 0.0, 255.0)));
  std::vector<std::uint8_t> bits(owners_.size());
  for (std::size_t i = 0; i < things_.size(); ++i) {
    for (std::size_t k = 0; k < bits.size(); ++k)
      bits[k] = owners_[k] == static_cast<std::int32_t>(i);
    det::Rle mask = det::encode_mask(bits, side_, side_);
    const std::int64_t seen = det::area(mask);
    if (seen < kLeastPixels ||
        static_cast<double>(seen) < kLeastSeen * static_cast<double>(things_[i].pixels))
      continue;
    const det::PixelBox box = det::bounds(mask);
    picture.objects.push_back({0,
                               things_[i].category,
                               {static_cast<double>(box.x), static_cast<double>(box.y),
                                static_cast<double>(box.width), static_cast<double>(box.height)},
                               std::move(mask),
                               static_cast<double>(seen),
                               false});
  }
  return picture;
}

}  // namespace atto::train
