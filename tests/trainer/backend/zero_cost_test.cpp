// Zero-cost scores: one that can be written down, and what holds of all.
#include "trainer/backend/torch/zero_cost.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/seeds/random.hpp"
#include "tests/trainer/networks.hpp"

using namespace atto;
using namespace atto::train;

TEST_CASE("log-synflow of one dense layer is written down") {
  test::NetworkBuilder b({1, 1, 2}, 2);
  b.network.outputs = {{"head", b.add(net::Dense{0}, {0})}};
  const net::Network network = b.network;
  const ParameterLayout layout(network);
  std::vector<float> weights(layout.trained, 0.0F);
  const std::size_t at = layout.offset(1, 0);
  const float values[] = {0.5F, -1.0F, 2.0F, 0.25F};
  std::copy(values, values + 4, weights.begin() + static_cast<std::ptrdiff_t>(at));
  const std::vector<float> images = {0.5F, -1, 1, 0};
  const net::ScoresByModule scores = zero_cost_scores(network, layout, weights, images, {0});
  // Every weight sees an input of 1 and an output of weight 1: dR/dw = 1.
  CHECK(scores.at("").log_synflow == Approx(3.75 * std::log(2.0)));
}

TEST_CASE("log-synflow counts every output that is trained") {
  test::NetworkBuilder b({1, 1, 2}, 2);
  const int near = b.add(net::Dense{1}, {0}), far = b.add(net::Dense{0}, {near});
  b.network.outputs = {{"head", far}, {"near", near}};
  const ParameterLayout layout(b.network);
  const std::vector<float> weights(layout.trained, 1.0F), images(2, 1.0F);
  const auto score = [&](const std::vector<int>& outputs) {
    return zero_cost_scores(b.network, layout, weights, images, outputs).at("").log_synflow;
  };
  // dR/dw of the first layer's two weights: 2 by the head's two rows, 1 more by its own output. The
  // head's two weights see an input of 2.
  CHECK(score({0}) == Approx(4 * std::log(3.0)));
  CHECK(score({0, 1}) == Approx(2 * std::log(4.0) + 2 * std::log(3.0)));
  CHECK(score({1}) == Approx(2 * std::log(2.0)));
}

TEST_CASE("zero-cost scores are finite, repeat, and name every module") {
  const net::Network network = test::network_of_modules({3, 16, 16}, 10);
  const ParameterLayout layout(network);
  const std::vector<float> weights = initial_weights(network, layout, 4);
  spec::Random random(5);
  std::vector<float> images(static_cast<std::size_t>(64 * network.input.elements()));
  for (float& v : images) v = static_cast<float>(random.normal());
  const net::ScoresByModule scores = zero_cost_scores(network, layout, weights, images, {0});
  REQUIRE(scores.size() == 3);
  for (const auto& [module, score] : scores) {
    INFO(module);
    for (const double value : net::values_of(score)) CHECK(std::isfinite(value));
    CHECK(score.expressivity > 0);
    CHECK(score.trainability <= 0);
  }
  CHECK(scores == zero_cost_scores(network, layout, weights, images, {0}));
}
