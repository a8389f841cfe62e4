#include "scripts/bench/peers/networks.hpp"

#include <filesystem>
#include <string>

#include "design_specs/files.hpp"
#include "export/quantisation/quantise.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "tests/export/random_weights.hpp"

namespace atto::bench {
namespace {

const std::filesystem::path kRoot = ATTO_SOURCE_DIR;

net::Network prototype(const std::string& name, net::TaskInput input) {
  net::Network network = net::read_design(kRoot / "prototypes" / (name + ".json"), input);
  network.name = name;
  return network;
}

/// Convolutions with batch norm and ReLU, one after the other.
struct Chain {
  net::Network network;
  Chain(const std::string& name, net::Shape input)
      : network{name, input, 10, {{"input", net::InputLayer{}, {}}}, {}} {}
  void add(const net::Op& op) {
    const auto index = static_cast<int>(network.layers.size());
    network.layers.push_back({"layer" + std::to_string(index), op, {index - 1}});
  }
  void conv(int channels, int kernel, int stride, int groups) {
    add(net::Conv{channels, kernel, stride, groups});
    add(net::BatchNorm{});
    add(net::Activate{net::Activation::Relu});
  }
  net::Network end() {
    add(net::GlobalAveragePool{});
    add(net::Dense{});
    network.outputs = {{"logits", static_cast<int>(network.layers.size()) - 1}};
    return network;
  }
};

net::Network cifar_net() {
  Chain chain("cifar_net", {3, 32, 32});
  chain.conv(32, 3, 1, 1);
  int from = 32;
  for (const int width : {32, 64, 128})
    for (int block = 0; block < 3; ++block) {
      chain.conv(from, 3, width != from ? 2 : 1, from);
      chain.conv(width, 1, 1, 1);
      from = width;
    }
  return chain.end();
}

net::Network group_net() {
  Chain chain("group_net", {3, 64, 64});
  chain.conv(64, 3, 1, 1);
  const int widths[] = {64, 64, 128, 128, 128};
  for (int block = 0; block < 5; ++block) {
    chain.conv(block < 3 ? 64 : 128, 3, block == 2 ? 2 : 1, 8);
    chain.conv(widths[block], 1, 1, 1);
  }
  return chain.end();
}

/// The first design of a requirements file with a fixed seed.
net::Network design(const std::string& name) {
  const spec::DesignSpec spec = spec::read_design_spec(kRoot / "design_specs" / (name + ".json"));
  const net::Prototype of = net::read_prototype(spec.prototype);
  const net::TaskInput input{of.written_input().input, 50};
  const gen::FeasibleSpace space(of, input, spec.require, spec.search.band);
  net::Network network =
      *net::realise(of, gen::generate(space, 1, 3, 1).at(0).assignment, input).network;
  network.name = name + "_design";
  return network;
}

/// A network with all activations exchanged for another.
net::Network with_activation(net::Network network, net::Activation activation) {
  for (net::Layer& layer : network.layers)
    if (auto* op = std::get_if<net::Activate>(&layer.op)) op->kind = activation;
  network.name += "_" + std::string(net::kActivationNames[static_cast<std::size_t>(activation)]);
  return network;
}

}  // namespace

std::vector<PeerNetwork> peer_networks() {
  const net::TaskInput large{{3, 224, 224}, 50};
  const net::Network v2 = prototype("mobilenet_v2", large);
  std::vector<PeerNetwork> all = {{prototype("mobilenet_v1", large)},
                                  {v2},
                                  {cifar_net()},
                                  {group_net()},
                                  {prototype("resnet50", large)},
                                  {design("attonet_b")},
                                  {design("attonet_d")}};
  for (const auto activation : {net::Activation::HardSwish, net::Activation::Swish,
                                net::Activation::Gelu, net::Activation::LeakyRelu})
    all.push_back({with_activation(v2, activation), true});
  return all;
}

net::TensorFile peer_weights(const net::Network& network) {
  return test::random_weights(network, 1);
}

std::vector<float> peer_image(const net::Network& network) {
  return test::random_image(network.input, 2);
}

deploy::Quantisation quantised(const deploy::FusedNetwork& network) {
  return deploy::quantise(network, test::random_image(network.nodes.at(0).shape, 10),
                          {deploy::RangeMethod::MinMax, false});
}

}  // namespace atto::bench
