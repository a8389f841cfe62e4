#include "export/onnx/network_graph.hpp"

#include <algorithm>

#include "design_specs/errors.hpp"
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
  /// A whole model, whose input and outputs are the network's.
  NetworkWriter(GraphBuilder& graph, const net::Network& network, const net::TensorFile& weights)
      : network_(network),
        weights_(weights),
        shapes_(net::infer_shapes(network)),
        graph_(graph),
        tensors_(network.layers.size()) {}
  /// A part of one.
  NetworkWriter(GraphBuilder& graph, const net::Network& network, const net::TensorFile& weights,
                const PartSite& part)
      : NetworkWriter(graph, network, weights) {
    part_ = &part;
  }

  void write() {
    const std::vector<bool> is_needed = needed();
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      index_ = i;
      if (is_needed[i]) tensors_[i] = std::visit(*this, network_.layers[i].op);
    }
    if (!part_)
      for (const net::Output& output : network_.outputs) add_output(output);
  }

  std::vector<std::string> results() const {
    std::vector<std::string> names;
    for (const std::string& output : part_->outputs)
      for (const net::Output& one : network_.outputs)
        if (one.name == output) names.push_back(tensors_[static_cast<std::size_t>(one.layer)]);
    if (names.size() != part_->outputs.size())
      throw InternalError(network_.name + ": must have the outputs that are read");
    return names;
  }

  std::string operator()(const net::InputLayer& /*op*/) {
    if (part_) return part_->from;
    const net::Shape& shape = network_.input;
    return graph_.input({layer().name, {shape.channels, shape.height, shape.width}});
  }
  std::string operator()(const net::Conv& op) {
    std::vector<std::string> inputs = {map(0), weight(".weight")};
    if (op.bias) inputs.push_back(weight(".bias"));
    return graph_.add("Conv", name(), std::move(inputs),
                      convolution_attributes(op, shape_of(layer().inputs[0])), claimed());
  }
  std::string operator()(const net::BatchNorm& /*op*/) {
    return graph_.add("BatchNormalization", name(),
                      {map(0), weight(".weight"), weight(".bias"), weight(".running_mean"),
                       weight(".running_var")},
                      {{"epsilon", 1e-5F}}, claimed());
  }
  std::string operator()(const net::Deconv& op) {
    std::vector<std::string> inputs = {map(0), weight(".weight")};
    if (op.bias) inputs.push_back(weight(".bias"));
    return graph_.add(
        "ConvTranspose", name(), std::move(inputs),
        {{"kernel_shape", Sides{op.kernel, op.kernel}}, {"strides", Sides{op.kernel, op.kernel}}},
        claimed());
  }
  std::string operator()(const net::LayerNorm& op) {
    LayerSite inner = site();
    inner.name += "/normalised";
    inner.claimed.clear();
    const std::string scaled = graph_.add("Mul", name() + "/scaled",
                                          {onnx::write(graph_, inner, op), by_channel(".weight")});
    return graph_.add("Add", name(), {scaled, by_channel(".bias")}, {}, claimed());
  }
  std::string operator()(const net::LayerScale& /*op*/) {
    return graph_.add("Mul", name(), {map(0), by_channel(".weight")}, {}, claimed());
  }
  std::string operator()(const net::Dropout& /*op*/) { return tensor(0); }
  /// A convolution of each channel by 0.
  std::string operator()(const net::Zero& op) {
    const net::Shape& in = shape_of(layer().inputs[0]);
    const std::vector<float> zeros(static_cast<std::size_t>(in.channels));
    return graph_.add(
        "Conv", name(), {map(0), graph_.constant(name() + "/zeros", zeros, {in.channels, 1, 1, 1})},
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
      from = graph_.add("Flatten", name() + "/flat", {from}, {{"axis", std::int64_t{1}}});
    return graph_.add("Gemm", name(), {from, weight(".weight"), weight(".bias")},
                      {{"transB", std::int64_t{1}}}, claimed());
  }

 private:
  const net::Layer& layer() const { return network_.layers[index_]; }
  std::string name() const { return part_ ? layer().name + part_->suffix : layer().name; }

  /// Layers that an output which is read needs.
  std::vector<bool> needed() const {
    std::vector<bool> is_needed(network_.layers.size(), part_ == nullptr);
    if (!part_) return is_needed;
    for (const net::Output& output : network_.outputs)
      if (std::count(part_->outputs.begin(), part_->outputs.end(), output.name) > 0)
        is_needed[static_cast<std::size_t>(output.layer)] = true;
    for (std::size_t i = network_.layers.size(); i-- > 0;)
      for (const int input : network_.layers[i].inputs)
        if (is_needed[i]) is_needed[static_cast<std::size_t>(input)] = true;
    return is_needed;
  }
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
    const std::string name = network_.layers[static_cast<std::size_t>(from)].name +
                             (part_ ? part_->suffix : "") + "/map";
    return maps_[from] = graph_.add(
               "Reshape", name,
               {tensor(i), graph_.integers(name + ".shape", {0, shape_of(from).channels, 1, 1})});
  }

  LayerSite site() {
    LayerSite made{name(), {}, {}, shapes_[index_], claimed()};
    for (std::size_t i = 0; i < layer().inputs.size(); ++i) {
      made.inputs.push_back(map(i));
      made.from.push_back(shape_of(layer().inputs[i]));
    }
    return made;
  }
  LayerSite flat_site() {
    return {name(), {tensor(0)}, {shape_of(layer().inputs[0])}, shapes_[index_], claimed()};
  }

  /// A weight [C], to be broadcast over a map.
  std::string by_channel(const char* part) {
    const std::string name = layer().name + part;
    net::Tensor tensor = weights_.tensors.at(name);
    tensor.shape = {shapes_[index_].channels, 1, 1};
    return graph_.weight(name, tensor);
  }

  std::string weight(const char* part) {
    const std::string name = layer().name + part;
    return graph_.weight(name, weights_.tensors.at(name));
  }

  /// The name of the first output that is this layer.
  std::string claimed() const {
    if (part_) return {};
    for (const net::Output& output : network_.outputs)
      if (output.layer == static_cast<int>(index_) && index_ > 0) return output.name;
    return {};
  }

  void add_output(const net::Output& output) {
    const std::string& made = tensors_[static_cast<std::size_t>(output.layer)];
    if (made != output.name) graph_.add("Identity", output.name, {made}, {}, output.name);
    const net::Shape& shape = shape_of(output.layer);
    graph_.output({output.name, is_flat(output.layer)
                                    ? Sides{shape.channels}
                                    : Sides{shape.channels, shape.height, shape.width}});
  }

  const net::Network& network_;
  const net::TensorFile& weights_;
  const std::vector<net::Shape> shapes_;
  GraphBuilder& graph_;
  const PartSite* part_ = nullptr;
  std::vector<std::string> tensors_;  ///< by layer
  std::map<int, std::string> maps_;   ///< flat tensors that were made maps
  std::size_t index_ = 0;
};

}  // namespace

