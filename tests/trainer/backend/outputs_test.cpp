// Several outputs, slopes by the images, batches that change: what tasks beyond classification need
// of a backend.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/trainer/networks.hpp"
#include "trainer/backend/cpu/kernels.hpp"
#include "trainer/backend/loss.hpp"
#include "trainer/backend/torch/torch_backend.hpp"

using namespace atto;
using namespace atto::train;
using atto::test::random_floats;

namespace {

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return sum;
}

std::vector<float> moved(std::vector<float> from, const std::vector<float>& direction, float by) {
  for (std::size_t i = 0; i < from.size(); ++i) from[i] += by * direction[i];
  return from;
}

/// The gradients of a loss that weighs every number of every output.
struct Gradients {
  std::vector<float> weights, images;
};

Maps slopes_for(const Maps& outputs) {
  Maps slopes;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    slopes.push_back(random_floats(outputs[i].size(), 100 + i));
  return slopes;
}

double loss_of(const Maps& outputs) {
  const Maps slopes = slopes_for(outputs);
  double loss = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) loss += dot(outputs[i], slopes[i]);
  return loss;
}

Gradients gradients_of(Backend& backend, const ParameterLayout& layout,
                       const std::vector<float>& weights, const std::vector<float>& images,
                       int count) {
  Gradients gradients{std::vector<float>(layout.trained), std::vector<float>(images.size())};
  const Maps outputs = backend.forward(weights.data(), {images.data(), count});
  backend.backward(slopes_for(outputs), gradients.weights.data(), gradients.images.data());
  return gradients;
}

/// Smooth, so that differences are near slopes. Outputs: a dense layer, an activation that others
/// read, a batch norm that nobody else reads, and the sum of two branches.
net::Network branching_network() {
  test::NetworkBuilder b({3, 8, 7}, 5);
  const int stem = b.unit(0, 12, 3, 1, 1, net::Activation::Tanh);
  const int left = b.unit(stem, 12, 3, 1, 12, net::Activation::Tanh);
  const int right = b.unit(stem, 12, 1, 1, 1, net::Activation::None);
  const int sum = b.add(net::Add{}, {left, right});
  const int aside = b.unit(stem, 6, 3, 2, 1, net::Activation::None);
  net::Network network = b.finish(sum);
  network.outputs.push_back({"stem", stem});
  network.outputs.push_back({"aside", aside});
  network.outputs.push_back({"sum", sum});
  return network;
}

using Maker = std::unique_ptr<Backend> (*)(const net::Network&, const ParameterLayout&,
                                           const BackendSettings&);

}  // namespace

TEST_CASE("slopes of several outputs, by weights and by images, are central differences") {
  const Maker make = GENERATE(&make_cpu_backend, &make_torch_backend);
  const net::Network network = branching_network();
  const ParameterLayout layout(network);
  const auto backend = make(network, layout, {Device::Cpu, 1, 6, {0, 1, 2, 3}, true});
  const std::vector<float> weights = initial_weights(network, layout, 3);
  // A batch below the largest, then the largest: what one leaves behind must not reach the other.
  for (const int count : {4, 6, 2}) {
    INFO(count << " images");
    const std::vector<float> images =
        random_floats(static_cast<std::size_t>(count * network.input.elements()), 7);
    const Gradients got = gradients_of(*backend, layout, weights, images, count);
    const auto loss_at = [&](const std::vector<float>& w, const std::vector<float>& x) {
      return loss_of(backend->forward(w.data(), {x.data(), count}));
    };
    constexpr float kStep = 1e-2F;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const std::vector<float> by_weight = random_floats(weights.size(), 20 + seed),
                               by_image = random_floats(images.size(), 40 + seed);
      const double weight_slope = (loss_at(moved(weights, by_weight, kStep / 10), images) -
                                   loss_at(moved(weights, by_weight, -kStep / 10), images)) /
                                  (2 * kStep / 10);
      CHECK(dot(got.weights, by_weight) ==
            Approx(weight_slope)
                .epsilon(0.01)
                .margin(0.005 * std::sqrt(dot(got.weights, got.weights))));
      const double image_slope = (loss_at(weights, moved(images, by_image, kStep)) -
                                  loss_at(weights, moved(images, by_image, -kStep))) /
                                 (2 * kStep);
      CHECK(
          dot(got.images, by_image) ==
          Approx(image_slope).epsilon(0.01).margin(0.005 * std::sqrt(dot(got.images, got.images))));
    }
  }
}

TEST_CASE("both backends agree on any outputs of random networks") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    net::Network network = test::random_network(seed, {3, 9, 10}, 7);
    spec::Random random(seed);
    for (int i = 0; i < 2; ++i)
      network.outputs.push_back({"output" + std::to_string(i),
                                 1 + static_cast<int>(random.below(network.layers.size() - 1))});
    const ParameterLayout layout(network);
    const BackendSettings settings{Device::Cpu, 1 + static_cast<int>(seed % 2), 5, {2, 0, 1}, true};
    const auto oracle = make_torch_backend(network, layout, settings),
               ours = make_cpu_backend(network, layout, settings);
    const std::vector<float> weights = initial_weights(network, layout, seed);
    const std::vector<float> images =
        random_floats(static_cast<std::size_t>(5 * network.input.elements()), seed);
    const Maps wanted = oracle->forward(weights.data(), {images.data(), 5}),
               got = ours->forward(weights.data(), {images.data(), 5});
    REQUIRE(got.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      REQUIRE(got[i].size() == wanted[i].size());
      for (std::size_t j = 0; j < got[i].size(); ++j)
        REQUIRE(got[i][j] == Approx(wanted[i][j]).epsilon(1e-3).margin(1e-3));
    }
    const Gradients far = gradients_of(*oracle, layout, weights, images, 5),
                    near = gradients_of(*ours, layout, weights, images, 5);
    const auto angle = [](const std::vector<float>& a, const std::vector<float>& b) {
      return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b) + 1e-30);
    };
    CHECK(angle(far.weights, near.weights) > 0.9999);
    CHECK(angle(far.images, near.images) > 0.9999);
  }
}

