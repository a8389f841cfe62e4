#include "prototypes/network/costs.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "prototypes/network/shapes.hpp"
#include "prototypes/network/weights.hpp"
#include "tests/prototypes/network/random_network.hpp"

using namespace atto::net;

namespace {

int readers(const Network& network, int layer) {
  int count = 0;
  for (const Layer& reader : network.layers)
    count += static_cast<int>(std::count(reader.inputs.begin(), reader.inputs.end(), layer));
  for (const Output& output : network.outputs) count += output.layer == layer ? 1 : 0;
  return count;
}

bool is_needed_from(const Network& network, int tensor, int layer) {
  for (const Output& output : network.outputs)
    if (output.layer == tensor) return true;
  for (std::size_t i = static_cast<std::size_t>(layer); i < network.layers.size(); ++i) {
    const auto& inputs = network.layers[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), tensor) != inputs.end()) return true;
  }
  return false;
}

std::int64_t size_of(const std::vector<std::int64_t>& shape) {
  std::int64_t size = 1;
  for (const std::int64_t side : shape) size *= side;
  return size;
}

/// The counting rule from its text, layer by layer and tensor by tensor, in quadratic time.
Costs naive_costs(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  Costs costs;
  for (const WeightSpec& weight : weight_specs(network)) {
    const Layer& layer = network.layers[static_cast<std::size_t>(weight.layer)];
    const Shape& out = shapes[static_cast<std::size_t>(weight.layer)];
    const bool is_kernel = weight.shape.size() > 1;
    if (weight.trained) costs.params += size_of(weight.shape);
    // A deconv's weights meet every place of its input.
    const bool is_deconv = std::holds_alternative<Deconv>(layer.op);
    const Shape& met = is_deconv ? shapes[static_cast<std::size_t>(layer.inputs[0])] : out;
    if (is_kernel) costs.macs += size_of(weight.shape) * met.height * met.width;
    const bool is_norm =
        std::holds_alternative<BatchNorm>(layer.op) || std::holds_alternative<LayerScale>(layer.op);
    if (!is_norm) costs.model_bytes += 4 * size_of(weight.shape);
    if (!is_norm || !weight.trained) continue;
    const int from = layer.inputs[0];
    const Op& source = network.layers[static_cast<std::size_t>(from)].op;
    const auto* conv = std::get_if<Conv>(&source);
    const auto* deconv = std::get_if<Deconv>(&source);
    const bool is_folded = (conv != nullptr || deconv != nullptr) && readers(network, from) == 1;
    const bool has_bias = (conv != nullptr && conv->bias) || (deconv != nullptr && deconv->bias);
    const bool is_shift = weight.name.ends_with(".bias");
    if (!is_folded || (is_shift && !has_bias)) costs.model_bytes += 4 * size_of(weight.shape);
  }
  for (int layer = 0; layer < static_cast<int>(shapes.size()); ++layer) {
    std::int64_t live = 0;
    for (int tensor = 0; tensor <= layer; ++tensor)
      if (tensor == layer || is_needed_from(network, tensor, layer))
        live += 4 * shapes[static_cast<std::size_t>(tensor)].elements();
    costs.peak_activation_bytes = std::max(costs.peak_activation_bytes, live);
  }
  return costs;
}

/// 3x8x8 -> conv 3x3 /2 to 4 -> norm -> relu -> depthwise 3x3 (bias) -> add with relu -> pool ->
/// dense 5.
Network residual() {
  return {"residual",
          {3, 8, 8},
          5,
          {{"input", InputLayer{}, {}},
           {"conv", Conv{4, 3, 2}, {0}},
           {"norm", BatchNorm{}, {1}},
           {"relu", Activate{}, {2}},
           {"depthwise", Conv{4, 3, 1, 4, 1, true}, {3}},
           {"add", Add{}, {3, 4}},
           {"pool", GlobalAveragePool{}, {5}},
           {"dense", Dense{}, {6}}},
          {{"head", 7}}};
}

}  // namespace

TEST_CASE("A small network costs what the rule gives by hand") {
  const Network network = residual();
  const Costs costs = count_costs(network);
  // conv 4*3*9 = 108, norm 8, depthwise 4*9 + 4 = 40, dense 4*5 + 5 = 25
  CHECK(costs.params == 108 + 8 + 40 + 25);
  // on a 4x4 map: conv 108*16, depthwise 36*16, dense 20
  CHECK(costs.macs == 108 * 16 + 36 * 16 + 20);
  // the input (192 values) and the convolution's output (64)
  CHECK(costs.peak_activation_bytes == 4 * (192 + 64));
  // weights 108 + 36 + 20; biases 4 (folded norm) + 4 + 5
  CHECK(costs.model_bytes == 4 * (108 + 36 + 20 + 4 + 4 + 5));
  const std::vector<LayerCosts> layers = layer_costs(network);
  const std::vector<std::int64_t> live = {192, 256, 128, 128, 128, 192, 68, 9};
  REQUIRE(layers.size() == live.size());
  for (std::size_t i = 0; i < live.size(); ++i) {
    INFO(i);
    CHECK(layers[i].live_bytes == 4 * live[i]);
  }
  CHECK(layers[4].params == 40);
  CHECK(layers[4].macs == 576);
  CHECK(layers[4].shape == Shape{4, 4, 4});
}

