#include "export/quantisation/quantise.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "design_specs/errors.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/bias_correction.hpp"
#include "export/quantisation/observation.hpp"

namespace atto::deploy {
namespace {

/// Keeps a bias and its layer's sums inside of 32 bits.
constexpr double kLargestBias = 1 << 30;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// Null for a node without weights.
const std::vector<float>* bias_of(const FusedNode& node) {
  if (const auto* conv = std::get_if<FusedConv>(&node.op)) return &conv->bias;
  if (const auto* dense = std::get_if<FusedDense>(&node.op)) return &dense->bias;
  return nullptr;
}

const std::vector<float>& weights_of(const FusedNode& node) {
  if (const auto* conv = std::get_if<FusedConv>(&node.op)) return conv->weights;
  return std::get<FusedDense>(node.op).weights;
}

/// Whether a node's values need no scale but its input's.
bool keeps_parameters(const FusedNode& node) {
  return std::visit(
      [](const auto& op) {
        if constexpr (requires { op.hand_on_values(); })
          return op.hand_on_values();
        else
          return false;
      },
      node.op);
}

/// Weights may be so large that no range holds what they give.
void check(const FusedNetwork& network, const std::vector<Observation>& seen) {
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i].is_finite)
      throw SpecError({{network.name, network.nodes[i].name,
                        "int8 needs finite values on the calibration images", ""}});
}

/// Of the tensor of one node.
TensorQuantisation parameters_of(const FusedNetwork& network, std::size_t node,
                                 const std::vector<TensorQuantisation>& before,
                                 const QuantiseOptions& options, const Observation& seen,
                                 std::span<const double> heard) {
  if (options.prescribed)
    if (const auto prescribed = options.prescribed(network, node, before)) return *prescribed;
  if (keeps_parameters(network.nodes[node])) return before[at(network.nodes[node].inputs[0])];
  TensorQuantisation chosen = choose_range(seen, options.range, heard);
  if (options.has_short_scales) chosen.scale = short_scale(chosen.scale);
  return chosen;
}

std::vector<std::int32_t> whole_bias(const FusedNode& node, const WeightQuantisation& weights,
                                     float input_scale, const std::vector<double>& correction) {
  const std::vector<float>& bias = *bias_of(node);
  std::vector<std::int32_t> whole;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    const double real = bias[o] + (correction.empty() ? 0 : correction[o]);
    const double place = std::nearbyint(real / (double{input_scale} * weights.scales[o]));
    whole.push_back(static_cast<std::int32_t>(std::clamp(place, -kLargestBias, kLargestBias)));
  }
  return whole;
}

/// Engines add up in whole numbers of 32 bits; the sum of very many products may not fit, and would
/// turn around without a word.
void expect_small_sums(const std::string& network, const FusedNode& node,
                       const WeightQuantisation& weights) {
  const std::size_t each = weights.weights.size() / weights.bias.size();
  for (std::size_t o = 0; o < weights.bias.size(); ++o) {
    std::int64_t largest = std::abs(std::int64_t{weights.bias[o]});
    for (std::size_t i = 0; i < each; ++i)
      largest += 255 * std::abs(std::int64_t{weights.weights[o * each + i]});
    if (largest > std::numeric_limits<std::int32_t>::max())
      throw SpecError({{network, node.name, "int8 needs sums that stay inside of 32 bits",
                        std::to_string(largest)}});
  }
}

}  // namespace

float short_scale(float scale) {
  constexpr int kDigits = 12;
  int exponent = 0;
  const double fraction = std::frexp(double{scale}, &exponent);
  return static_cast<float>(
      std::ldexp(std::ceil(std::ldexp(fraction, kDigits)), exponent - kDigits));
}

WeightQuantisation quantise_weights(const FusedNode& node, float input_scale,
                                    bool has_short_scales) {
  const std::vector<float>&weights = weights_of(node), &bias = *bias_of(node);
  const std::size_t each = weights.size() / bias.size();
  WeightQuantisation result;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    double largest = 0;
    for (std::size_t i = 0; i < each; ++i)
      largest = std::max(largest, std::fabs(double{weights[o * each + i]}));
    // Weights near zero under a large bias: the bias decides on the scale.
    const double scale =
        std::max(largest / 127, std::fabs(double{bias[o]}) / (input_scale * kLargestBias / 2));
    if (!(scale < std::numeric_limits<float>::max()))
      throw SpecError({{"", node.name, "int8 needs weights and biases that a scale can hold",
                        std::to_string(scale)}});
    const float rounded = scale > 1e-30 ? static_cast<float>(scale) : 1.0F;
    result.scales.push_back(has_short_scales ? short_scale(rounded) : rounded);
    for (std::size_t i = 0; i < each; ++i)
      result.weights.push_back(static_cast<std::int8_t>(std::clamp(
          std::nearbyint(double{weights[o * each + i]} / result.scales[o]), -127.0, 127.0)));
  }
  result.bias = whole_bias(node, result, input_scale, {});
  return result;
}

Quantisation quantise(const FusedNetwork& network, std::span<const float> images,
                      const QuantiseOptions& options) {
  expect_int8(network);
  const std::vector<Observation> seen = observe(network, images);
  check(network, seen);
  const std::vector<std::vector<double>> heard = channel_weights(network);
  Quantisation result;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const FusedNode& node = network.nodes[i];
    if (std::holds_alternative<net::Softmax>(node.op))
      result.tensors.emplace_back();
    else
      result.tensors.push_back(
          parameters_of(network, i, result.tensors, options, seen[i], heard[i]));
    WeightQuantisation& weights = result.weights.emplace_back();
    if (!bias_of(node)) continue;
    const std::size_t input = at(node.inputs[0]);
    const TensorQuantisation& from = result.tensors[input];
    weights = quantise_weights(node, from.scale, options.has_short_scales);
    if (options.corrects_bias)
      weights.bias =
          whole_bias(node, weights, from.scale,
                     mean_errors(node, network.nodes[input].shape, weights, seen[input], from));
    expect_small_sums(network.name, node, weights);
  }
  return result;
}

}  // namespace atto::deploy
