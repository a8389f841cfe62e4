#include "export/onnx/layer_nodes.hpp"

#include <cmath>

namespace atto::deploy::onnx {
namespace {

using Sides = std::vector<std::int64_t>;

/// [to, from]: the share of every source place in every cell of adaptive average pooling.
std::vector<float> shares(int from, int to, bool is_transposed) {
  std::vector<float> matrix(static_cast<std::size_t>(from) * static_cast<std::size_t>(to));
  for (int cell = 0; cell < to; ++cell) {
    const auto begin = static_cast<int>(std::int64_t{cell} * from / to);
    const auto end = static_cast<int>((std::int64_t{cell + 1} * from + to - 1) / to);
    for (int place = begin; place < end; ++place)
      matrix[static_cast<std::size_t>(is_transposed ? place * to + cell : cell * from + place)] =
          1.0F / static_cast<float>(end - begin);
  }
  return matrix;
}

std::string add_gelu(GraphBuilder& graph, const LayerSite& site) {
  const std::string& x = site.inputs[0];
  const std::string scaled = graph.add("Mul", site.name + "/scaled",
                                       {x, graph.number(static_cast<float>(1 / std::sqrt(2.0)))});
  const std::string erf = graph.add("Erf", site.name + "/erf", {scaled});
  const std::string shifted = graph.add("Add", site.name + "/shifted", {erf, graph.number(1)});
  const std::string half = graph.add("Mul", site.name + "/half", {x, graph.number(0.5F)});
  return graph.add("Mul", site.name, {half, shifted}, {}, site.claimed);
}

/// x * gate(x)
std::string add_gated(GraphBuilder& graph, const LayerSite& site, const std::string& gate_op,
                      std::map<std::string, Attribute> attributes) {
  const std::string gate =
      graph.add(gate_op, site.name + "/gate", site.inputs, std::move(attributes));
  return graph.add("Mul", site.name, {site.inputs[0], gate}, {}, site.claimed);
}

}  // namespace

std::string add_activation(GraphBuilder& graph, const LayerSite& site, net::Activation kind) {
  const std::map<std::string, Attribute> hard = {{"alpha", 1.0F / 6}, {"beta", 0.5F}};
  const auto plain = [&](const char* op, std::map<std::string, Attribute> attributes = {}) {
    return graph.add(op, site.name, site.inputs, std::move(attributes), site.claimed);
  };
  switch (kind) {
    case net::Activation::None:
      return plain("Identity");
    case net::Activation::Relu:
      return plain("Relu");
    case net::Activation::Relu6:
      return graph.add("Clip", site.name, {site.inputs[0], graph.number(0), graph.number(6)}, {},
                       site.claimed);
    case net::Activation::LeakyRelu:
      return plain("LeakyRelu", {{"alpha", 0.1F}});
    case net::Activation::Sigmoid:
      return plain("Sigmoid");
    case net::Activation::HardSigmoid:
      return plain("HardSigmoid", hard);
    case net::Activation::Swish:
      return add_gated(graph, site, "Sigmoid", {});
    case net::Activation::HardSwish:
      return add_gated(graph, site, "HardSigmoid", hard);
    case net::Activation::Gelu:
      return add_gelu(graph, site);
    case net::Activation::Tanh:
      return plain("Tanh");
  }
  return plain("Identity");
}

std::string add_sum(GraphBuilder& graph, const LayerSite& site) {
  return graph.add(site.inputs.size() == 2 ? "Add" : "Sum", site.name, site.inputs, {},
                   site.claimed);
}

std::string add_slice(GraphBuilder& graph, const LayerSite& site, const net::Slice& op) {
  return graph.add(
      "Slice", site.name,
      {site.inputs[0], graph.integers(site.name + "/starts", {op.begin}),
       graph.integers(site.name + "/ends", {op.end}), graph.integers(site.name + "/axes", {1})},
      {}, site.claimed);
}

std::string add_shuffle(GraphBuilder& graph, const LayerSite& site, const net::Shuffle& op) {
  const net::Shape& shape = site.out;
  const std::string split = graph.add(
      "Reshape", site.name + "/split",
      {site.inputs[0],
       graph.integers(site.name + "/split.shape",
                      {0, op.groups, shape.channels / op.groups, shape.height, shape.width})});
  const std::string turned =
      graph.add("Transpose", site.name + "/turned", {split}, {{"perm", Sides{0, 2, 1, 3, 4}}});
  return graph.add("Reshape", site.name,
                   {turned, graph.integers(site.name + "/shape",
                                           {0, shape.channels, shape.height, shape.width})},
                   {}, site.claimed);
}

std::string add_pool(GraphBuilder& graph, const LayerSite& site, const net::Pool& op) {
  const std::int64_t stride = op.stride;
  Sides pads(4, (op.kernel - 1) / 2);
  if (op.kernel % 2 == 0)
    pads = {0, 0, site.out.height * stride - site.from[0].height,
            site.out.width * stride - site.from[0].width};
  std::map<std::string, Attribute> attributes = {{"kernel_shape", Sides{op.kernel, op.kernel}},
                                                 {"strides", Sides{stride, stride}},
                                                 {"pads", pads}};
  const bool is_max = op.kind == net::Pool::Kind::Max;
  if (!is_max) attributes["count_include_pad"] = std::int64_t{0};
  return graph.add(is_max ? "MaxPool" : "AveragePool", site.name, site.inputs,
                   std::move(attributes), site.claimed);
}

std::string add_pool_to(GraphBuilder& graph, const LayerSite& site) {
  const net::Shape &from = site.from[0], &to = site.out;
  if (from.height % to.height == 0 && from.width % to.width == 0) {
    const Sides cell = {from.height / to.height, from.width / to.width};
    return graph.add("AveragePool", site.name, {site.inputs[0]},
                     {{"kernel_shape", cell}, {"strides", cell}}, site.claimed);
  }
  const std::string narrow = graph.add(
      "MatMul", site.name + "/columns",
      {site.inputs[0], graph.constant(site.name + "/column_shares",
                                      shares(from.width, to.width, true), {from.width, to.width})});
  return graph.add("MatMul", site.name,
                   {graph.constant(site.name + "/row_shares", shares(from.height, to.height, false),
                                   {to.height, from.height}),
                    narrow},
                   {}, site.claimed);
}

std::string add_upsample(GraphBuilder& graph, const LayerSite& site, const net::Upsample& op) {
  const auto factor = static_cast<float>(op.factor);
  const std::vector<float> scales = {1, 1, factor, factor};
  return graph.add("Resize", site.name,
                   {site.inputs[0], "", graph.constant(site.name + "/scales", scales, {4})},
                   {{"mode", std::string("nearest")},
                    {"coordinate_transformation_mode", std::string("asymmetric")},
                    {"nearest_mode", std::string("floor")}},
                   site.claimed);
}

}  // namespace atto::deploy::onnx
