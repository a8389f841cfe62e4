#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/drawing/font.hpp"
#include "prototypes/detection/drawing/objects_drawing.hpp"
#include "prototypes/detection/masks/polygons.hpp"

using namespace atto;
using namespace atto::det;

namespace {

constexpr Colour kWhite = {255, 255, 255};

std::string shown(const Canvas& canvas) {
  std::string text;
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) text += canvas.at(x, y) == kWhite ? '#' : '.';
    text += '\n';
  }
  return text;
}

std::uint64_t hash_of(const Canvas& canvas) {
  return spec::hash_bytes(
      {reinterpret_cast<const char*>(canvas.pixels().data()), canvas.pixels().size()});
}

Canvas scene(int zoom) {
  const std::vector<std::uint8_t> grey(40 * 60, 90);
  Canvas canvas(grey.data(), 40, 60, 1, zoom);
  const Rle mask = rasterised(Polygon{8, 14, 30, 12, 28, 34, 18, 20, 10, 30}, 40, 60);
  const std::vector<DrawnObject> objects = {
      {{8, 12, 22, 22}, &mask, 0, "Bag", 0.875},
      {{35.5, 20.25, 40, 30}, nullptr, 14, "Caf\xC3\xA9 ~{", {}}};
  draw_objects(canvas, objects, zoom);
  return canvas;
}

}  // namespace

TEST_CASE("text is written in the project's font, cut off at the border") {
  Canvas canvas(7, 16);
  canvas.write(0, 0, "A1z", kWhite);
  CHECK(shown(canvas) ==
        ".###....#.......\n"
        "#...#..##.......\n"
        "#...#...#...####\n"
        "#...#...#......#\n"
        "#####...#.....#.\n"
        "#...#...#....#..\n"
        "#...#..###..####\n");
  CHECK(text_box(3, 4, "A1z") == PixelBox{3, 4, 17, 7});
  CHECK(text_box(3, 4, "").width == 0);
}

TEST_CASE("every printable character but the space has ink, and no two have the same") {
  std::vector<std::string> seen;
  for (char32_t c = '!'; c <= '~'; ++c) {
    std::string ink;
    for (int y = 0; y < kGlyphHeight; ++y)
      for (int x = 0; x < kGlyphWidth; ++x) ink += is_ink(c, x, y) ? '#' : '.';
    CHECK(ink.find('#') != ink.npos);
    CHECK(std::find(seen.begin(), seen.end(), ink) == seen.end());
    seen.push_back(ink);
  }
  CHECK_FALSE(is_ink(' ', 2, 3));
  CHECK(is_ink(U'é', 0, 0));
  CHECK_FALSE(is_ink(U'é', 2, 3));
}

TEST_CASE("characters are those of UTF-8, and bytes that are none count one each") {
  CHECK(characters_of("a\xC3\xA9z").size() == 3);
  CHECK(characters_of("\xE2\x82\xAC").size() == 1);
  CHECK(characters_of("\xF0\x9F\x98\x80!").size() == 2);
  CHECK(characters_of("\xff\xfe").size() == 2);
  CHECK(characters_of("\xC3").size() == 1);
  CHECK(characters_of("\xC3z").size() == 2);
  CHECK(characters_of("").empty());
}

TEST_CASE("frames and fills end at the border of the canvas") {
  Canvas canvas(4, 6);
  canvas.frame({1, 1, 4, 3}, kWhite);
  CHECK(shown(canvas) == "......\n.####.\n.#..#.\n.####.\n");
  canvas.fill({-5, -5, 100, 6}, kWhite);
  canvas.fill({5, 3, 100, 100}, kWhite);
  CHECK(shown(canvas) == "######\n.####.\n.#..#.\n.#####\n");
  canvas.tint(0, 1, {200, 100, 0}, 50);
  CHECK(canvas.at(0, 1) == Colour{100, 50, 0});
}

TEST_CASE("pictures of any channels become colours, enlarged by whole pixels") {
  const std::vector<std::uint8_t> values = {10, 20, 30, 255, 40, 50, 60, 255};
  CHECK(Canvas(values.data(), 1, 2, 4, 3).at(5, 2) == Colour{40, 50, 60});
  CHECK(Canvas(values.data(), 1, 2, 3).at(1, 0) == Colour{255, 40, 50});
  CHECK(Canvas(values.data(), 1, 4, 2).at(1, 0) == Colour{30, 30, 30});
  CHECK(Canvas(values.data(), 2, 4, 1, 2).at(7, 3) == Colour{255, 255, 255});
}

TEST_CASE("objects look as they did when someone looked at them") {
  CHECK(hash_of(scene(1)) == 0x7adab63e3b3a57bbULL);
  CHECK(hash_of(scene(4)) == 0xe9ec75da40a545fdULL);
}

TEST_CASE("a mask is tinted inside and has its colour at the border") {
  const Rle mask = rasterised(Polygon{2, 2, 8, 2, 8, 8, 2, 8}, 10, 10);
  Canvas canvas(10, 10);
  draw_objects(canvas, std::vector<DrawnObject>{{{2, 2, 6, 6}, &mask, 1, "", {}}});
  CHECK(canvas.at(1, 5) == Colour{0, 0, 0});
  CHECK(canvas.at(2, 5) == category_colour(1));
  CHECK(canvas.at(5, 5) == Colour{27, 72, 108});
}

TEST_CASE("boxes far outside, empty or of no numbers do no harm") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Canvas canvas(12, 12);
  draw_objects(canvas,
               std::vector<DrawnObject>{{{-1e9, -1e9, 1, 1}, nullptr, 0, "far", 1.0},
                                        {{3, 3, 0, 0}, nullptr, 1, "", {}},
                                        {{5, 5, -3, -3}, nullptr, 1, "", {}},
                                        {{nan, 0, 3, 3}, nullptr, 2, "nan", {}},
                                        {{0, 0, 1e300, 1e300}, nullptr, 2, "long name", {}}});
  CHECK(canvas.height() == 12);
}

TEST_CASE("detections are drawn by rising score, crowds are named so") {
  const std::vector<Category> categories = {{1, "cat"}, {2, "dog"}};
  const std::vector<Detection> found = {{0, 0, 0.9, {}, {}}, {0, 1, 0.2, {}, {}}};
  CHECK(drawn(found, categories)[0].name == "dog");
  CHECK(drawn(found, categories)[1].score == 0.9);
  CHECK(drawn(std::vector<Annotation>{{0, 1, {}, {}, 0, true}}, categories)[0].name ==
        "dog (crowd)");
}

TEST_CASE("PNG files begin as they must and hold something") {
  const std::string bytes = png_bytes(scene(2));
  CHECK(bytes.starts_with("\x89PNG\r\n\x1a\n"));
  CHECK(bytes.size() > 200);
}
