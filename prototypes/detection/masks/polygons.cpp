#include "prototypes/detection/masks/polygons.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace atto::det {
namespace {

constexpr double kFine = 5;  // points of the fine grid to a pixel

struct Point {
  int x = 0, y = 0;
};

Point fine_point(const Polygon& polygon, std::size_t i) {
  return {static_cast<int>(kFine * polygon[2 * i] + .5),
          static_cast<int>(kFine * polygon[2 * i + 1] + .5)};
}

/// Calls body with every point of the fine grid from a to b, both included, in steps of one along
/// the longer extent. A side has the same points in either direction.
template <class Body>
void walk_side(Point a, Point b, const Body& body) {
  const int dx = std::abs(b.x - a.x), dy = std::abs(b.y - a.y);
  const bool is_flipped = (dx >= dy && a.x > b.x) || (dx < dy && a.y > b.y);
  if (is_flipped) std::swap(a, b);
  const int steps = std::max(dx, dy);
  const int rise = dx >= dy ? b.y - a.y : b.x - a.x;
  const double slope = steps > 0 ? static_cast<double>(rise) / steps : 0;
  for (int d = 0; d <= steps; ++d) {
    const int t = is_flipped ? steps - d : d;
    if (dx >= dy)
      body({a.x + t, static_cast<int>(a.y + slope * t + .5)});
    else
      body({static_cast<int>(a.x + slope * t + .5), a.y + t});
  }
}

/// Collects where the outline passes from one column of pixels to the next: the first pixel, down
/// the columns, from which on inside and outside are exchanged.
class Crossings {
 public:
  Crossings(int height, int width) : height_(height), width_(width) {}

  void pass(Point point) {
    if (has_last_ && point.x != last_.x) cross(point);
    last_ = point;
    has_last_ = true;
  }
  std::vector<std::uint32_t> take() && { return std::move(found_); }

 private:
  void cross(Point point) {
    const double x = ((point.x < last_.x ? point.x : point.x - 1) + .5) / kFine - .5;
    if (std::floor(x) != x || x < 0 || x > width_ - 1) return;
    const double y = (std::min(point.y, last_.y) + .5) / kFine - .5;
    const auto row =
        static_cast<std::uint32_t>(std::ceil(std::clamp(y, 0.0, static_cast<double>(height_))));
    found_.push_back(static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(height_) + row);
  }

  int height_, width_;
  Point last_;
  bool has_last_ = false;
  std::vector<std::uint32_t> found_;
};

/// Returns the runs between the crossings; two at one place cancel out.
std::vector<std::uint32_t> runs_between(std::vector<std::uint32_t> crossings) {
  std::sort(crossings.begin(), crossings.end());
  std::vector<std::uint32_t> runs;
  std::uint32_t last = 0;
  bool joins_next = false;
  for (const std::uint32_t at : crossings) {
    const std::uint32_t run = at - last;
    last = at;
    if (joins_next) {
      runs.back() += run;
      joins_next = false;
    } else if (run > 0 || runs.empty()) {
      runs.push_back(run);
    } else {
      joins_next = true;
    }
  }
  return runs;
}

}  // namespace

double outline_length(const Polygon& polygon) {
  double length = 0;
  const std::size_t points = polygon.size() / 2;
  for (std::size_t i = 0; i < points; ++i) {
    const std::size_t next = (i + 1) % points;
    length += std::max(std::abs(polygon[2 * i] - polygon[2 * next]),
                       std::abs(polygon[2 * i + 1] - polygon[2 * next + 1]));
  }
  return length;
}

Rle rasterised(const Polygon& polygon, int height, int width) {
  Crossings crossings(height, width);
  const std::size_t points = polygon.size() / 2;
  for (std::size_t i = 0; i < points; ++i)
    walk_side(fine_point(polygon, i), fine_point(polygon, (i + 1) % points),
              [&](Point point) { crossings.pass(point); });
  std::vector<std::uint32_t> at = std::move(crossings).take();
  at.push_back(static_cast<std::uint32_t>(height) * static_cast<std::uint32_t>(width));
  return {height, width, runs_between(std::move(at))};
}

Rle rasterised(std::span<const Polygon> polygons, int height, int width) {
  Rle all{height, width, {static_cast<std::uint32_t>(height) * static_cast<std::uint32_t>(width)}};
  for (const Polygon& polygon : polygons) all = united(all, rasterised(polygon, height, width));
  return all;
}

}  // namespace atto::det
