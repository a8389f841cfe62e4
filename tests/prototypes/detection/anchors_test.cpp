#include "prototypes/detection/anchors.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/seeds/random.hpp"
#include "tests/prototypes/detection/golden_tensors.hpp"

using namespace atto;
using namespace atto::det;

namespace {

std::vector<float> flat(const std::vector<Box>& boxes) {
  std::vector<float> all;
  for (const Box& box : boxes) all.insert(all.end(), {box.x1, box.y1, box.x2, box.y2});
  return all;
}

/// The least sum of distances that any k of the values reach, by trying all.
double best_by_trying(const std::vector<double>& values, std::size_t k) {
  std::vector<bool> taken(values.size());
  std::fill(taken.end() - std::ptrdiff_t(k), taken.end(), true);
  double best = 1e9;
  do {
    double cost = 0;
    for (const double value : values) {
      double nearest = 1e9;
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double share = std::min(values[i], value) / std::max(values[i], value);
        if (taken[i]) nearest = std::min(nearest, 1 - share * share);
      }
      cost += nearest;
    }
    best = std::min(best, cost);
  } while (std::next_permutation(taken.begin(), taken.end()));
  return best;
}

}  // namespace

TEST_CASE("anchors are torchvision's, but for its rounding of shapes") {
  const auto file = test::golden("torchvision/anchors.json");
  const auto image = file.at("image").get<std::vector<int>>();
  const auto ratios = file.at("ratios").get<std::vector<float>>();
  std::vector<Box> all;
  for (std::size_t level = 0; level < file.at("maps").size(); ++level) {
    const auto map = file.at("maps")[level].get<std::vector<int>>();
    AnchorLevel grid{map[0], map[1], float(image[0] / map[0]), float(image[1] / map[1]), {}};
    grid.shapes = anchor_shapes(file.at("sizes")[level], ratios);
    for (Extent& shape : grid.shapes)
      shape = {2 * std::nearbyint(shape.width / 2), 2 * std::nearbyint(shape.height / 2)};
    const std::vector<Box> one = anchors(grid);
    const std::vector<Box> first(one.begin(), one.begin() + std::ptrdiff_t(ratios.size()));
    CHECK(flat(first) == test::floats(file.at("cells")[level]));
    all.insert(all.end(), one.begin(), one.end());
  }
  REQUIRE(all.size() == file.at("count").get<std::size_t>());
  CHECK(flat({all.begin(), all.begin() + 9}) == test::floats(file.at("first")));
  CHECK(flat({all.end() - 9, all.end()}) == test::floats(file.at("last")));
  double sum = 0;
  for (const float value : flat(all)) sum += value;
  CHECK(sum == file.at("sum").get<double>());
}

TEST_CASE("shapes have the area and the ratio that were asked for") {
  const std::vector<float> ratios = {0.5F, 1, 2};
  for (const Extent& shape : anchor_shapes(12, ratios))
    CHECK(shape.width * shape.height == Approx(144));
  CHECK(anchor_shapes(12, ratios)[2].height == Approx(2 * anchor_shapes(12, ratios)[2].width));
}

TEST_CASE("fitted sizes are the best medoids there are") {
  spec::Random random(3);
  for (int round = 0; round < 20; ++round) {
    std::vector<Extent> boxes;
    std::vector<double> sides;
    for (int i = 0; i < 9; ++i) {
      const float side = 2 + 60 * float(random.uniform());
      boxes.push_back({side, side});
      sides.push_back(side);
    }
    const AnchorFit fit = fit_anchors(boxes, std::vector<float>(3));
    REQUIRE(fit.sizes.size() == 3);
    CHECK(std::is_sorted(fit.sizes.begin(), fit.sizes.end()));
    double cost = 0;
    for (const double side : sides) {
      double nearest = 1e9;
      for (const double size : fit.sizes) {
        const double share = std::min(side, size) / std::max(side, size);
        nearest = std::min(nearest, 1 - share * share);
      }
      cost += nearest;
    }
    CHECK(cost == Approx(best_by_trying(sides, 3)).epsilon(1e-5));
    CHECK(fit.ratios == std::vector<float>{1});
  }
}