std::map<std::string, std::string> describe(const std::string& name, const net::Costs& costs,
                                            std::uint64_t structure_hash,
                                            const net::TensorFile& weights) {
  std::map<std::string, std::string> metadata = weights.metadata;
  for (const char* key : {"format", "dataset_place", "training"})
    metadata.erase(key);  // of the safetensors file and of the training's machine
  metadata["network"] = name;
  metadata["params"] = std::to_string(costs.params);
  metadata["macs"] = std::to_string(costs.macs);
  metadata["structure_hash"] = net::hash_text(structure_hash);
  return metadata;
}

std::map<std::string, std::string> describe(const net::Network& network,
                                            const net::TensorFile& weights) {
  return describe(network.name, net::count_costs(network), net::structure_hash(network), weights);
}

Graph network_graph(const net::Network& network, const net::TensorFile& weights) {
  net::check_weights(network, weights, network.name + " weights");
  GraphBuilder graph(network.name, output_names(network));
  NetworkWriter(graph, network, weights).write();
  return graph.finish(describe(network, weights));
}

std::vector<std::string> write_part(GraphBuilder& graph, const net::Network& network,
                                    const net::TensorFile& weights, const PartSite& site) {
  NetworkWriter writer(graph, network, weights, site);
  writer.write();
  return writer.results();
}

}  // namespace atto::deploy::onnx
