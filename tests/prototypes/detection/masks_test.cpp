// Runs, outlines, targets and pasting.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/masks/crops.hpp"
#include "prototypes/detection/masks/polygons.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"

using namespace atto;
using namespace atto::det;

namespace {

using Bits = std::vector<std::uint8_t>;

Bits random_bits(std::uint64_t seed, int height, int width, double share) {
  spec::Random random(seed);
  Bits bits(std::size_t(height * width));
  for (auto& bit : bits) bit = random.uniform() < share;
  return bits;
}

PixelBox counted_bounds(const Bits& bits, int height, int width) {
  int left = width, right = 0, top = height, bottom = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (bits[std::size_t(y * width + x)]) {
        left = std::min(left, x);
        right = std::max(right, x + 1);
        top = std::min(top, y);
        bottom = std::max(bottom, y + 1);
      }
  return right > 0 ? PixelBox{left, top, right - left, bottom - top} : PixelBox{};
}

}  // namespace

TEST_CASE("a cut of a mask is the mask of the cut bits") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const int height = 1 + int(seed % 7), width = 1 + int(seed % 5);
    const Bits bits = random_bits(seed, height, width, double(seed % 4) / 3);
    spec::Random random(seed + 500);
    const auto below = [&](int count) { return int(random.below(std::uint64_t(count))); };
    const int x = below(width), y = below(height);
    const PixelBox box{x, y, 1 + below(width - x), 1 + below(height - y)};
    Bits part;
    for (int row = y; row < y + box.height; ++row)
      for (int column = x; column < x + box.width; ++column)
        part.push_back(bits[std::size_t(row * width + column)]);
    CHECK(cut(encode_mask(bits, height, width), box) == encode_mask(part, box.height, box.width));
  }
}

TEST_CASE("runs say what bits say") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const int height = 1 + int(seed % 7), width = 1 + int(seed % 5);
    const Bits a = random_bits(seed, height, width, double(seed % 4) / 3);
    const Bits b = random_bits(seed + 1000, height, width, 0.5);
    const Rle mask = encode_mask(a, height, width), other = encode_mask(b, height, width);
    std::int64_t in_a = 0, in_both = 0, in_either = 0;
    Bits either = a, alone = a;
    for (std::size_t i = 0; i < a.size(); ++i) {
      in_a += a[i];
      in_both += a[i] && b[i];
      in_either += a[i] || b[i];
      either[i] = a[i] || b[i];
      alone[i] = a[i] && !b[i];
    }
    CHECK(decode_mask(mask) == a);
    CHECK(fault_of(mask).empty());
    CHECK(area(mask) == in_a);
    CHECK(bounds(mask) == counted_bounds(a, height, width));
    CHECK(united(mask, other) == encode_mask(either, height, width));
    CHECK(without(mask, other) == encode_mask(alone, height, width));
    CHECK(intersection(mask, other) == in_both);
    CHECK(iou(mask, other) == (in_both > 0 ? double(in_both) / double(in_either) : 0));
    CHECK(iou(mask, other, true) == (in_both > 0 ? double(in_both) / double(in_a) : 0));
    CHECK(decompressed(compressed(mask), height, width) == mask);
  }
}

TEST_CASE("empty runs in the middle change nothing") {
  const Rle odd{4, 3, {2, 0, 1, 3, 0, 2, 4}}, plain{4, 3, {3, 5, 4}};
  CHECK(decode_mask(odd) == decode_mask(plain));
  CHECK(bounds(odd) == bounds(plain));
  CHECK(area(odd) == 5);
  CHECK(iou(odd, plain) == 1);
  CHECK(united(odd, odd) == plain);
}

TEST_CASE("compressed runs are COCO's, far beyond one group too") {
  const Rle mask{1000, 2000, {123456, 1, 700000, 176543, 1000000}};
  CHECK(decompressed(compressed(mask), 1000, 2000) == mask);
  for (const auto& one : test::golden("polygons.json")) {
    const std::string text = one.at("counts");
    const auto read = decompressed(text, one.at("height"), one.at("width"));
    REQUIRE(read);
    CHECK(compressed(*read) == text);
    CHECK(area(*read) == one.at("area").get<std::int64_t>());
  }
}

TEST_CASE("compressed runs of another size, cut off, or of other characters are none") {
  const std::string text = compressed(encode_mask(random_bits(1, 9, 8, 0.4), 9, 8));
  CHECK(decompressed(text, 9, 8));
  CHECK_FALSE(decompressed(text, 9, 9));
  CHECK_FALSE(decompressed(text, 0, 0));
  CHECK_FALSE(decompressed(text.substr(0, text.size() / 2), 9, 8));
  CHECK_FALSE(decompressed("", 9, 8));
  CHECK_FALSE(decompressed("p", 9, 8));                // beyond 111
  CHECK_FALSE(decompressed(" ", 9, 8));                // below 48
  CHECK_FALSE(decompressed("ooooooooooooooo", 9, 8));  // never ends
  CHECK_FALSE(decompressed("O", 9, 8));                // -1
  CHECK_FALSE(decompressed(std::string("\xff\0", 2), 9, 8));
  CHECK(fault_of({9, 8, {71}}) == "runs must have 72 pixels, height x width; got 71");
  CHECK_FALSE(fault_of({9, 8, {4294967295U, 4294967295U, 74}}).empty());
}