TEST_CASE("many boxes are fitted as well, whatever their order, and odd ones do not count") {
  spec::Random random(4);
  std::vector<Extent> boxes;
  for (int i = 0; i < 5000; ++i) {
    const float side = (i % 2 == 0 ? 16.0F : 80.0F) * (1 + 0.1F * float(random.normal()));
    const float ratio = i % 3 == 0 ? 3.0F : 1.0F;
    boxes.push_back({side / std::sqrt(ratio), side * std::sqrt(ratio)});
  }
  boxes.push_back({0, 50});
  boxes.push_back({std::nanf(""), 50});
  boxes.push_back({-5, 5});
  const AnchorFit fit = fit_anchors(boxes, std::vector<float>(2), 2);
  CHECK(fit.sizes[0] == Approx(16).epsilon(0.05));
  CHECK(fit.sizes[1] == Approx(80).epsilon(0.05));
  CHECK(fit.ratios[0] == Approx(1).epsilon(0.01));
  CHECK(fit.ratios[1] == Approx(3).epsilon(0.01));
  std::reverse(boxes.begin(), boxes.end());
  CHECK(fit_anchors(boxes, std::vector<float>(2), 2).sizes == fit.sizes);
}

TEST_CASE("too few different boxes still give a size for each level") {
  const std::vector<float> strides(3);
  CHECK(fit_anchors(std::vector<Extent>(7, {10, 10}), strides).sizes ==
        std::vector<float>{10, 20, 40});
  CHECK(fit_anchors({}, strides).sizes == std::vector<float>{32, 64, 128});
  CHECK(fit_anchors({}, strides).ratios == std::vector<float>{1});
  CHECK(fit_anchors({}, {}).sizes.empty());
}

TEST_CASE("small boxes go to the fine grid, even where all boxes are small") {
  spec::Random random(6);
  const std::vector<float> strides = {4, 8, 16, 32};
  std::vector<Extent> extents;
  std::vector<Box> boxes;
  for (int i = 0; i < 400; ++i) {
    const float side = 8 + 12 * float(random.uniform());
    const float x = 100 * float(random.uniform()), y = 100 * float(random.uniform());
    extents.push_back({side, side});
    boxes.push_back({x, y, x + side, y + side});
  }
  const AnchorFit fit = fit_anchors(extents, strides);
  CHECK(fit.sizes[0] < 16);
  CHECK(fit.sizes[1] > 14);
  CHECK(std::is_sorted(fit.sizes.begin(), fit.sizes.end()));
  std::vector<AnchorLevel> levels;
  for (std::size_t i = 0; i < strides.size(); ++i)
    levels.push_back({int(128 / strides[i]), int(128 / strides[i]), strides[i], strides[i],
                      anchor_shapes(fit.sizes[i], fit.ratios)});
  int reached = 0;
  for (const float overlap : best_overlaps(boxes, levels)) reached += overlap >= 0.5F;
  CHECK(reached > 360);
}

TEST_CASE("the best overlap is that with all anchors, one by one") {
  const std::vector<float> ratios = {0.5F, 1, 2};
  const std::vector<AnchorLevel> levels = {{8, 10, 8, 8, anchor_shapes(14, ratios)},
                                           {4, 5, 16, 16, anchor_shapes(40, ratios)}};
  spec::Random random(5);
  std::vector<Box> boxes = {{0, 0, 0, 0}, {-50, -50, -40, -40}};
  for (int i = 0; i < 200; ++i) {
    const float x = 80 * float(random.uniform()), y = 64 * float(random.uniform());
    boxes.push_back({x, y, x + 60 * float(random.uniform()), y + 60 * float(random.uniform())});
  }
  const std::vector<float> best = best_overlaps(boxes, levels);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    float most = 0;
    for (const AnchorLevel& level : levels)
      for (const Box& anchor : anchors(level)) most = std::max(most, iou(boxes[i], anchor));
    CHECK(best[i] == Approx(most).margin(1e-6));
  }
}
