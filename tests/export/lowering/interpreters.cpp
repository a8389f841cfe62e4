#include "tests/export/lowering/interpreters.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::test {
namespace {

std::vector<float> values(const net::TensorFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) return {};
  std::vector<float> result(static_cast<std::size_t>(found->second.elements()));
  std::memcpy(result.data(), found->second.bytes.data(), result.size() * sizeof(float));
  return result;
}

Map sliced(const Map& in, int begin, int end) {
  Map out({end - begin, in.shape.height, in.shape.width});
  const std::size_t plane = in.index(1, 0, 0);
  std::copy_n(
      in.values.begin() + static_cast<std::ptrdiff_t>(plane * static_cast<std::size_t>(begin)),
      out.values.size(), out.values.begin());
  return out;
}

Map concatenated(const std::vector<const Map*>& in, net::Shape shape) {
  Map out(shape);
  auto to = out.values.begin();
  for (const Map* map : in) to = std::copy(map->values.begin(), map->values.end(), to);
  return out;
}

Map shuffled(const Map& in, int groups) {
  Map out(in.shape);
  const int each = in.shape.channels / groups;
  for (int c = 0; c < in.shape.channels; ++c)
    for (int y = 0; y < in.shape.height; ++y)
      for (int x = 0; x < in.shape.width; ++x)
        out.at(c % each * groups + c / each, y, x) = in.at(c, y, x);
  return out;
}

struct LayerRun {
  const net::TensorFile& weights;
  const net::Layer& layer;
  net::Shape shape;
  const std::vector<const Map*>& in;
  const Map& image;

  std::vector<float> part(const char* name) const { return values(weights, layer.name + name); }

  Map operator()(const net::InputLayer&) const { return image; }
  Map operator()(const net::Conv& op) const {
    return naive_conv(*in[0], op, part(".weight"), part(".bias"));
  }
  Map operator()(const net::BatchNorm&) const {
    return naive_batch_norm(*in[0], part(".weight"), part(".bias"), part(".running_mean"),
                            part(".running_var"));
  }
  Map operator()(const net::Activate& op) const { return naive_activation(*in[0], op.kind); }
  Map operator()(const net::Add&) const { return naive_add(in); }
  Map operator()(const net::Concat&) const { return concatenated(in, shape); }
  Map operator()(const net::Slice& op) const { return sliced(*in[0], op.begin, op.end); }
  Map operator()(const net::Shuffle& op) const { return shuffled(*in[0], op.groups); }
  Map operator()(const net::Pool& op) const { return naive_pool(*in[0], op); }
  Map operator()(const net::PoolTo&) const {
    return naive_pool_to(*in[0], shape.height, shape.width);
  }
  Map operator()(const net::GlobalAveragePool&) const { return naive_pool_to(*in[0], 1, 1); }
  Map operator()(const net::Multiply&) const { return naive_multiply(*in[0], *in[1]); }
  Map operator()(const net::Upsample& op) const { return naive_upsample(*in[0], op); }
  Map operator()(const net::Deconv& op) const {
    return naive_deconv(*in[0], op, part(".weight"), part(".bias"));
  }
  Map operator()(const net::LayerNorm&) const {
    return naive_layer_norm(*in[0], part(".weight"), part(".bias"));
  }
  Map operator()(const net::LayerScale&) const {
    return naive_layer_scale(*in[0], part(".weight"));
  }
  Map operator()(const net::Dropout&) const { return *in[0]; }
  Map operator()(const net::Zero&) const { return Map(shape); }
  Map operator()(const net::Dense&) const {
    return naive_dense(*in[0], part(".weight"), part(".bias"));
  }
  Map operator()(const net::Softmax&) const { return naive_softmax(*in[0]); }
};

struct NodeRun {
  const deploy::FusedNode& node;
  const std::vector<const Map*>& in;
  const Map& image;

