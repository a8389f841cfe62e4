#include "trainer/backend/torch/torch_forward.hpp"

#include <algorithm>
#include <limits>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::train {
namespace {

using torch::Tensor;

Tensor activate(const Tensor& x, net::Activation kind) {
  switch (kind) {
    case net::Activation::None:
      return x;
    case net::Activation::Relu:
      return torch::relu(x);
    case net::Activation::Relu6:
      return torch::hardtanh(x, 0, 6);
    case net::Activation::LeakyRelu:
      return torch::leaky_relu(x, 0.1);
    case net::Activation::Sigmoid:
      return torch::sigmoid(x);
    case net::Activation::HardSigmoid:
      return torch::hardsigmoid(x);
    case net::Activation::Swish:
      return torch::silu(x);
    case net::Activation::HardSwish:
      return torch::hardswish(x);
    case net::Activation::Gelu:
      return torch::gelu(x);
    case net::Activation::Tanh:
      return torch::tanh(x);
  }
  return x;
}

std::vector<std::int64_t> both(const net::Sides& sides) {
  return {sides.height, sides.width};
}

/// Where the padding before and behind a map is one number for each side, LibTorch's operators pad
/// (and may read less at the end); else the map is padded here, and they pad nothing.
struct Padded {
  Tensor map;
  std::vector<std::int64_t> padding = {0, 0};
};
template <class Windowed>
Padded padded(const Tensor& x, const Windowed& op, double with) {
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  const std::int64_t top = rows.before(), bottom = rows.after(static_cast<int>(x.size(2))),
                     left = columns.before(), right = columns.after(static_cast<int>(x.size(3)));
  const auto suits = [](const net::WindowSide& side, std::int64_t after) {
    return side.extent() % 2 == 1 || side.before() == after;
  };
  if (op.padding == net::Padding::Same && suits(rows, bottom) && suits(columns, right))
    return {x, {top, left}};
  if (top + bottom + left + right == 0) return {x};
  return {torch::constant_pad_nd(x, {left, right, top, bottom}, with)};
}

Tensor pool(const Tensor& x, const net::Pool& op) {
  const auto kernel = both(op.kernel), stride = both(op.stride);
  const bool is_cut = op.padding == net::Padding::Same && op.kernel == op.stride &&
                      op.kernel.height % 2 == 0 && op.kernel.width % 2 == 0;
  if (is_cut && op.kind == net::Pool::Kind::Max)
    return torch::max_pool2d(x, kernel, stride, 0, 1, /*ceil_mode=*/true);
  if (is_cut) return torch::avg_pool2d(x, kernel, stride, 0, /*ceil_mode=*/true);
  if (op.kind == net::Pool::Kind::Max) {
    const Padded from = padded(x, op, -std::numeric_limits<double>::infinity());
    return torch::max_pool2d(from.map, kernel, stride, from.padding);
  }
  const Padded from = padded(x, op, 0);
  // With padding, CUDA's gradients of channels_last maps are wrong (pytorch/pytorch issue 188344).
  if (from.map.is_same(x))
    return torch::avg_pool2d(x.is_cuda() ? x.contiguous() : x, kernel, stride, from.padding, false,
                             /*count_include_pad=*/false);
  const Tensor inside = padded(torch::ones({1, 1, x.size(2), x.size(3)}, x.options()), op, 0).map;
  return torch::avg_pool2d(from.map, kernel, stride) / torch::avg_pool2d(inside, kernel, stride);
}

/// 0 or 1 / (1 - rate) for each value, drawn in the order [N, H, W, C] on every device.
Tensor dropout_factors(const Tensor& x, double rate, std::uint64_t seed) {
  const Tensor factors =
      torch::empty({x.size(0), x.size(2), x.size(3), x.size(1)}, torch::kFloat32);
  spec::Random random(seed);
  std::generate_n(factors.data_ptr<float>(), factors.numel(), [&] {
    return random.uniform() < rate ? 0.0F : static_cast<float>(1 / (1 - rate));
  });
  return factors.permute({0, 3, 1, 2}).to(x.device(), x.scalar_type());
}

Tensor shuffle(const Tensor& x, int groups) {
  const auto n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  return x.reshape({n, groups, c / groups, h, w}).transpose(1, 2).reshape({n, c, h, w});
}

/// One overload an operation.
struct Apply {
  const std::vector<Tensor>& in;
  const LayerTensors& own;
  const ForwardMode& mode;

