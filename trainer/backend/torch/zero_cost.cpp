#include "trainer/backend/torch/zero_cost.hpp"

#include <torch/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/module_spans.hpp"
#include "trainer/backend/torch/torch_errors.hpp"
#include "trainer/backend/torch/torch_forward.hpp"

namespace atto::train {
namespace {

using torch::Tensor;

constexpr std::int64_t kSpectrumRows = 512;
constexpr double kRidge = 1e-3;
constexpr std::uint64_t kSignSeed = 0x51695;

const net::Op& op_of(const net::Network& network, int layer) {
  return network.layers[static_cast<std::size_t>(layer)].op;
}

/// One tensor a slot, in the layers' order; running statistics stay undefined.
std::vector<LayerTensors> layer_tensors(const net::Network& network, const ParameterLayout& layout,
                                        const std::vector<float>& weights, torch::Dtype type) {
  std::vector<LayerTensors> tensors(network.layers.size());
  for (const Slot& slot : layout.slots) {
    LayerTensors& own = tensors[static_cast<std::size_t>(slot.spec.layer)];
    if (!slot.spec.trained) {
      own.emplace_back();
      continue;
    }
    float* const from = const_cast<float*>(weights.data()) + slot.offset;
    own.push_back(torch::from_blob(from, slot.spec.shape).to(type).clone());
  }
  return tensors;
}

/// Sums of log-synflow by layer. Doubles: the products of positive numbers grow with depth.
std::vector<double> synflow_by_layer(const net::Network& network, const ParameterLayout& layout,
                                     const std::vector<float>& weights,
                                     const std::vector<int>& outputs) {
  std::vector<LayerTensors> tensors = layer_tensors(network, layout, weights, torch::kFloat64);
  std::vector<Tensor> leaves;
  std::vector<int> layer_of_leaf;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const net::Op& op = network.layers[i].op;
    if (!has_kernel(op)) continue;
    tensors[i][0] = tensors[i][0].abs().requires_grad_(true);
    if (tensors[i].size() > 1) tensors[i][1] = torch::zeros_like(tensors[i][1]);
    leaves.push_back(tensors[i][0]);
    layer_of_leaf.push_back(static_cast<int>(i));
  }
  const net::Shape& in = network.input;
  std::vector<Tensor> values(network.layers.size());
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const net::Layer& layer = network.layers[i];
    std::vector<Tensor> inputs;
    for (int input : layer.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    const bool passes_on = std::holds_alternative<net::BatchNorm>(layer.op) ||
                           std::holds_alternative<net::LayerNorm>(layer.op) ||
                           std::holds_alternative<net::LayerScale>(layer.op) ||
                           std::holds_alternative<net::Activate>(layer.op) ||
                           std::holds_alternative<net::Softmax>(layer.op);
    if (layer.inputs.empty())
      values[i] = torch::ones({1, in.channels, in.height, in.width}, torch::kFloat64);
    else
      values[i] = passes_on ? inputs[0] : apply_layer(layer, inputs, tensors[i], {});
  }
  std::vector<Tensor> sums;
  for (int output : outputs)
    sums.push_back(
        values[static_cast<std::size_t>(network.outputs.at(static_cast<std::size_t>(output)).layer)]
            .sum());
  const auto slopes = torch::autograd::grad(sums, leaves, {}, c10::nullopt, false, true);
  std::vector<double> by_layer(network.layers.size(), 0.0);
  for (std::size_t i = 0; i < leaves.size(); ++i)
    if (slopes[i].defined())
      by_layer[static_cast<std::size_t>(layer_of_leaf[i])] =
          (leaves[i].detach() * torch::log1p(slopes[i].abs())).sum().item<double>();
  return by_layer;
}

/// The kernel of equal signs between images: equal[i][j] = activations on which they agree.
struct SignKernel {
  Tensor equal;
  double activations = 0;

  void add(const Tensor& before_activation) {
    const Tensor on = (before_activation.flatten(1) > 0).to(torch::kFloat32);
    const Tensor ones = on.sum(1);
    const auto count = static_cast<double>(on.size(1));
    const Tensor both = on.matmul(on.t());
    add_kernel(2 * both + count - ones.unsqueeze(0) - ones.unsqueeze(1), count);
  }
  void add_kernel(const Tensor& more, double count) {
    equal = equal.defined() ? equal + more : more;
    activations += count;
  }
  double log_determinant() const {
    if (!equal.defined()) return 0;
    const Tensor kernel = equal.to(torch::kFloat64) / activations;
    return torch::logdet(kernel + kRidge * torch::eye(kernel.size(0), torch::kFloat64))
        .item<double>();
  }
};

/// Rows of pixels [rows, channels], evenly spaced over images and places.
Tensor pixel_rows(const Tensor& map) {
  const Tensor rows = map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)});
  const std::int64_t stride = std::max<std::int64_t>(1, rows.size(0) / kSpectrumRows);
  return rows.slice(0, 0, rows.size(0), stride);
}

