// Boxes, their levels, and their coding.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/coding.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"

using namespace atto;
using namespace atto::det;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

/// Of whole pixels, by counting them.
double counted_iou(const Box& a, const Box& b) {
  int both = 0, either = 0;
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 20; ++x) {
      const auto holds = [&](const Box& box) {
        return float(x) >= box.x1 && float(x) < box.x2 && float(y) >= box.y1 && float(y) < box.y2;
      };
      both += holds(a) && holds(b);
      either += holds(a) || holds(b);
    }
  return either > 0 ? double(both) / either : 0;
}

}  // namespace

TEST_CASE("the overlap of boxes is that of their pixels") {
  spec::Random random(1);
  const auto some = [&] {
    const float x = float(random.below(20)), y = float(random.below(20));
    return Box{x, y, x + float(random.below(std::uint64_t(21 - x))),
               y + float(random.below(std::uint64_t(21 - y)))};
  };
  for (int i = 0; i < 500; ++i) {
    const Box a = some(), b = some();
    CHECK(iou(a, b) == Approx(counted_iou(a, b)).margin(1e-6));
    CHECK(iou(a, b) == iou(b, a));
  }
}

TEST_CASE("boxes without an area, turned over or of no numbers overlap nothing") {
  const Box whole{0, 0, 10, 10};
  for (const Box& odd : {Box{3, 3, 3, 8}, Box{8, 8, 2, 2}, Box{test::kNan, 0, 5, 5},
                         Box{0, 0, 5, test::kNan}, Box{20, 20, 30, 30}})
    CHECK(iou(whole, odd) == 0);
  CHECK(area({3, 3, 2, 8}) == 0);
  CHECK(iou(whole, whole) == 1);
}

TEST_CASE("degenerate boxes are told from small ones") {
  CHECK_FALSE(is_degenerate({0, 0, 1, 1}));
  CHECK(is_degenerate({0, 0, 0.99F, 5}));
  CHECK(is_degenerate({5, 5, 2, 9}));
  CHECK(is_degenerate({0, 0, kInf, 5}, 0));
  CHECK(is_degenerate({test::kNan, 0, 5, 5}, 0));
  CHECK_FALSE(is_degenerate({0, 0, 0, 0}, 0));
}

TEST_CASE("a clipped box lies inside of the picture") {
  CHECK(clipped({-5, 2, 30, 50}, 20, 25) == Box{0, 2, 25, 20});
  CHECK(area(clipped({40, 40, 50, 50}, 20, 25)) == 0);
}

TEST_CASE("levels are torchvision's") {
  const auto file = test::golden("torchvision/fpn_levels.json");
  const LevelRule rule{file.at("k_min"), file.at("k_max"), file.at("canonical_size"),
                       file.at("canonical_level")};
  std::vector<int> levels;
  for (const Box& box : test::boxes(file.at("boxes"))) levels.push_back(level_of(box, rule));
  CHECK(levels == file.at("levels").get<std::vector<int>>());
  CHECK(level_of({0, 0, 224, 224}, rule) == 4);
  CHECK(level_of({0, 0, 223, 224}, rule) == 3);
  CHECK(level_of({5, 5, 5, 5}, rule) == 2);
  CHECK(level_of({test::kNan, 0, 5, 5}, rule) == 2);
  CHECK(level_of({0, 0, 1e30F, 1e30F}, rule) == 5);
}

TEST_CASE("coded boxes are torchvision's") {
  const auto file = test::golden("torchvision/box_coder.json");
  const std::vector<Box> from = test::boxes(file.at("proposals"));
  const std::vector<Box> boxes = test::boxes(file.at("targets"));
  const std::vector<Box> deltas = test::boxes(file.at("to_decode"));
  std::vector<float> encoded, decoded;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Delta delta = encode(boxes[i], from[i], {10, 5});
    encoded.insert(encoded.end(), {delta.x, delta.y, delta.width, delta.height});
    const Box& d = deltas[i];
    const Box box = decode({d.x1, d.y1, d.x2, d.y2}, from[i], {10, 5});
    decoded.insert(decoded.end(), {box.x1, box.y1, box.x2, box.y2});
  }
  CHECK(test::farthest(encoded, test::floats(file.at("encoded"))) < 2e-5);
  CHECK(test::farthest(decoded, test::floats(file.at("decoded"))) < 2e-4);
  CHECK(kMostStretch == Approx(file.at("clip").get<double>()));
}

TEST_CASE("decoding undoes encoding, and what is no number stays none") {
  const Box from{3, 4, 20, 9}, box{5, 1, 11.5F, 30};
  const Box back = decode(encode(box, from), from);
  CHECK(back.x1 == Approx(box.x1));
  CHECK(back.y2 == Approx(box.y2));
  CHECK(is_degenerate(decode({test::kNan, 0, 0, 0}, from), 0));
  CHECK(is_degenerate(decode({0, 0, test::kNan, 0}, from), 0));
  CHECK(decode({0, 0, kInf, 0}, from).width() == Approx(17 * 1000.0 / 16));
}
