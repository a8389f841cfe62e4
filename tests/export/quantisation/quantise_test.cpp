// The quantiser: int8 networks stay near their float ones, and are the same as QDQ files.
#include "export/quantisation/quantise.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "design_specs/errors.hpp"
#include "export/lowering/passes.hpp"
#include "export/onnx/executor.hpp"
#include "export/onnx/model_file.hpp"
#include "export/onnx/quantised_graph.hpp"
#include "export/reference/fused_interpreter.hpp"
#include "export/reference/int8_interpreter.hpp"
#include "export/reference/interpreter.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto;
namespace onnx = atto::deploy::onnx;

namespace {

constexpr std::uint64_t kImages = 8;

std::vector<float> images_for(const net::Shape& shape, std::uint64_t count) {
  std::vector<float> images;
  for (std::uint64_t n = 0; n < count; ++n) {
    const std::vector<float> image = test::random_image(shape, n + 1);
    images.insert(images.end(), image.begin(), image.end());
  }
  return images;
}

onnx::Graph through_file(const onnx::Graph& graph) {
  const auto file =
      std::filesystem::temp_directory_path() / ("atto_qdq_" + std::to_string(::getpid()));
  onnx::write_model(file, graph);
  onnx::Graph read = onnx::read_model(file);
  std::filesystem::remove(file);
  return read;
}

/// How far two outputs are apart, in steps of 1/255 of what the second spans.
struct Steps {
  std::size_t values = 0, different = 0;
  double largest = 0;
};

void compare(const std::vector<float>& got, const std::vector<float>& wanted, double step,
             Steps& steps) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t e = 0; e < got.size(); ++e) {
    const double distance = std::fabs(double{got[e]} - wanted[e]) / step;
    ++steps.values;
    steps.different += distance > 0.01;
    steps.largest = std::max(steps.largest, distance);
  }
}

deploy::FusedNetwork fused(const net::Network& network, std::uint64_t seed) {
  return deploy::fuse(network, test::random_weights(network, seed), deploy::Attach::Clamps);
}

}  // namespace

TEST_CASE("the fused interpreter computes what the IR computes") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const net::Network network = net::random_network(seed);
    const net::TensorFile weights = test::random_weights(network, seed);
    const deploy::FusedNetwork folded = deploy::fuse(network, weights);
    const std::vector<float> image = test::random_image(network.input, seed);
    const auto got = deploy::FusedInterpreter(folded).run(image);
    const auto wanted = deploy::Interpreter(network, weights).run(image);
    CAPTURE(seed);
    REQUIRE(got.size() == wanted.size());
    for (std::size_t o = 0; o < got.size(); ++o)
      CHECK(test::relative_error(got[o], wanted[o]) < 1e-5);
  }
}

TEST_CASE("int8 networks are near their float ones, and their QDQ files compute the same") {
  Steps file_steps;
  double sum_of_errors = 0;
  constexpr int kNetworks = 60;
  for (std::uint64_t seed = 0; seed < kNetworks; ++seed) {
    const net::Network network = net::random_network(seed);
    const deploy::FusedNetwork folded = fused(network, seed);
    const deploy::Quantisation quantisation =
        deploy::quantise(folded, images_for(network.input, kImages));
    const std::vector<float> image = test::random_image(network.input, 1);
    const auto got = deploy::Int8Interpreter(folded, quantisation).run(image);
    const auto wanted = deploy::FusedInterpreter(folded).run(image);
    CAPTURE(seed);
    sum_of_errors += test::relative_error(got[0], wanted[0]);
    const onnx::Graph graph = through_file(onnx::quantised_graph(folded, quantisation, {}));
    const auto run = onnx::Executor(graph).run(
        {{graph.inputs.at(0).name,
          {{1, network.input.channels, network.input.height, network.input.width}, image, {}}}});
    for (std::size_t o = 0; o < network.outputs.size(); ++o) {
      const auto node = static_cast<std::size_t>(folded.outputs[o].layer);
      compare(run.at(network.outputs[o].name).values, got[o], quantisation.tensors[node].scale,
              file_steps);
    }
  }
  CHECK(sum_of_errors / kNetworks < 0.1);
  CHECK(sum_of_errors > 0);
  // Floats may round a tie the other way, and that may go on.
  CHECK(static_cast<double>(file_steps.different) < 0.005 * double(file_steps.values));
  CHECK(file_steps.largest < 8);
}