double spectrum_entropy(const Tensor& map) {
  const Tensor rows = pixel_rows(map).to(torch::kFloat64);
  const Tensor centred = rows - rows.mean(0, true);
  const Tensor covariance =
      centred.size(0) < centred.size(1) ? centred.matmul(centred.t()) : centred.t().matmul(centred);
  const Tensor values = std::get<0>(torch::linalg_eigh(covariance)).clamp_min(0);
  const double sum = values.sum().item<double>();
  if (!(sum > 0)) return 0;
  const Tensor shares = values / sum;
  return -(shares * (shares + 1e-12).log()).sum().item<double>();
}

/// Draws +1 and -1.
Tensor random_signs(const Tensor& like, spec::Random& random) {
  Tensor signs = torch::empty_like(like, torch::MemoryFormat::Contiguous);
  auto* const values = signs.data_ptr<float>();
  for (std::int64_t i = 0; i < signs.numel(); ++i)
    values[i] = (random.next() & 1) != 0 ? 1.0F : -1.0F;
  return signs;
}

double trainability_of(const Tensor& input, const Tensor& output, spec::Random& random) {
  const Tensor signs = random_signs(output, random);
  Tensor slope = torch::autograd::grad({output}, {input}, {signs}, true, false, true)[0];
  if (!slope.defined()) return 0;
  slope = torch::adaptive_avg_pool2d(slope, {output.size(2), output.size(3)});
  const auto rows = [](const Tensor& map) {
    return map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)}).to(torch::kFloat64);
  };
  const Tensor from = rows(signs), to = rows(slope);
  const Tensor map = from.t().matmul(to) / static_cast<double>(from.size(0));
  const double s = torch::linalg_svdvals(map).max().item<double>();
  return 2 - s - 1 / (s + 1e-6);
}

bool is_finite(const net::ZeroCostScores& scores) {
  const auto values = net::values_of(scores);
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

net::ScoresByModule score(const net::Network& network, const ParameterLayout& layout,
                          const std::vector<float>& weights, std::span<const float> images,
                          const std::vector<int>& outputs) {
  net::ScoresByModule all;
  const std::vector<net::ModuleSpan> modules = net::module_spans(network);
  const std::vector<double> synflow = synflow_by_layer(network, layout, weights, outputs);
  const net::Shape& in = network.input;
  const Tensor input = torch::from_blob(const_cast<float*>(images.data()),
                                        {static_cast<std::int64_t>(images.size()) / in.elements(),
                                         in.height, in.width, in.channels})
                           .permute({0, 3, 1, 2})
                           .requires_grad_(true);
  std::vector<Tensor> values;
  run_network(network, input, layer_tensors(network, layout, weights, torch::kFloat32), {true, 0},
              outputs, &values);
  const auto value = [&](int layer) { return values[static_cast<std::size_t>(layer)]; };

  net::ZeroCostScores whole;
  SignKernel signs;
  spec::Random random(kSignSeed);
  const auto take_signs = [&](int layer, SignKernel& into) {
    if (std::holds_alternative<net::Activate>(op_of(network, layer)))
      into.add(value(network.layers[static_cast<std::size_t>(layer)].inputs[0]).detach());
  };
  for (const net::ModuleSpan& span : modules) {
    net::ZeroCostScores& own = all[span.path];
    SignKernel module_signs;
    for (int layer : span.layers) {
      own.log_synflow += synflow[static_cast<std::size_t>(layer)];
      take_signs(layer, module_signs);
    }
    own.naswot = module_signs.log_determinant();
    if (module_signs.equal.defined())
      signs.add_kernel(module_signs.equal, module_signs.activations);
    own.expressivity = spectrum_entropy(value(span.output).detach());
    own.trainability = trainability_of(value(span.input), value(span.output), random);
    whole.expressivity += own.expressivity;
    whole.trainability += own.trainability / static_cast<double>(modules.size());
  }
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    whole.log_synflow += synflow[i];
    if (net::module_of(network.layers[i].name).empty()) take_signs(static_cast<int>(i), signs);
  }
  whole.naswot = signs.log_determinant();
  all[""] = whole;
  std::erase_if(all, [](const auto& entry) { return !is_finite(entry.second); });
  return all;
}

}  // namespace

net::ScoresByModule zero_cost_scores(const net::Network& network, const ParameterLayout& layout,
                                     const std::vector<float>& weights,
                                     std::span<const float> images,
                                     const std::vector<int>& outputs) {
  return translating([&] { return score(network, layout, weights, images, outputs); });
}

}  // namespace atto::train