TEST_CASE("layers that no chosen output needs get no gradient") {
  const Maker make = GENERATE(&make_cpu_backend, &make_torch_backend);
  const net::Network network = branching_network();
  const ParameterLayout layout(network);
  const auto backend = make(network, layout, {Device::Cpu, 1, 2, {2}});
  const std::vector<float> weights = initial_weights(network, layout, 3),
                           images = random_floats(
                               static_cast<std::size_t>(2 * network.input.elements()), 7);
  const Maps outputs = backend->forward(weights.data(), {images.data(), 2});
  REQUIRE(outputs.size() == 1);
  std::vector<float> gradients(layout.trained, -1);
  backend->backward(slopes_for(outputs), gradients.data());
  const int dense = static_cast<int>(network.layers.size()) - 1;
  CHECK(gradients[layout.offset(dense, 0)] == 0);
  CHECK(gradients[layout.offset(1, 0)] != 0);
}

TEST_CASE("a backend goes back once from each forward pass, and only from those") {
  const Maker make = GENERATE(&make_cpu_backend, &make_torch_backend);
  const net::Network network = branching_network();
  const ParameterLayout layout(network);
  const auto backend = make(network, layout, {Device::Cpu, 1, 2});
  const std::vector<float> weights = initial_weights(network, layout, 3),
                           images = random_floats(
                               static_cast<std::size_t>(2 * network.input.elements()), 7);
  std::vector<float> gradients(layout.trained), statistics = neutral_statistics(layout);
  const Batch batch{images.data(), 2};
  const Maps slopes = slopes_for(backend->forward(weights.data(), batch));
  CHECK_NOTHROW(backend->backward(slopes, gradients.data()));
  CHECK_THROWS_AS(backend->backward(slopes, gradients.data()), InternalError);
  backend->forward(weights.data(), batch);
  backend->infer(weights.data(), statistics.data(), batch);
  CHECK_THROWS_AS(backend->backward(slopes, gradients.data()), InternalError);
  std::vector<float> image_slopes(images.size());
  backend->forward(weights.data(), batch);
  CHECK_THROWS_AS(backend->backward(slopes, gradients.data(), image_slopes.data()), InternalError);
}

TEST_CASE("A label that is no class, and a batch that is too large, are refused before any write") {
  const std::vector<float> logits(20);
  std::vector<float> slopes(20, 7);
  for (const std::int32_t label : {-1, 10, 255, INT32_MIN, INT32_MAX}) {
    const std::vector<std::int32_t> labels = {label, 0};
    CHECK_THROWS_AS(cross_entropy(logits.data(), labels.data(), 2, 10, 0, slopes.data()),
                    InternalError);
  }
  CHECK(slopes == std::vector<float>(20, 7));
  const net::Network network = branching_network();
  const ParameterLayout layout(network);
  const auto backend = make_cpu_backend(network, layout, {Device::Cpu, 1, 2});
  const std::vector<float> weights = initial_weights(network, layout, 3),
                           images = random_floats(
                               static_cast<std::size_t>(3 * network.input.elements()), 7);
  std::vector<float> statistics = neutral_statistics(layout);
  const Batch batch{images.data(), 3};
  CHECK_THROWS_AS(backend->forward(weights.data(), batch), InternalError);
  CHECK_THROWS_AS(backend->infer(weights.data(), statistics.data(), batch), InternalError);
  CHECK_THROWS_AS(backend->measure_statistics(weights.data(), batch, 1, statistics.data()),
                  InternalError);
  CHECK_NOTHROW(backend->forward(weights.data(), {images.data(), 2}));
}

TEST_CASE("ATTO_TRAIN_ISA chooses among the kernels that this CPU has, and names no others") {
  const cpu::KernelList list = cpu::runnable_kernels();
  for (int i = 0; i < list.count; ++i) {
    ::setenv("ATTO_TRAIN_ISA", std::string(list.tables[i]->name).c_str(), 1);
    CHECK(cpu::best_kernels().name == list.tables[i]->name);
  }
  ::setenv("ATTO_TRAIN_ISA", "bogus", 1);
  CHECK_THROWS_WITH(cpu::best_kernels(), Catch::StartsWith("ATTO_TRAIN_ISA: must be of what this "
                                                           "CPU has: plain") &&
                                             Catch::EndsWith("; got bogus"));
  ::setenv("ATTO_TRAIN_ISA", "", 1);
  CHECK(cpu::best_kernels().name == list.tables[list.count - 1]->name);
  ::unsetenv("ATTO_TRAIN_ISA");
}