TEST_CASE("ranges hold zero, and cut what costs more than it gives") {
  CHECK(deploy::span_range(0, 0).scale == 1);
  CHECK(deploy::span_range(2, 5.1).zero_point == 0);
  CHECK(deploy::span_range(-1, 3).zero_point == 64);
  CHECK(deploy::span_range(-3, -1).zero_point == 255);
  deploy::Observation seen;
  seen.channels = 2;
  seen.samples_per_channel = 50'000;
  for (int i = 0; i < 100'000; ++i) seen.samples.push_back(float(i % 1000) / 1000);
  seen.samples[70'000] = 60;  // in the second channel
  seen.low = 0;
  seen.high = 60;
  const std::vector<double> even = {1, 1}, first = {1, 0}, second = {0, 1};
  using Method = deploy::RangeMethod;
  const auto reach = [&](Method method, const std::vector<double>& weights) {
    return 255 * deploy::choose_range(seen, method, weights).scale;
  };
  CHECK(reach(Method::MinMax, even) == Approx(60));
  CHECK(reach(Method::Percentile, even) == Approx(0.999));
  const double by_mse = reach(Method::Mse, even);
  CHECK(by_mse > 1);
  CHECK(by_mse < 60);
  CHECK(reach(Method::Best, first) == Approx(0.999));  // nobody hears the outlier
  CHECK(reach(Method::Best, even) == Approx(by_mse));
  CHECK(reach(Method::Best, second) == Approx(60));  // only its own channel pays for it
}

TEST_CASE("weights are symmetric by channel, and a large bias decides where weights vanish") {
  deploy::FusedNode node{
      "conv", deploy::FusedConv{1, 1, 1, 1, {0.5F, -1.27F, 0, 0, 1e-12F, 0}, {1, 50, 1000}},
      {0},    {3, 1, 1},
      {},     -1,
      {},     {}};
  const deploy::WeightQuantisation of = deploy::quantise_weights(node, 0.1F);
  CHECK(of.weights[0] == 50);
  CHECK(of.weights[1] == -127);
  CHECK(of.scales[0] == Approx(0.01F));
  CHECK(of.bias[0] == 1000);
  for (std::size_t o = 0; o < 3; ++o)
    CHECK(double(of.bias[o]) * of.scales[o] * 0.1 ==
          Approx(std::get<deploy::FusedConv>(node.op).bias[o]).epsilon(1e-3));
}

TEST_CASE("bias correction takes back the mean error of rounded weights") {
  net::Network network{"one",
                       {3, 12, 12},
                       2,
                       {{"input", net::InputLayer{}, {}},
                        {"conv", net::Conv{24, 3, 2, 1, 1, true}, {0}},
                        {"relu", net::Activate{net::Activation::Relu}, {1}},
                        {"next", net::Conv{24, 3, 1, 8, 1, true}, {2}}},
                       {{"head", 3}}};
  const deploy::FusedNetwork folded = fused(network, 3);
  const std::vector<float> images = images_for(network.input, 16);
  const auto mean_error = [&](bool corrects) {
    const deploy::Quantisation quantisation =
        deploy::quantise(folded, images, {deploy::RangeMethod::Mse, corrects});
    const deploy::Int8Interpreter whole(folded, quantisation);
    const deploy::FusedInterpreter real(folded);
    std::vector<double> by_channel(24);
    for (std::size_t n = 0; n < 16; ++n) {
      const auto image = std::span<const float>(images).subspan(n * 432, 432);
      const auto got = whole.run(image).at(0), wanted = real.run(image).at(0);
      for (std::size_t e = 0; e < got.size(); ++e) by_channel[e / 36] += got[e] - wanted[e];
    }
    return std::accumulate(by_channel.begin(), by_channel.end(), 0.0,
                           [](double sum, double error) { return sum + std::fabs(error); });
  };
  const double with = mean_error(true), without = mean_error(false);
  CAPTURE(with, without);
  CHECK(with < 0.8 * without);
}

TEST_CASE("a softmax that another layer reads cannot be quantised") {
  const net::Network network{"attention",
                             {2, 1, 1},
                             2,
                             {{"input", net::InputLayer{}, {}},
                              {"softmax", net::Softmax{}, {0}},
                              {"relu", net::Activate{net::Activation::Swish}, {1}}},
                             {{"head", 2}}};
  CHECK_THROWS_AS(deploy::quantise(fused(network, 1), images_for(network.input, 1)), SpecError);
}

TEST_CASE("weights so large that a value is no number are refused at their layer") {
  const net::Network network{"loud",
                             {2, 1, 1},
                             2,
                             {{"input", net::InputLayer{}, {}},
                              {"first", net::Dense{4}, {0}},
                              {"second", net::Dense{2}, {1}}},
                             {{"head", 2}}};
  deploy::FusedNetwork loud = fused(network, 1);
  for (deploy::FusedNode& node : loud.nodes)
    if (auto* dense = std::get_if<deploy::FusedDense>(&node.op))
      std::fill(dense->weights.begin(), dense->weights.end(), 1e30F);
  const std::vector<float> images(2, 1);
  CHECK_THROWS_WITH(
      deploy::quantise(loud, images),
      Catch::Contains("loud: second: int8 needs finite values on the calibration images"));
}

TEST_CASE("a layer whose sums could leave 32 bits is refused by name") {
  for (const int products : {60'000, 70'000}) {
    const net::Network network{"vast",
                               {products / 10, 10, 1},
                               2,
                               {{"input", net::InputLayer{}, {}}, {"all", net::Dense{2}, {0}}},
                               {{"head", 1}}};
    deploy::FusedNetwork vast = fused(network, 1);
    for (deploy::FusedNode& node : vast.nodes)
      if (auto* dense = std::get_if<deploy::FusedDense>(&node.op))
        std::fill(dense->weights.begin(), dense->weights.end(), 0.01F);
    const std::vector<float> images(std::size_t(products), 1);
    if (products < (1LL << 31) / (255 * 127)) {
      CHECK_NOTHROW(deploy::quantise(vast, images));
    } else {
      CHECK_THROWS_WITH(deploy::quantise(vast, images),
                        Catch::Contains("vast: all: int8 needs sums that stay inside of 32 bits"));
    }
  }
}
