#include "export/onnx/network_graph.hpp"

#include <algorithm>

#include "export/onnx/layer_nodes.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy::onnx {
namespace {

using Sides = std::vector<std::int64_t>;

std::vector<std::string> output_names(const net::Network& network) {
  std::vector<std::string> names;
  for (const net::Output& output : network.outputs) names.push_back(output.name);
  return names;
}

class NetworkWriter {
 public:
  NetworkWriter(const net::Network& network, const net::TensorFile& weights)
      : network_(network),
        weights_(weights),
        shapes_(net::infer_shapes(network)),
        graph_(network.name, output_names(network)),
        tensors_(network.layers.size()) {}

  Graph write() {
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      index_ = i;
      tensors_[i] = std::visit(*this, network_.layers[i].op);
    }
    for (const net::Output& output : network_.outputs) add_output(output);
    return graph_.finish(describe(network_, weights_));
  }

  std::string operator()(const net::InputLayer& /*op*/) {
    const net::Shape& shape = network_.input;
    return graph_.input(layer().name, {shape.channels, shape.height, shape.width});
  }
  std::string operator()(const net::Conv& op) {
    std::vector<std::string> inputs = {map(0), weight(".weight")};
    if (op.bias) inputs.push_back(weight(".bias"));
    return graph_.add("Conv", layer().name, std::move(inputs),
                      convolution_attributes(op, shape_of(layer().inputs[0])), claimed());
  }
  std::string operator()(const net::BatchNorm& /*op*/) {
    return graph_.add("BatchNormalization", layer().name,
                      {map(0), weight(".weight"), weight(".bias"), weight(".running_mean"),
                       weight(".running_var")},
                      {{"epsilon", 1e-5F}}, claimed());
  }
  std::string operator()(const net::Deconv& op) {
    std::vector<std::string> inputs = {map(0), weight(".weight")};
    if (op.bias) inputs.push_back(weight(".bias"));
    return graph_.add(
        "ConvTranspose", layer().name, std::move(inputs),
        {{"kernel_shape", Sides{op.kernel, op.kernel}}, {"strides", Sides{op.kernel, op.kernel}}},
        claimed());
  }
  std::string operator()(const net::LayerNorm& op) {
    LayerSite inner = site();
    inner.name += "/normalised";
    inner.claimed.clear();
    const std::string scaled = graph_.add("Mul", layer().name + "/scaled",
                                          {onnx::write(graph_, inner, op), by_channel(".weight")});
    return graph_.add("Add", layer().name, {scaled, by_channel(".bias")}, {}, claimed());
  }
  std::string operator()(const net::LayerScale& /*op*/) {
    return graph_.add("Mul", layer().name, {map(0), by_channel(".weight")}, {}, claimed());
  }
  std::string operator()(const net::Dropout& /*op*/) { return tensor(0); }
  /// A convolution of each channel by 0.
  std::string operator()(const net::Zero& op) {
    const net::Shape& in = shape_of(layer().inputs[0]);
    const std::vector<float> zeros(static_cast<std::size_t>(in.channels));
    return graph_.add(
        "Conv", layer().name,
        {map(0), graph_.constant(layer().name + "/zeros", zeros, {in.channels, 1, 1, 1})},
        convolution_attributes(net::Conv{in.channels, 1, op.stride, in.channels}, in), claimed());
  }
  std::string operator()(const net::Activate& op) { return onnx::write(graph_, flat_site(), op); }
  std::string operator()(const net::Softmax& op) { return onnx::write(graph_, flat_site(), op); }
  template <class WithoutWeights>
  std::string operator()(const WithoutWeights& op) {
    return onnx::write(graph_, site(), op);
  }
  std::string operator()(const net::Dense& /*op*/) {
    std::string from = tensor(0);
    if (!is_flat(layer().inputs[0]))
      from = graph_.add("Flatten", layer().name + "/flat", {from}, {{"axis", std::int64_t{1}}});
    return graph_.add("Gemm", layer().name, {from, weight(".weight"), weight(".bias")},
                      {{"transB", std::int64_t{1}}}, claimed());
  }