TEST_CASE("What lives and what folds follows the readers") {
  Network network = residual();
  const std::int64_t residual_params = count_costs(network).params;
  SECTION("an early output lives to the end") {
    network.outputs.push_back({"stage", 3});
    CHECK(layer_costs(network).back().live_bytes == 4 * (64 + 4 + 5));
  }
  SECTION("a convolution that is an output keeps its values, and its norm does not fold") {
    network.outputs.push_back({"raw", 1});
    CHECK(count_costs(network).model_bytes == 4 * (108 + 36 + 20 + 8 + 4 + 5));
  }
  SECTION("a norm after a norm does not fold") {
    network.layers[3].op = BatchNorm{};
    CHECK(count_costs(network).model_bytes == 4 * (108 + 36 + 20 + 4 + 8 + 4 + 5));
  }
  SECTION("a norm after a convolution with bias adds nothing to the model") {
    network.layers[1].op = Conv{4, 3, 2, 1, 1, true};
    CHECK(count_costs(network).model_bytes == 4 * (108 + 36 + 20 + 4 + 4 + 5));
  }
  SECTION("a layer scale folds as a norm does, and has no shift") {
    network.layers[2].op = LayerScale{};
    CHECK(count_costs(network).params == 108 + 4 + 40 + 25);
    CHECK(count_costs(network).model_bytes == 4 * (108 + 36 + 20 + 4 + 5));
  }
  SECTION("a layer norm never folds") {
    network.layers[2].op = LayerNorm{};
    CHECK(count_costs(network).params == residual_params);
    CHECK(count_costs(network).model_bytes == 4 * (108 + 36 + 20 + 8 + 4 + 5));
  }
  SECTION("a deconv multiplies at every place of its input") {
    network.layers[1].op = Deconv{4, 2};
    CHECK(count_costs(network).params == 48 + 8 + 40 + 25);
    CHECK(layer_costs(network)[1].macs == 48 * 64);
    CHECK(count_costs(network).model_bytes == 4 * (48 + 36 + 20 + 4 + 4 + 5));
  }
  SECTION("a tensor that one layer reads twice is counted once") {
    network.layers[5].inputs = {4, 4};
    CHECK(layer_costs(network)[5].live_bytes == 4 * (64 + 64));
  }
  SECTION("the second input of PoolTo is read") {
    network.layers[5] = {"to", PoolTo{}, {4, 0}};
    network.layers[5].inputs = {0, 4};
    CHECK(layer_costs(network)[4].live_bytes == 4 * (192 + 64 + 64));
  }
}

TEST_CASE("Costs equal those of the naive count on random networks") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO(seed);
    const Network network = random_network(seed, 5 + static_cast<int>(seed % 40));
    const Costs costs = count_costs(network), naive = naive_costs(network);
    REQUIRE(costs.params == naive.params);
    REQUIRE(costs.macs == naive.macs);
    REQUIRE(costs.peak_activation_bytes == naive.peak_activation_bytes);
    REQUIRE(costs.model_bytes == naive.model_bytes);
    Costs sums;
    for (const LayerCosts& layer : layer_costs(network)) {
      sums.params += layer.params;
      sums.macs += layer.macs;
      sums.peak_activation_bytes = std::max(sums.peak_activation_bytes, layer.live_bytes);
    }
    REQUIRE(sums.params == costs.params);
    REQUIRE(sums.macs == costs.macs);
    REQUIRE(sums.peak_activation_bytes == costs.peak_activation_bytes);
  }
}

TEST_CASE("Enormous networks saturate instead of overflowing") {
  Network network{"huge", {1 << 16, 128, 128}, 2, {{"input", InputLayer{}, {}}}, {}};
  for (int i = 0; i < 200; ++i)
    network.layers.push_back({"conv" + std::to_string(i), Conv{1 << 16, 63, 1, 1}, {i}});
  network.outputs = {{"out", 200}};
  CHECK(count_costs(network).macs == std::numeric_limits<std::int64_t>::max());
}
