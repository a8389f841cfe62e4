#include "prototypes/detection/roi_align.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "design_specs/seeds/random.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"

using namespace atto;
using namespace atto::det;

namespace {

std::vector<float> noise(std::uint64_t seed, std::size_t count) {
  spec::Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = float(random.normal());
  return values;
}

/// From [channels, height, width] to [height, width, channels].
std::vector<float> channels_last(const float* from, std::size_t channels, std::size_t pixels) {
  std::vector<float> to;
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t c = 0; c < channels; ++c) to.push_back(from[c * pixels + i]);
  return to;
}

/// The value of channel c at a point of the map, pixel middles at whole numbers.
double value_at(const std::vector<float>& map, const MapShape& shape, int c, double y, double x) {
  if (y < -1 || x < -1 || y > shape.height || x > shape.width) return 0;
  y = std::min(std::max(y, 0.0), double(shape.height - 1));
  x = std::min(std::max(x, 0.0), double(shape.width - 1));
  double sum = 0;
  for (int row = 0; row < shape.height; ++row)
    for (int column = 0; column < shape.width; ++column)
      sum += std::max(0.0, 1 - std::abs(y - row)) * std::max(0.0, 1 - std::abs(x - column)) *
             map[std::size_t((row * shape.width + column) * shape.channels + c)];
  return sum;
}

std::vector<float> naive(const std::vector<float>& map, const MapShape& shape, const Box& box,
                         int side, double scale) {
  std::vector<float> crop;
  const double y0 = box.y1 * scale - 0.5, x0 = box.x1 * scale - 0.5;
  const double height = (box.y2 - box.y1) * scale / side, width = (box.x2 - box.x1) * scale / side;
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column)
      for (int c = 0; c < shape.channels; ++c) {
        double sum = 0;
        for (const double down : {0.25, 0.75})
          for (const double right : {0.25, 0.75})
            sum +=
                value_at(map, shape, c, y0 + (row + down) * height, x0 + (column + right) * width);
        crop.push_back(float(sum / 4));
      }
  return crop;
}

std::size_t sizes(const MapShape& shape) {
  return std::size_t(shape.height * shape.width * shape.channels);
}

/// Inside, over each border, outside, a hundredth of a pixel, none, turned over, enormous.
const std::vector<Box> kBoxes = {
    {4, 3, 30, 28},         {-9, -7, 12, 11},     {30, 20, 70, 60},
    {-100, -100, -80, -80}, {5, 5, 5.01F, 5.01F}, {7, 7, 7, 7},
    {20, 20, 10, 8},        {0, 0, 44, 36},       {-1e6F, -1e6F, 1e6F, 1e6F},
    {1e30F, 0, 2e30F, 4}};

}  // namespace

TEST_CASE("crops and their slopes are torchvision's") {
  for (const auto& one : test::golden("torchvision/roi_align.json")) {
    const auto dims = one.at("features").at("shape").get<std::vector<int>>();
    const MapShape shape{dims[2], dims[3], dims[1]};
    const CropRule rule{one.at("size"), one.at("scale"), one.at("sampling_ratio"),
                        one.at("aligned")};
    const auto channels = std::size_t(shape.channels), bins = std::size_t(rule.side * rule.side);
    const auto pixels = std::size_t(shape.height * shape.width);
    const std::vector<float> rois = test::floats(one.at("rois"));
    const std::vector<float> map =
        channels_last(test::floats(one.at("features")).data(), channels, pixels);
    const std::vector<float> output = test::floats(one.at("output"));
    const std::vector<float> slopes = test::floats(one.at("output_gradient"));
    std::vector<float> map_slopes(map.size());
    for (std::size_t i = 0; i < rois.size() / 5; ++i) {
      INFO("rule " << rule.side << " " << rule.samples << " roi " << i);
      const Box box{rois[5 * i + 1], rois[5 * i + 2], rois[5 * i + 3], rois[5 * i + 4]};
      std::vector<float> crop(bins * channels);
      roi_align(map.data(), shape, box, rule, crop.data());
      CHECK(test::farthest(crop, channels_last(output.data() + i * crop.size(), channels, bins)) <
            2e-5);
      roi_align_backward(channels_last(slopes.data() + i * crop.size(), channels, bins).data(),
                         shape, box, rule, map_slopes.data());
    }
    CHECK(test::farthest(map_slopes, channels_last(test::floats(one.at("features_gradient")).data(),
                                                   channels, pixels)) < 2e-4);
  }
}

