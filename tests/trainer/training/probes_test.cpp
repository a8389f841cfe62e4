// Probes: the measures on maps worked out by hand, both backends on one network.
#include "trainer/training/probes.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "design_specs/seeds/random.hpp"
#include "tests/trainer/naive_separation.hpp"
#include "tests/trainer/networks.hpp"
#include "trainer/backend/loss.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/batches.hpp"

using namespace atto;
using namespace atto::train;

namespace {

const Dataset& synthetic() {
  static const Dataset data = load_dataset(describe_dataset("synthetic", 16));
  return data;
}

}  // namespace

TEST_CASE("sparsity is the share of values that are not positive") {
  const std::vector<float> values = {1, 0, -2, 3};
  CHECK(sparsity_of({values, 1, 2, 1, 2}) == Approx(0.5));
}

TEST_CASE("the effective rank counts directions that vary") {
  // Two channels over four pixels: varying alike and apart, together, and one alone.
  const std::vector<float> apart = {1, 1, 1, -1, -1, 1, -1, -1};
  CHECK(effective_rank_of({apart, 2, 2, 1, 2}) == Approx(1.0));
  const std::vector<float> together = {1, 1, -1, -1, 2, 2, -2, -2};
  CHECK(effective_rank_of({together, 2, 2, 1, 2}) == Approx(0.5));
  const std::vector<float> still(8, 3.0F);
  CHECK(effective_rank_of({still, 2, 2, 1, 2}) == 0);
}

TEST_CASE("the effective rank of more channels than pixels is that of the pixels' products") {
  // Two pixels centre to one direction among three channels.
  const std::vector<float> wide = {1, 2, 3, 3, 2, 1};
  CHECK(effective_rank_of({wide, 1, 2, 1, 3}) == Approx(1.0 / 3));
}

TEST_CASE("class separation is the variance between classes over that within") {
  // Image means -1.5, -0.5 | 0.5, 1.5: between 4 * 1, within 4 * 0.25.
  const std::vector<float> values = {-2, -1, -1, 0, 0, 1, 1, 2};
  const std::vector<LabelledRegion> images = whole_images(std::vector<std::int32_t>{0, 0, 1, 1});
  CHECK(class_separation_of({values, 4, 2, 1, 1}, images) == Approx(4.0));
  const std::vector<float> same = {1, 1, 2, 2};
  CHECK(class_separation_of({same, 4, 1, 1, 1}, images) == 0);
}

TEST_CASE("a region is the cells whose middles are in it, and one at least") {
  // Two regions of a class, and one of another that is 0: the classes' means are m and 0, those of
  // the first spread by d. Cells of the row are 1, 2, 4 and 8.
  const std::vector<float> values = {1, 2, 4, 8, 0, 0, 0, 0};
  const auto separation = [&](float x1, float x2) {
    const std::vector<LabelledRegion> regions = {
        {0, 0, x1, 0, x2, 1}, {0, 0, 0, 0, 0.2F, 1}, {1, 1}, {1, 1}};
    return class_separation_of({values, 2, 1, 4, 1}, regions);
  };
  const auto expected = [](double mean) {
    const double m = (mean + 1) / 2, d = (mean - 1) / 2;
    return 4 * std::pow(m / 2, 2) / (2 * d * d);
  };
  CHECK(separation(0, 1) == Approx(expected(3.75)));
  CHECK(separation(0.25F, 0.75F) == Approx(expected(3)));
  CHECK(separation(0.2F, 0.6F) == Approx(expected(2)));    // the third's middle is at 0.625
  CHECK(separation(0.45F, 0.55F) == Approx(expected(4)));  // no middle: the cell that has 0.5
  CHECK(separation(0.8F, 0.8F) == Approx(expected(8)));
  CHECK(separation(0.99F, 1.5F) == Approx(expected(8)));
  CHECK(separation(-3, 2) == Approx(expected(3.75)));
}

TEST_CASE("class separation of regions is what a plain count of cells gives") {
  spec::Random random(8);
  for (int round = 0; round < 40; ++round) {
    const int height = 1 + int(random.below(7)), width = 1 + int(random.below(7)), channels = 3;
    std::vector<float> values(std::size_t(2 * height * width * channels));
    for (float& value : values) value = static_cast<float>(random.normal());
    std::vector<LabelledRegion> regions;
    for (int i = 0; i < 12; ++i) {
      const auto x = static_cast<float>(random.uniform()), y = static_cast<float>(random.uniform());
      regions.push_back({int(random.below(2)), std::int32_t(random.below(3)), x, y,
                         x + 0.5F * static_cast<float>(random.uniform()),
                         y + 0.5F * static_cast<float>(random.uniform())});
    }
    const MapView map = {values, 2, height, width, channels};
    CHECK(class_separation_of(map, regions) == Approx(test::naive_separation(map, regions)));
  }
}

TEST_CASE("stimuli are spread over the images, a fortieth of them within bounds") {
  std::vector<std::int32_t> subset(4000);
  std::iota(subset.begin(), subset.end(), 0);
  const std::vector<std::int32_t> stimuli = stimulus_images(subset, 128);
  REQUIRE(stimuli.size() == 100);
  CHECK(stimuli[1] == 40);
  CHECK(stimulus_images(subset, 64).size() == 64);
  CHECK(stimulus_images({subset.data(), 5}, 64).size() == 5);
}

TEST_CASE("both backends show the same responses of every module") {
  const net::Network network =
      test::network_of_modules(synthetic().info.input(), synthetic().info.classes);
  const ParameterLayout layout(network);
  const std::vector<float> weights = initial_weights(network, layout, 4);
  const std::vector<std::int32_t> stimuli = stimulus_images(synthetic().train, 32);
  const BackendSettings settings{Device::Cpu, 1, 32};
  const auto oracle = make_torch_backend(network, layout, settings),
             ours = make_cpu_backend(network, layout, settings);
  std::vector<float> pixels(stimuli.size() * static_cast<std::size_t>(synthetic().image_bytes()));
  write_batch(synthetic(), stimuli, {}, 0, 0, 1, pixels.data());
  std::vector<std::int32_t> labels;
  for (const std::int32_t image : stimuli)
    labels.push_back(synthetic().images.labels[static_cast<std::size_t>(image)]);
  const int count = static_cast<int>(stimuli.size());
  const auto into_slopes = [&](Maps& maps) {
    cross_entropy(maps.at(0).data(), labels.data(), count, network.classes, 0, maps[0].data());
  };
  const std::vector<LabelledRegion> images = whole_images(labels);
  const Stimuli shown{{pixels.data(), count}, images, {0}, into_slopes};
  const net::ResponsesByModule wanted = probe(*oracle, network, layout, weights, shown);
  const net::ResponsesByModule got = probe(*ours, network, layout, weights, shown);
  REQUIRE(got.size() == 3);
  for (const char* module : {"", "stages[0].modules[0]", "stages[0].modules[1]"}) {
    INFO(module);
    const auto expected = net::values_of(wanted.at(module)),
               values = net::values_of(got.at(module));
    for (std::size_t i = 0; i < values.size(); ++i) {
      INFO(net::kResponseNames[i]);
      CHECK(std::abs(values[i] - expected[i]) < 1e-3 * (std::abs(expected[i]) + 1e-3));
    }
    CHECK(got.at(module).gradient_norm > 0);
    CHECK(got.at(module).activation_sparsity > 0.1);
    CHECK(got.at(module).activation_sparsity < 0.9);
  }
}
