// Element by element: activations, sums, products; normalisation.
#include "design_specs/errors.hpp"
#include "export/tflite/layers.hpp"

namespace atto::deploy::tflite {
namespace {

/// clamp(x / 6 + 1/2, 0, 1), which the format does not have. In int8 a convolution of each channel
/// by itself, clamped by what eight bits hold.
int hard_sigmoid(const Site& site) {
  const Dims dims = site.dims();
  if (!site.is_int8()) {
    Options clamp;
    clamp.activation = net::Activation::Relu6;
    const std::string& name = site.node.name;
    const int shifted =
        site.make(Op::Add, "/shifted", {site.inputs[0], site.graph.floats(name + "/3", {1}, {3})},
                  dims, clamp);
    return site.make(Op::Mul, "", {shifted, site.graph.floats(name + "/sixth", {1}, {1.0F / 6})},
                     dims);
  }
  const net::Shape& shape = site.node.shape;
  const auto channels = static_cast<std::size_t>(shape.channels);
  return write_constant_conv(site, "", site.inputs[0], shape, shape,
                             {1, 1, shape.channels, 1, std::vector<float>(channels, 1.0F / 6),
                              std::vector<float>(channels, 0.5F)});
}

Op op_of(net::Activation kind) {
  switch (kind) {
    case net::Activation::Relu:
      return Op::Relu;
    case net::Activation::Relu6:
      return Op::Relu6;
    case net::Activation::LeakyRelu:
      return Op::LeakyRelu;
    case net::Activation::Sigmoid:
      return Op::Logistic;
    case net::Activation::HardSwish:
      return Op::HardSwish;
    case net::Activation::Gelu:
      return Op::Gelu;
    case net::Activation::Tanh:
      return Op::Tanh;
    default:
      throw InternalError("an activation that is written otherwise");
  }
}

int with_clamp(const Site& site, Op op) {
  Options options;
  options.activation = site.node.activation;
  return site.make(op, "", {site.inputs[0], site.inputs[1]}, site.dims(), options);
}

}  // namespace

int write(const Site& site, const FusedActivate& /*op*/) {
  const net::Activation kind = site.node.activation;
  if (kind == net::Activation::None) return site.inputs[0];
  if (kind == net::Activation::HardSigmoid) return hard_sigmoid(site);
  Options options;
  options.alpha = 0.1F;
  return site.make(op_of(kind), "", {site.inputs[0]}, site.dims(), options);
}

int write(const Site& site, const FusedAdd& /*op*/) {
  return with_clamp(site, Op::Add);
}

int write(const Site& site, const FusedMultiply& /*op*/) {
  return with_clamp(site, Op::Mul);
}

int write(const Site& site, const net::LayerNorm& /*op*/) {
  GraphBuilder& graph = site.graph;
  const Dims all = site.dims(), one = {1, site.node.shape.height, site.node.shape.width, 1};
  const Site floats{graph, site.node, {}, {}, nullptr, nullptr};
  const int axis = graph.integers(site.node.name + "/axis", {1}, {3});
  const int epsilon = graph.floats(site.node.name + "/epsilon", {1}, {1e-6F});
  int x = site.inputs[0];
  if (site.is_int8()) x = floats.make(Op::Dequantize, "/real", {x}, all);
  const int mean = floats.make(Op::Mean, "/mean", {x, axis}, one);
  const int distance = floats.make(Op::Sub, "/distance", {x, mean}, all);
  const int square = floats.make(Op::Mul, "/square", {distance, distance}, all);
  const int variance = floats.make(Op::Mean, "/variance", {square, axis}, one);
  const int shifted = floats.make(Op::Add, "/shifted", {variance, epsilon}, one);
  const int factor = floats.make(Op::Rsqrt, "/factor", {shifted}, one);
  const int made = floats.make(Op::Mul, site.is_int8() ? "/normed" : "", {distance, factor}, all);
  return site.is_int8() ? site.make(Op::Quantize, "", {made}, all) : made;
}

int write(const Site& site, const net::Softmax& /*op*/) {
  return site.make(Op::Softmax, "", {site.inputs[0]}, site.dims());
}

}  // namespace atto::deploy::tflite