TEST_CASE("a crop is the mean of four points a bin, wherever the box lies") {
  const MapShape shape{9, 11, 3};
  const std::vector<float> map = noise(1, sizes(shape));
  for (const Box& box : kBoxes) {
    INFO(box.x1 << " " << box.y1 << " " << box.x2 << " " << box.y2);
    std::vector<float> crop(7 * 7 * 3);
    roi_align(map.data(), shape, box, {7, 0.25F, 2, true}, crop.data());
    CHECK(test::farthest(crop, naive(map, shape, box, 7, 0.25)) < 1e-3);
  }
}

TEST_CASE("a box that is no number gives zeros and no slopes") {
  const MapShape shape{4, 4, 1};
  const std::vector<float> map(16, 1), slopes(9, 1);
  std::vector<float> map_slopes(16);
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> crop(9, 5);
    roi_align(map.data(), shape, {0, 0, odd, 3}, {3, 1, 2, true}, crop.data());
    CHECK(crop == std::vector<float>(9));
    roi_align_backward(slopes.data(), shape, {0, odd, 2, 3}, {3, 1, 2, true}, map_slopes.data());
  }
  CHECK(map_slopes == std::vector<float>(16));
}

TEST_CASE("backward is the transpose of forward: <Ax, y> = <x, A'y>") {
  const MapShape shape{9, 11, 3};
  for (const Box& box : kBoxes)
    for (const CropRule& rule :
         {CropRule{7, 0.25F, 2, true}, CropRule{5, 1, 0, true}, CropRule{3, 0.5F, 3, false}}) {
      const std::vector<float> x = noise(2, sizes(shape));
      std::vector<float> ax(std::size_t(rule.side * rule.side * 3));
      const std::vector<float> y = noise(3, ax.size());
      std::vector<float> aty(x.size());
      roi_align(x.data(), shape, box, rule, ax.data());
      roi_align_backward(y.data(), shape, box, rule, aty.data());
      double left = 0, right = 0;
      for (std::size_t i = 0; i < y.size(); ++i) left += double(ax[i]) * y[i];
      for (std::size_t i = 0; i < x.size(); ++i) right += double(x[i]) * aty[i];
      CHECK(left == Approx(right).margin(1e-3));
    }
}

TEST_CASE("backward agrees with central differences, and adds to what is there") {
  const MapShape shape{5, 6, 2};
  const CropRule rule{3, 0.5F, 2, true};
  const Box box{-2, 1, 9, 12};
  std::vector<float> map = noise(4, sizes(shape));
  std::vector<float> crop(18);
  const std::vector<float> slopes = noise(5, crop.size());
  std::vector<float> map_slopes(map.size(), 10);
  roi_align_backward(slopes.data(), shape, box, rule, map_slopes.data());
  const auto loss = [&] {
    roi_align(map.data(), shape, box, rule, crop.data());
    double sum = 0;
    for (std::size_t i = 0; i < crop.size(); ++i) sum += double(crop[i]) * slopes[i];
    return sum;
  };
  for (std::size_t i = 0; i < map.size(); ++i) {
    const float before = map[i];
    map[i] = before + 0.5F;
    const double above = loss();
    map[i] = before - 0.5F;
    const double below = loss();
    map[i] = before;
    CHECK(map_slopes[i] - 10 == Approx(above - below).margin(1e-4));
  }
}