 private:
  const net::Layer& layer() const { return network_.layers[index_]; }
  const net::Shape& shape_of(int index) const { return shapes_[static_cast<std::size_t>(index)]; }
  const std::string& tensor(std::size_t i) const {
    return tensors_[static_cast<std::size_t>(layer().inputs[i])];
  }

  /// Dense makes [batch, features]; elementwise operations keep it, all others want a map.
  bool is_flat(int index) const {
    const net::Layer& of = network_.layers[static_cast<std::size_t>(index)];
    if (std::holds_alternative<net::Dense>(of.op)) return true;
    return (std::holds_alternative<net::Activate>(of.op) ||
            std::holds_alternative<net::Dropout>(of.op) ||
            std::holds_alternative<net::Softmax>(of.op)) &&
           is_flat(of.inputs[0]);
  }

  /// Input i as [batch, channels, height, width].
  std::string map(std::size_t i) {
    const int from = layer().inputs[i];
    if (!is_flat(from)) return tensor(i);
    const auto made = maps_.find(from);
    if (made != maps_.end()) return made->second;
    const std::string name = network_.layers[static_cast<std::size_t>(from)].name + "/map";
    return maps_[from] = graph_.add(
               "Reshape", name,
               {tensor(i), graph_.integers(name + ".shape", {0, shape_of(from).channels, 1, 1})});
  }

  LayerSite site() {
    LayerSite made{layer().name, {}, {}, shapes_[index_], claimed()};
    for (std::size_t i = 0; i < layer().inputs.size(); ++i) {
      made.inputs.push_back(map(i));
      made.from.push_back(shape_of(layer().inputs[i]));
    }
    return made;
  }
  LayerSite flat_site() {
    return {layer().name, {tensor(0)}, {shape_of(layer().inputs[0])}, shapes_[index_], claimed()};
  }

  /// A weight [C], to be broadcast over a map.
  std::string by_channel(const char* part) {
    const std::string name = layer().name + part;
    net::Tensor tensor = weights_.tensors.at(name);
    tensor.shape = {shapes_[index_].channels, 1, 1};
    return graph_.constant(name, std::move(tensor));
  }

  std::string weight(const char* part) {
    const std::string name = layer().name + part;
    return graph_.constant(name, weights_.tensors.at(name));
  }

  /// The name of the first output that is this layer.
  std::string claimed() const {
    for (const net::Output& output : network_.outputs)
      if (output.layer == static_cast<int>(index_) && index_ > 0) return output.name;
    return {};
  }

  void add_output(const net::Output& output) {
    const std::string& made = tensors_[static_cast<std::size_t>(output.layer)];
    if (made != output.name) graph_.add("Identity", output.name, {made}, {}, output.name);
    const net::Shape& shape = shape_of(output.layer);
    graph_.output(output.name, is_flat(output.layer)
                                   ? Sides{shape.channels}
                                   : Sides{shape.channels, shape.height, shape.width});
  }

  const net::Network& network_;
  const net::TensorFile& weights_;
  const std::vector<net::Shape> shapes_;
  GraphBuilder graph_;
  std::vector<std::string> tensors_;  ///< by layer
  std::map<int, std::string> maps_;   ///< flat tensors that were made maps
  std::size_t index_ = 0;
};

}  // namespace

std::map<std::string, std::string> describe(const net::Network& network,
                                            const net::TensorFile& weights) {
  std::map<std::string, std::string> metadata = weights.metadata;
  for (const char* key : {"format", "dataset_place", "training"})
    metadata.erase(key);  // of the safetensors file and of the training's machine
  const net::Costs costs = net::count_costs(network);
  metadata["network"] = network.name;
  metadata["params"] = std::to_string(costs.params);
  metadata["macs"] = std::to_string(costs.macs);
  metadata["structure_hash"] = net::hash_text(net::structure_hash(network));
  return metadata;
}

Graph network_graph(const net::Network& network, const net::TensorFile& weights) {
  net::check_weights(network, weights, network.name + " weights");
  return NetworkWriter(network, weights).write();
}

}  // namespace atto::deploy::onnx