TEST_CASE("outlines have the pixels that pycocotools gives them") {
  std::size_t count = 0;
  for (const auto& one : test::golden("polygons.json")) {
    const auto polygon = one.at("polygon").get<Polygon>();
    const Rle mask = rasterised(polygon, one.at("height"), one.at("width"));
    INFO(one.dump());
    CHECK(fault_of(mask).empty());
    CHECK(area(mask) == one.at("area").get<std::int64_t>());
    CHECK(compressed(mask) == one.at("counts").get<std::string>());
    ++count;
  }
  CHECK(count > 50);
}

TEST_CASE("outlines on whole pixels hold just those") {
  const Rle square = rasterised(Polygon{2, 1, 5, 1, 5, 4, 2, 4}, 6, 8);
  CHECK(area(square) == 9);
  CHECK(bounds(square) == PixelBox{2, 1, 3, 3});
  const std::vector<Polygon> two = {{0, 0, 2, 0, 2, 2, 0, 2}, {1, 1, 3, 1, 3, 3, 1, 3}};
  CHECK(area(rasterised(two, 6, 8)) == 7);
  CHECK(area(rasterised(std::vector<Polygon>{}, 6, 8)) == 0);
  CHECK(outline_length({2, 1, 5, 1, 5, 4, 2, 4}) == 12);
  CHECK(area(rasterised(Polygon{-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6}, 6, 8)) == 48);
}

TEST_CASE("mask targets are torchvision's where pixels are, half a pixel on") {
  // torchvision's crops for masks are not aligned: its pixels have their values in the corner, so
  // that its boxes lie half a pixel further to the bottom right in ours.
  const auto file = test::golden("torchvision/mask_targets.json");
  const auto shape = file.at("masks").at("shape").get<std::vector<int>>();
  const std::vector<float> bits = test::floats(file.at("masks"));
  const std::vector<Box> boxes = test::boxes(file.at("boxes"));
  std::vector<float> targets;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto pixels = std::size_t(shape[1] * shape[2]);
    const Bits own(bits.begin() + std::ptrdiff_t(i * pixels),
                   bits.begin() + std::ptrdiff_t((i + 1) * pixels));
    const Box& box = boxes[i];
    const auto one =
        mask_target(encode_mask(own, shape[1], shape[2]),
                    {box.x1 + 0.5F, box.y1 + 0.5F, box.x2 + 0.5F, box.y2 + 0.5F}, file.at("size"));
    targets.insert(targets.end(), one.begin(), one.end());
  }
  CHECK(test::farthest(targets, test::floats(file.at("targets"))) < 2e-5);
}

TEST_CASE("a target at the box's own resolution is the mask") {
  const Bits bits = random_bits(9, 20, 30, 0.5);
  const auto target = mask_target(encode_mask(bits, 20, 30), {8, 4, 15, 11}, 7);
  for (int y = 0; y < 7; ++y)
    for (int x = 0; x < 7; ++x)
      CHECK(target[std::size_t(7 * y + x)] == Approx(bits[std::size_t(30 * (y + 4) + x + 8)]));
  CHECK(pasted(target.data(), 7, {8, 4, 15, 11}, 20, 30) ==
        without(encode_mask(bits, 20, 30),
                without(rasterised(Polygon{0, 0, 30, 0, 30, 20, 0, 20}, 20, 30),
                        rasterised(Polygon{8, 4, 15, 4, 15, 11, 8, 11}, 20, 30))));
}

TEST_CASE("pasted masks are torchvision's in the boxes that it rounds to") {
  const auto file = test::golden("torchvision/paste_masks.json");
  const std::vector<float> masks = test::floats(file.at("masks"));
  const std::vector<Box> boxes = test::boxes(file.at("boxes"));
  const std::vector<float> expected = test::floats(file.at("pasted"));
  const int height = file.at("height"), width = file.at("width"), side = 28;
  const auto pixels = std::size_t(height * width);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    // It widens mask and box by a pixel of the mask on each side, cuts off fractions, and counts
    // the last pixel in.
    const double grow = (side + 2.0) / side / 2;
    const double x = (double(boxes[i].x1) + boxes[i].x2) / 2,
                 y = (double(boxes[i].y1) + boxes[i].y2) / 2;
    const double left = std::trunc(x - boxes[i].width() * grow),
                 top = std::trunc(y - boxes[i].height() * grow);
    const double wide = std::trunc(x + boxes[i].width() * grow) - left + 1;
    const double high = std::trunc(y + boxes[i].height() * grow) - top + 1;
    const double one_x = wide / (side + 2), one_y = high / (side + 2);
    const Box inner{float(left + one_x), float(top + one_y), float(left + wide - one_x),
                    float(top + high - one_y)};
    const Rle mask =
        pasted(masks.data() + i * side * side, side, inner, height, width, file.at("threshold"));
    Bits theirs;
    for (std::size_t k = 0; k < pixels; ++k) theirs.push_back(expected[i * pixels + k] >= 0.5F);
    CHECK(decode_mask(mask) == theirs);
    CHECK(area(mask) == file.at("areas")[i].get<std::int64_t>());
  }
}

TEST_CASE("pasting into boxes outside, empty or of no numbers gives an empty mask") {
  const std::vector<float> ones(49, 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Box& box : {Box{-20, -20, -5, -5}, Box{3, 3, 3, 8}, Box{9, 9, 2, 2}, Box{nan, 0, 5, 5},
                         Box{0, 0, 1e30F, 0}})
    CHECK(area(pasted(ones.data(), 7, box, 10, 12)) == 0);
  CHECK(area(pasted(ones.data(), 7, {-1e6F, -1e6F, 1e6F, 1e6F}, 10, 12)) == 120);
  CHECK(area(pasted(ones.data(), 7, {2.4F, 2.4F, 4.6F, 4.6F}, 10, 12)) == 9);
}
