// Shapes on noise.
#include <algorithm>
#include <cmath>

#include "trainer/data/instances/composition.hpp"
#include "trainer/data/instances/made_scenes.hpp"

namespace atto::train {
namespace {

enum ShapeKind { Disc, Ring, Bar };

bool is_in_shape(int kind, double dx, double dy, double size) {
  const double distance = std::hypot(dx, dy);
  if (kind == Disc) return distance <= size / 2;
  if (kind == Ring) return distance <= size / 2 && distance >= size / 4;
  return std::abs(dx) <= size / 2 && std::abs(dy) <= size / 6;
}

class SyntheticInstances : public MadeScenes {
 public:
  explicit SyntheticInstances(std::string_view name)
      : MadeScenes(name, {.size = 64, .train = 200, .validation = 20, .test = 50}) {
    info_.categories = {{1, "disc"}, {2, "ring"}, {3, "bar"}};
  }

 private:
  InstancePicture make(Split, std::uint64_t seed, bool has_pixels) const override {
    spec::Random random(seed);
    Composition scene(numbers_.size, has_pixels);
    const Shade ground = random_shade(random);
    scene.paint_background([&](int, int) { return ground; });
    const int side = numbers_.size;
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
      const int kind = static_cast<int>(random.below(3));
      const double size = side * (0.2 + 0.3 * random.uniform());
      const double x = side * (0.1 + 0.8 * random.uniform());
      const double y = side * (0.1 + 0.8 * random.uniform());
      // Far from the ground in every channel.
      Shade shade = ground;
      for (double& channel : shade) channel = std::fmod(channel + 90 + 75 * random.uniform(), 255);
      scene.lay(kind, around(x, y, size), [&](int column, int row) {
        return is_in_shape(kind, column + 0.5 - x, row + 0.5 - y, size) ? std::optional(shade)
                                                                        : std::nullopt;
      });
    }
    return scene.finished(random, 12);
  }
};

}  // namespace

std::unique_ptr<InstanceSet> open_synthetic_instances(std::string_view name) {
  return std::make_unique<SyntheticInstances>(name);
}

}  // namespace atto::train
