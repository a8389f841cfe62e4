// Scenes of Fashion-MNIST's items.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "trainer/data/dataset.hpp"
#include "trainer/data/instances/composition.hpp"
#include "trainer/data/instances/made_scenes.hpp"

namespace atto::train {
namespace {

constexpr int kItemSide = 28;
constexpr double kLeastGrey = 0.06;  // darker is not the item

/// Four octaves of noise between two shades.
class Clouds {
 public:
  explicit Clouds(spec::Random& random)
      : dark_(random_shade(random)), light_(random_shade(random)) {
    for (std::size_t octave = 0; octave < kOctaves; ++octave)
      for (int i = 0; i < cells(octave) * cells(octave); ++i)
        lattice_[octave].push_back(random.uniform());
  }

  /// x and y: 0 to 1 across the picture.
  Shade at(double x, double y) const {
    double sum = 0, weights = 0, weight = 1;
    for (std::size_t octave = 0; octave < kOctaves; ++octave, weight /= 2) {
      sum += weight * value(octave, x, y);
      weights += weight;
    }
    return between(dark_, light_, sum / weights);
  }

 private:
  static constexpr std::size_t kOctaves = 4;
  static int cells(std::size_t octave) { return (2 << octave) + 1; }

  double value(std::size_t octave, double x, double y) const {
    const int side = cells(octave);
    const double u = x * (side - 1), v = y * (side - 1);
    const int column = std::min(static_cast<int>(u), side - 2);
    const int row = std::min(static_cast<int>(v), side - 2);
    const auto eased = [](double t) { return t * t * (3 - 2 * t); };
    const double right = eased(u - column), down = eased(v - row);
    const auto corner = [&](int dy, int dx) {
      return lattice_[octave][static_cast<std::size_t>((row + dy) * side + column + dx)];
    };
    return (1 - down) * ((1 - right) * corner(0, 0) + right * corner(0, 1)) +
           down * ((1 - right) * corner(1, 0) + right * corner(1, 1));
  }

  Shade dark_, light_;
  std::array<std::vector<double>, kOctaves> lattice_;
};

/// Clouds, and over them nothing, stripes, chequers or grain.
void paint_background(Composition& scene, spec::Random& random) {
  const Clouds clouds(random);
  const Shade shade = random_shade(random);
  const std::uint64_t pattern = random.below(4);
  const double side = scene.side(), period = side * (0.04 + 0.08 * random.uniform());
  const double angle = M_PI * random.uniform(), strength = 0.2 + 0.3 * random.uniform();
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const spec::Random grain = random.fork(1);
  scene.paint_background([&](int x, int y) -> std::optional<Shade> {
    const Shade base = clouds.at(x / side, y / side);
    const double along = (x * cosine + y * sine) / period;
    const double across = (y * cosine - x * sine) / period;
    const auto is_odd = [](double at) { return std::fmod(std::floor(at), 2) != 0; };
    bool is_painted = false;
    if (pattern == 1) is_painted = is_odd(along);
    if (pattern == 2) is_painted = is_odd(along) != is_odd(across);
    if (pattern == 3)
      is_painted = grain.fork(static_cast<std::uint64_t>(y * scene.side() + x)).below(4) == 0;
    return is_painted ? between(base, shade, strength) : base;
  });
}

/// Where an item lies, and in which shades.
struct Placement {
  double x = 0, y = 0;  ///< of its middle, pixels
  double size = 0;      ///< side, pixels
  double cosine = 1, sine = 0;
  bool is_flipped = false;
  Shade dark{}, light{};
};

Placement random_placement(int side, spec::Random& random) {
  constexpr double kLeast = 22.0 / 128, kMost = 64.0 / 128, kTurn = 25 * M_PI / 180;
  Placement place;
  place.size = side * kLeast * std::pow(kMost / kLeast, random.uniform());
  place.x = side * (0.08 + 0.84 * random.uniform());
  place.y = side * (0.08 + 0.84 * random.uniform());
  const double angle = kTurn * (2 * random.uniform() - 1);
  place.cosine = std::cos(angle);
  place.sine = std::sin(angle);
  place.is_flipped = random.below(2) == 1;
  place.dark = random_shade(random);
  place.light = random_shade(random);
  return place;
}

/// Returns the interpolated grey of an item at a point, 0 to 1; 0 outside.
double grey_at(const std::uint8_t* item, double u, double v) {
  const double left = std::floor(u), top = std::floor(v);
  const auto pixel = [&](double column, double row) {
    const bool is_inside = column >= 0 && row >= 0 && column < kItemSide && row < kItemSide;
    return is_inside ? item[static_cast<int>(row) * kItemSide + static_cast<int>(column)] / 255.0
                     : 0.0;
  };
  const double right = u - left, down = v - top;
  return (1 - down) * ((1 - right) * pixel(left, top) + right * pixel(left + 1, top)) +
         down * ((1 - right) * pixel(left, top + 1) + right * pixel(left + 1, top + 1));
}

void lay_item(Composition& scene, int category, const std::uint8_t* item, const Placement& place) {
  scene.lay(category, around(place.x, place.y, place.size),
            [&](int x, int y) -> std::optional<Shade> {
              const double dx = x + 0.5 - place.x, dy = y + 0.5 - place.y;
              const double across = (dx * place.cosine + dy * place.sine) / place.size;
              const double down = (dy * place.cosine - dx * place.sine) / place.size;
              if (std::abs(across) > 0.5 || std::abs(down) > 0.5) return {};
              const double u = (place.is_flipped ? 0.5 - across : 0.5 + across) * kItemSide - 0.5;
              const double grey = grey_at(item, u, (0.5 + down) * kItemSide - 0.5);
              if (grey <= kLeastGrey) return {};
              return between(place.dark, place.light, grey);
            });
}

class FashionScenes : public MadeScenes {
 public:
  explicit FashionScenes(std::string_view name)
      : MadeScenes(name, {}), items_(load_dataset(describe_dataset("fashion_mnist"))) {
    info_.digest = fmt::format(
        "{:016x}",
        spec::derive_seed({spec::hash_bytes(info_.digest), spec::hash_bytes(items_.info.digest)}));
    for (const std::string& class_name : items_.class_names)
      info_.categories.push_back(
          {static_cast<std::int64_t>(info_.categories.size()) + 1, class_name});
  }

 private:
  InstancePicture make(Split split, std::uint64_t seed, bool has_pixels) const override {
    constexpr std::uint64_t kMostItems = 6;
    spec::Random random(seed);
    Composition scene(numbers_.size, has_pixels);
    paint_background(scene, random);
    const auto& items = split == Split::Train        ? items_.train
                        : split == Split::Validation ? items_.validation
                                                     : items_.test;
    for (std::uint64_t left = 1 + random.below(kMostItems); left > 0; --left) {
      const std::int32_t item = items[random.below(items.size())];
      const int category = items_.images.labels[static_cast<std::size_t>(item)];
      lay_item(scene, category, items_.image(item), random_placement(numbers_.size, random));
    }
    return scene.finished(random, 3 + 9 * random.uniform());
  }

  Dataset items_;
};

}  // namespace

std::unique_ptr<InstanceSet> open_fashion_scenes(std::string_view name) {
  return std::make_unique<FashionScenes>(name);
}

}  // namespace atto::train
