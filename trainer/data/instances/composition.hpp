#pragma once
// A picture that is composed of things laid over each other, and the exact masks of what is seen of
// each.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "design_specs/seeds/random.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

using Shade = std::array<double, 3>;  ///< red, green, blue, 0 to 255

/// Every channel uniform in [0, 255).
Shade random_shade(spec::Random& random);
/// a at 0, b at 1.
Shade between(const Shade& a, const Shade& b, double share);

/// Returns the pixels that are at most `radius` away from a point, and some more.
det::PixelBox around(double x, double y, double radius);

class Composition {
 public:
  /// Without pixels only masks are made, of the same objects.
  explicit Composition(int side, bool has_pixels = true);
  int side() const { return side_; }

  using Paint = std::function<std::optional<Shade>(int x, int y)>;
  /// Paints all pixels for which there is a shade; they belong to nothing.
  void paint_background(const Paint& paint);
  /// Lays a thing of a class over all that is there; it lies inside of `reach`.
  void lay(int category, const det::PixelBox& reach, const Paint& paint);
  /// Adds noise, the last that `random` is used for, and returns the picture. A thing of which less
  /// than 30 % or 24 pixels are seen is clutter, and no object.
  InstancePicture finished(spec::Random& random, double noise) const;

 private:
  std::size_t at(int x, int y) const;
  int side_;
  std::vector<Shade> shades_;         ///< empty without pixels
  std::vector<std::int32_t> owners_;  ///< which thing a pixel shows; -1: none
  struct Thing {
    int category = 0;
    std::int64_t pixels = 0;  ///< before others were laid over it
  };
  std::vector<Thing> things_;
};

}  // namespace atto::train
