#include "prototypes/detection/drawing/objects_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace atto::det {
namespace {

constexpr int kTint = 45;  // percent of the colour inside of a mask

void draw_mask(Canvas& canvas, const Rle& mask, const Colour& colour, int zoom) {
  const std::vector<std::uint8_t> bits = decode_mask(mask);
  const auto is_inside = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < mask.width * zoom && y < mask.height * zoom &&
           bits[static_cast<std::size_t>(y / zoom) * static_cast<std::size_t>(mask.width) +
                static_cast<std::size_t>(x / zoom)] != 0;
  };
  const PixelBox box = bounds(mask);
  for (int y = box.y * zoom; y < (box.y + box.height) * zoom; ++y)
    for (int x = box.x * zoom; x < (box.x + box.width) * zoom; ++x) {
      if (!is_inside(x, y)) continue;
      const bool is_border = !is_inside(x - 1, y) || !is_inside(x + 1, y) || !is_inside(x, y - 1) ||
                             !is_inside(x, y + 1);
      canvas.tint(x, y, colour, is_border ? 100 : kTint);
    }
}

/// Returns the pixels that a box touches; nothing where it is none.
std::optional<PixelBox> pixels_of(const Canvas& canvas, const FileBox& box, int zoom) {
  const double right = (box.x + box.width) * zoom, bottom = (box.y + box.height) * zoom;
  if (!std::isfinite(box.x * right) || !std::isfinite(box.y * bottom)) return {};
  // One beyond the picture shows that a side is not in it.
  const auto whole = [](double at, int most) {
    return static_cast<int>(std::clamp(at, -1.0, most + 1.0));
  };
  const int x = whole(std::floor(box.x * zoom), canvas.width());
  const int y = whole(std::floor(box.y * zoom), canvas.height());
  return PixelBox{x, y, whole(std::ceil(right), canvas.width()) - x,
                  whole(std::ceil(bottom), canvas.height()) - y};
}

bool is_light(const Colour& colour) {
  return 299 * colour[0] + 587 * colour[1] + 114 * colour[2] > 140'000;
}

/// Above the box, or inside at its top where there is no room.
void draw_label(Canvas& canvas, const PixelBox& box, const std::string& text,
                const Colour& colour) {
  constexpr int kMargin = 1;
  const PixelBox size = text_box(0, 0, text);
  const int width = size.width + 2 * kMargin, height = size.height + 2 * kMargin;
  const int x = std::clamp(box.x, 0, std::max(0, canvas.width() - width));
  const int y = std::clamp(box.y >= height ? box.y - height : box.y, 0,
                           std::max(0, canvas.height() - height));
  canvas.fill({x, y, width, height}, colour);
  canvas.write(x + kMargin, y + kMargin, text,
               is_light(colour) ? Colour{0, 0, 0} : Colour{255, 255, 255});
}

template <class Item>
DrawnObject drawn_one(const Item& item, const std::vector<Category>& categories) {
  return {item.box,
          item.mask ? &*item.mask : nullptr,
          item.category,
          categories[static_cast<std::size_t>(item.category)].name,
          {}};
}

}  // namespace

Colour category_colour(int category) {
  static constexpr std::array<Colour, 12> kColours = {{{230, 75, 60},
                                                       {60, 160, 240},
                                                       {70, 190, 90},
                                                       {245, 190, 40},
                                                       {165, 95, 220},
                                                       {40, 200, 200},
                                                       {245, 130, 35},
                                                       {235, 105, 180},
                                                       {140, 190, 40},
                                                       {95, 100, 225},
                                                       {150, 105, 70},
                                                       {150, 160, 170}}};
  return kColours[static_cast<std::size_t>(category) % kColours.size()];
}

void draw_objects(Canvas& canvas, std::span<const DrawnObject> objects, int zoom) {
  for (const DrawnObject& one : objects)
    if (one.mask != nullptr) draw_mask(canvas, *one.mask, category_colour(one.category), zoom);
  for (const DrawnObject& one : objects)
    if (const auto box = pixels_of(canvas, one.box, zoom))
      canvas.frame(*box, category_colour(one.category));
  for (const DrawnObject& one : objects) {
    const auto box = pixels_of(canvas, one.box, zoom);
    const std::string score = one.score ? fmt::format(" {:.2f}", *one.score) : "";
    if (box) draw_label(canvas, *box, one.name + score, category_colour(one.category));
  }
}

std::vector<DrawnObject> drawn(std::span<const Annotation> objects,
                               const std::vector<Category>& categories) {
  std::vector<DrawnObject> all;
  for (const Annotation& object : objects) {
    all.push_back(drawn_one(object, categories));
    if (object.is_crowd) all.back().name += " (crowd)";
  }
  return all;
}

std::vector<DrawnObject> drawn(std::span<const Detection> found,
                               const std::vector<Category>& categories) {
  std::vector<DrawnObject> all;
  for (const Detection& one : found) {
    all.push_back(drawn_one(one, categories));
    all.back().score = one.score;
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const DrawnObject& a, const DrawnObject& b) { return *a.score < *b.score; });
  return all;
}

}  // namespace atto::det