  Tensor operator()(const net::InputLayer&) const { return in.at(0); }
  Tensor operator()(const net::Conv& op) const {
    const Padded from = padded(in[0], op, 0);
    return torch::conv2d(from.map, own[0], op.bias ? own[1] : Tensor(), both(op.stride),
                         from.padding, op.dilation, op.groups);
  }
  Tensor operator()(const net::BatchNorm&) const {
    const bool moves = !mode.uses_batch_statistics || mode.share > 0;
    return torch::batch_norm(in[0], own[0], own[1], moves ? own[2] : Tensor(),
                             moves ? own[3] : Tensor(), mode.uses_batch_statistics, mode.share,
                             1e-5, false);
  }
  Tensor operator()(const net::Activate& op) const { return activate(in[0], op.kind); }
  Tensor operator()(const net::Add&) const {
    Tensor sum = in[0];
    for (std::size_t i = 1; i < in.size(); ++i) sum = sum + in[i];
    return sum;
  }
  Tensor operator()(const net::Concat&) const { return torch::cat(in, 1); }
  Tensor operator()(const net::Slice& op) const { return in[0].slice(1, op.begin, op.end); }
  Tensor operator()(const net::Shuffle& op) const { return shuffle(in[0], op.groups); }
  Tensor operator()(const net::Pool& op) const { return pool(in[0], op); }
  Tensor operator()(const net::PoolTo&) const {
    return torch::adaptive_avg_pool2d(in[0], {in[1].size(2), in[1].size(3)});
  }
  Tensor operator()(const net::GlobalAveragePool&) const { return in[0].mean({2, 3}, true); }
  Tensor operator()(const net::Multiply&) const { return in[0] * in[1]; }
  Tensor operator()(const net::Upsample& op) const {
    const std::int64_t sides[] = {in[0].size(2) * op.factor, in[0].size(3) * op.factor};
    return op.mode == net::Upsample::Mode::Bilinear
               ? torch::upsample_bilinear2d(in[0], sides, /*align_corners=*/false)
               : torch::upsample_nearest2d(in[0], sides);
  }
  /// A product, so that gradients of 0 go back.
  Tensor operator()(const net::Zero& op) const {
    const auto end = std::numeric_limits<std::int64_t>::max();
    return in[0].slice(2, 0, end, op.stride.height).slice(3, 0, end, op.stride.width) * 0;
  }
  Tensor operator()(const net::Dense&) const {
    const Tensor flat = in[0].contiguous().reshape({in[0].size(0), -1});
    return torch::linear(flat, own[0], own[1]).reshape({in[0].size(0), -1, 1, 1});
  }
  Tensor operator()(const net::Deconv& op) const {
    return torch::conv_transpose2d(in[0], own[0], op.bias ? own[1] : Tensor(), op.kernel);
  }
  Tensor operator()(const net::LayerNorm&) const {
    return torch::layer_norm(in[0].permute({0, 2, 3, 1}), {in[0].size(1)}, own[0], own[1], 1e-6)
        .permute({0, 3, 1, 2});
  }
  Tensor operator()(const net::LayerScale&) const { return in[0] * own[0].view({1, -1, 1, 1}); }
  Tensor operator()(const net::Dropout& op) const {
    return mode.seed == 0 ? in[0] : in[0] * dropout_factors(in[0], op.rate, mode.seed);
  }
  Tensor operator()(const net::Softmax&) const { return torch::softmax(in[0], 1); }
};

std::size_t layer_of(const net::Network& network, int output) {
  return static_cast<std::size_t>(network.outputs.at(static_cast<std::size_t>(output)).layer);
}

std::vector<int> last_uses(const net::Network& network, const std::vector<int>& outputs) {
  std::vector<int> last(network.layers.size(), -1);
  for (std::size_t i = 0; i < network.layers.size(); ++i)
    for (int input : network.layers[i].inputs)
      last[static_cast<std::size_t>(input)] = static_cast<int>(i);
  for (int output : outputs)
    last[layer_of(network, output)] = static_cast<int>(network.layers.size());
  return last;
}

}  // namespace

ForwardMode ForwardMode::of_layer(int index) const {
  ForwardMode mode = *this;
  if (seed != 0) mode.seed = spec::derive_seed({seed, static_cast<std::uint64_t>(index)});
  return mode;
}

Tensor apply_layer(const net::Layer& layer, const std::vector<Tensor>& inputs,
                   const LayerTensors& tensors, const ForwardMode& mode) {
  return std::visit(Apply{inputs, tensors, mode}, layer.op);
}

std::vector<Tensor> run_network(const net::Network& network, const Tensor& images,
                                const std::vector<LayerTensors>& tensors, const ForwardMode& mode,
                                const std::vector<int>& outputs, std::vector<Tensor>* kept) {
  const std::vector<int> last = last_uses(network, outputs);
  std::vector<Tensor> values(network.layers.size());
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const net::Layer& layer = network.layers[i];
    std::vector<Tensor> inputs;
    for (int input : layer.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    if (layer.inputs.empty()) inputs.push_back(images);
    values[i] = apply_layer(layer, inputs, tensors[i], mode.of_layer(static_cast<int>(i)));
    if (kept) continue;
    for (int input : layer.inputs)
      if (last[static_cast<std::size_t>(input)] == static_cast<int>(i))
        values[static_cast<std::size_t>(input)] = Tensor();
  }
  std::vector<Tensor> chosen;
  for (int output : outputs) chosen.push_back(values[layer_of(network, output)]);
  if (kept) *kept = std::move(values);
  return chosen;
}

}  // namespace atto::train
