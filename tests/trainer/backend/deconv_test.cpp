// Transposed convolutions against their definition, and a pyramid whose levels share what is below
// them.
#include <catch2/catch.hpp>
#include <cmath>

#include "prototypes/network/shapes.hpp"
#include "tests/trainer/networks.hpp"
#include "trainer/backend/torch/torch_backend.hpp"

using namespace atto;
using namespace atto::train;
using atto::test::random_floats;

namespace {

using MapMaker = std::unique_ptr<Backend> (*)(const net::Network&, const ParameterLayout&,
                                              const BackendSettings&);

void check_near(const std::vector<float>& got, const std::vector<double>& wanted) {
  REQUIRE(got.size() == wanted.size());
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(got[i] - wanted[i]));
    largest = std::max(largest, std::abs(wanted[i]));
  }
  CHECK(worst < 1e-5 * largest);
}

struct DeconvCase {
  int images, height, width, in, out, kernel;
  bool bias;
};

/// What the definition says, in double precision.
struct Definition {
  Definition(const DeconvCase& c, const std::vector<float>& images,
             const std::vector<float>& weights, const std::vector<float>& slopes)
      : outputs(slopes.size()), image_slopes(images.size()), weight_slopes(weights.size()) {
    const auto taps = std::size_t(c.in * c.out * c.kernel * c.kernel);
    for (int n = 0; n < c.images; ++n)
      for (int y = 0; y < c.height * c.kernel; ++y)
        for (int x = 0; x < c.width * c.kernel; ++x)
          for (int o = 0; o < c.out; ++o) {
            const auto to =
                std::size_t(((n * c.height * c.kernel + y) * c.width * c.kernel + x) * c.out + o);
            if (c.bias) {
              outputs[to] += weights[taps + std::size_t(o)];
              weight_slopes[taps + std::size_t(o)] += slopes[to];
            }
            for (int i = 0; i < c.in; ++i) {
              const auto from =
                  std::size_t(((n * c.height + y / c.kernel) * c.width + x / c.kernel) * c.in + i);
              const auto w = std::size_t(((i * c.out + o) * c.kernel + y % c.kernel) * c.kernel +
                                         x % c.kernel);
              outputs[to] += double(images[from]) * weights[w];
              image_slopes[from] += double(slopes[to]) * weights[w];
              weight_slopes[w] += double(slopes[to]) * images[from];
            }
          }
  }
  std::vector<double> outputs, image_slopes, weight_slopes;
};

}  // namespace

TEST_CASE("a transposed convolution and its slopes are what the definition says") {
  const MapMaker make = GENERATE(&make_cpu_backend, &make_torch_backend);
  const auto c =
      GENERATE(DeconvCase{1, 1, 1, 1, 1, 2, true}, DeconvCase{3, 5, 4, 15, 16, 2, false},
               DeconvCase{2, 14, 14, 16, 17, 2, true}, DeconvCase{4, 2, 7, 33, 5, 3, true},
               DeconvCase{2, 3, 3, 17, 31, 1, false}, DeconvCase{5, 6, 1, 8, 48, 4, true});
  const int threads = GENERATE(1, 3);
  INFO(c.in << " to " << c.out << ", kernel " << c.kernel << ", " << threads << " threads");
  test::NetworkBuilder b({c.in, c.height, c.width}, 1);
  b.network.outputs = {{"map", b.add(net::Deconv{c.out, c.kernel, c.bias}, {0})}};
  const ParameterLayout layout(b.network);
  const auto backend = make(b.network, layout, {Device::Cpu, threads, 5, {0}, true});
  const std::vector<float> weights = random_floats(layout.trained, 1);
  const std::vector<float> images =
      random_floats(std::size_t(c.images * c.height * c.width * c.in), 2);
  const std::vector<float> slopes =
      random_floats(std::size_t(c.images * c.height * c.width * c.kernel * c.kernel * c.out), 3);
  const Definition wanted(c, images, weights, slopes);
  const Maps maps = backend->forward(weights.data(), {images.data(), c.images});
  check_near(maps.at(0), wanted.outputs);
  std::vector<float> gradients(layout.trained), image_slopes(images.size());
  backend->backward({slopes}, gradients.data(), image_slopes.data());
  check_near(gradients, wanted.weight_slopes);
  check_near(image_slopes, wanted.image_slopes);
}

TEST_CASE("the slopes of a pyramid, of which every level is an output, are central differences") {
  const MapMaker make = GENERATE(&make_cpu_backend, &make_torch_backend);
  test::NetworkBuilder b({3, 16, 16}, 1);
  const auto tanh = net::Activation::Tanh;
  const int c2 = b.unit(0, 8, 3, 2, 1, tanh), c3 = b.unit(c2, 12, 3, 2, 1, tanh),
            c4 = b.unit(c3, 16, 3, 2, 1, tanh);
  const int p4 = b.unit(c4, 10, 1, 1, 1, tanh);
  const int p3 = b.add(
      net::Add{}, {b.unit(c3, 10, 1, 1, 1, net::Activation::None), b.add(net::Upsample{2}, {p4})});
  const int up = b.add(net::BatchNorm{}, {b.add(net::Deconv{10, 2, false}, {p3})});
  const int p2 = b.add(net::Add{}, {b.unit(c2, 10, 1, 1, 1, net::Activation::None), up});
  const int p5 = b.add(net::Pool{net::Pool::Kind::Average, 1, 2}, {p4});
  b.network.outputs = {{"p2", p2}, {"p3", p3}, {"p4", p4}, {"p5", p5}};
  REQUIRE(net::malformed(b.network).empty());
  const ParameterLayout layout(b.network);
  const auto backend = make(b.network, layout, {Device::Cpu, 1, 4, {0, 1, 2, 3}, true});
  const std::vector<float> weights = initial_weights(b.network, layout, 3),
                           images = random_floats(3 * 16 * 16 * 3, 4);
  Maps slopes;
  const auto loss_at = [&](const std::vector<float>& w) {
    const Maps maps = backend->forward(w.data(), {images.data(), 3});
    double loss = 0;
    slopes.clear();
    for (std::size_t i = 0; i < maps.size(); ++i) {
      slopes.push_back(random_floats(maps[i].size(), 10 + i));
      for (std::size_t j = 0; j < maps[i].size(); ++j) loss += double(maps[i][j]) * slopes[i][j];
    }
    return loss;
  };
  loss_at(weights);
  std::vector<float> gradients(layout.trained);
  backend->backward(slopes, gradients.data());
  double norm = 0;
  for (const float g : gradients) norm += double(g) * g;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const std::vector<float> direction = random_floats(weights.size(), 30 + seed);
    std::vector<float> up_weights = weights, down_weights = weights;
    double slope = 0;
    constexpr double kStep = 1e-3;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      slope += double(direction[i]) * gradients[i];
      up_weights[i] += static_cast<float>(kStep * direction[i]);
      down_weights[i] -= static_cast<float>(kStep * direction[i]);
    }
    const double difference = (loss_at(up_weights) - loss_at(down_weights)) / (2 * kStep);
    CHECK(slope == Approx(difference).epsilon(0.01).margin(0.005 * std::sqrt(norm)));
  }
}