  Map operator()(const deploy::FusedInput&) const { return image; }
  Map operator()(const deploy::FusedConv& op) const {
    if (op.is_transposed) {
      const std::size_t outputs = op.bias.size(),
                        taps = std::size_t(op.kernel.height * op.kernel.width);
      const std::size_t inputs = op.weights.size() / outputs / taps;
      std::vector<float> turned(op.weights.size());  // [I, O, k, k]
      for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t i = 0; i < inputs; ++i)
          for (std::size_t t = 0; t < taps; ++t)
            turned[(i * outputs + o) * taps + t] = op.weights[(o * inputs + i) * taps + t];
      return naive_deconv(*in[0], {node.shape.channels, op.kernel.height, true}, turned, op.bias);
    }
    return naive_conv(
        *in[0],
        {node.shape.channels, op.kernel, op.stride, op.groups, op.dilation, true, op.padding},
        op.weights, op.bias);
  }
  Map operator()(const deploy::FusedDense& op) const {
    return naive_dense(*in[0], op.weights, op.bias);
  }
  Map operator()(const deploy::FusedActivate&) const { return *in[0]; }
  Map operator()(const deploy::FusedAdd&) const { return naive_add(in); }
  Map operator()(const deploy::FusedMultiply&) const { return naive_multiply(*in[0], *in[1]); }
  Map operator()(const deploy::FusedChannels& op) const {
    Map out(node.shape);
    for (int c = 0; c < node.shape.channels; ++c) {
      const deploy::ChannelSource from = op.sources[static_cast<std::size_t>(c)];
      for (int y = 0; y < node.shape.height; ++y)
        for (int x = 0; x < node.shape.width; ++x)
          out.at(c, y, x) = in[static_cast<std::size_t>(from.input)]->at(from.channel, y, x);
    }
    return out;
  }
  Map operator()(const net::Pool& op) const {
    return naive_pool(*in[0], {op.kind, op.kernel, op.stride, op.padding});
  }
  Map operator()(const net::PoolTo&) const {
    return naive_pool_to(*in[0], node.shape.height, node.shape.width);
  }
  Map operator()(const net::GlobalAveragePool&) const { return naive_pool_to(*in[0], 1, 1); }
  Map operator()(const net::Upsample& op) const { return naive_upsample(*in[0], op); }
  Map operator()(const net::LayerNorm&) const { return naive_layer_norm(*in[0], {}, {}); }
  Map operator()(const net::Softmax&) const { return naive_softmax(*in[0]); }
};

std::vector<const Map*> pick(const std::vector<Map>& maps, const std::vector<int>& which) {
  std::vector<const Map*> in;
  for (const int index : which) in.push_back(&maps[static_cast<std::size_t>(index)]);
  return in;
}

}  // namespace

std::vector<Map> interpret(const net::Network& network, const net::TensorFile& weights,
                           const Map& image) {
  const std::vector<net::Shape> shapes = net::infer_shapes(network);
  std::vector<Map> maps;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const net::Layer& layer = network.layers[i];
    const auto in = pick(maps, layer.inputs);
    maps.push_back(std::visit(LayerRun{weights, layer, shapes[i], in, image}, layer.op));
  }
  return maps;
}

std::vector<Map> interpret(const deploy::FusedNetwork& network, const Map& image) {
  std::vector<Map> maps;
  for (const deploy::FusedNode& node : network.nodes) {
    const auto in = pick(maps, node.inputs);
    Map map = naive_activation(std::visit(NodeRun{node, in, image}, node.op), node.activation);
    if (node.residual >= 0)
      map = naive_activation(naive_add({&map, &maps[static_cast<std::size_t>(node.residual)]}),
                             node.joined_activation);
    maps.push_back(std::move(map));
  }
  return maps;
}

net::TensorFile random_weights(const net::Network& network, std::uint64_t seed) {
  spec::Random random(seed);
  net::TensorFile file;
  for (const net::WeightSpec& wanted : net::weight_specs(network)) {
    net::Tensor tensor;
    tensor.shape = wanted.shape;
    const auto count = static_cast<std::size_t>(tensor.elements());
    const double fan_in =
        static_cast<double>(tensor.elements()) / static_cast<double>(wanted.shape[0]);
    const bool is_kernel = wanted.shape.size() > 1;
    const bool is_positive =
        wanted.name.ends_with(".running_var") || (!is_kernel && wanted.name.ends_with(".weight"));
    std::vector<float> values(count);
    for (float& value : values) {
      const double u = 2 * random.uniform() - 1;
      value = static_cast<float>(is_kernel     ? u * std::sqrt(6 / fan_in)
                                 : is_positive ? 1 + 0.3 * u
                                               : 0.2 * u);
    }
    tensor.bytes.resize(count * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    file.tensors.emplace(wanted.name, std::move(tensor));
  }
  return file;
}

Map random_image(const net::Shape& shape, std::uint64_t seed) {
  spec::Random random(seed);
  Map image(shape);
  for (float& value : image.values) value = static_cast<float>(2 * random.uniform() - 1);
  return image;
}

double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
  if (got.size() != expected.size()) return 1e9;
  double largest = 1e-3, error = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(double{expected[i]}));
    const double difference = std::abs(double{got[i]} - expected[i]);
    if (!(difference <= error)) error = difference;
  }
  return error / largest;
}

}  // namespace atto::test
