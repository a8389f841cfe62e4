#include "export/tflite/network_graph.hpp"

#include <algorithm>
#include <utility>

#include "design_specs/errors.hpp"
#include "export/tflite/layers.hpp"

namespace atto::deploy::tflite {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::vector<std::string> output_names(const FusedNetwork& network) {
  std::vector<std::string> names;
  for (const net::Output& output : network.outputs) names.push_back(output.name);
  return names;
}

class Writer {
 public:
  Writer(const FusedNetwork& network, const Quantisation* quantisation, Io io)
      : network_(network),
        quantisation_(quantisation),
        has_float_io_(quantisation != nullptr && io == Io::Float),
        graph_(network.name, output_names(network)) {
    if (quantisation != nullptr) parameters_ = quantisation->tensors;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (std::holds_alternative<net::Softmax>(network.nodes[i].op))
        parameters_[i] = {1.0F / 256, 0};  // the format's
  }

  Graph write(std::string description) {
    for (index_ = 0; index_ < network_.nodes.size(); ++index_)
      tensors_.push_back(std::visit(*this, node().op));
    for (const net::Output& output : network_.outputs) add_output(output);
    return graph_.finish(std::move(description));
  }

  int operator()(const FusedInput& /*op*/) {
    const Dims dims = map_dims(node().shape);
    if (!has_float_io_) {
      const int input = graph_.tensor(node().name, dims, parameters());
      graph_.input(input);
      return input;
    }
    const int input = graph_.tensor(node().name, dims, nullptr);
    graph_.input(input);
    return site({}).make(Op::Quantize, "/quantised", {input}, dims);
  }
  template <class Written>
  int operator()(const Written& op) {
    std::vector<int> maps;
    for (const int input : node().inputs) maps.push_back(map(input));
    return tflite::write(site(std::move(maps)), op);
  }

 private:
  const FusedNode& node() const { return network_.nodes[index_]; }
  const TensorQuantisation* parameters() const {
    return quantisation_ == nullptr ? nullptr : &parameters_[index_];
  }

  Site site(std::vector<int> inputs) {
    Site made{graph_, node(), std::move(inputs), {}, parameters(), nullptr};
    if (quantisation_ != nullptr) made.weights = &quantisation_->weights[index_];
    for (const int input : node().inputs) made.from.push_back(network_.nodes[at(input)].shape);
    return made;
  }

  int map(int index) {
    const FusedNode& of = network_.nodes[at(index)];
    return as(of, tensors_[at(index)], map_dims(of.shape), "/map");
  }
  int as(const FusedNode& of, int tensor, Dims dims, const std::string& part) {
    if (graph_.dims(tensor) == dims) return tensor;
    return reshaped({graph_, of, {}, {}, nullptr, nullptr}, tensor, part, std::move(dims));
  }

  /// Dense makes [1, features], which activations, their products, and softmax keep.
  bool is_flat(int index) const {
    const FusedNode& of = network_.nodes[at(index)];
    if (std::holds_alternative<FusedDense>(of.op)) return true;
    return (std::holds_alternative<FusedActivate>(of.op) ||
            std::holds_alternative<FusedMultiply>(of.op) ||
            std::holds_alternative<net::Softmax>(of.op)) &&
           std::all_of(of.inputs.begin(), of.inputs.end(),
                       [&](int input) { return is_flat(input); });
  }

  void add_output(const net::Output& output) {
    const FusedNode& of = network_.nodes[at(output.layer)];
    const Dims dims = is_flat(output.layer) ? Dims{1, of.shape.channels} : map_dims(of.shape);
    int made = as(of, tensors_[at(output.layer)], dims, "/flat");
    const Site site{graph_, of, {}, {}, nullptr, nullptr};
    if (has_float_io_)
      made = site.make(Op::Dequantize, "/real", {made}, dims);
    else if (made == tensors_[0] || std::count(outputs_.begin(), outputs_.end(), made) > 0)
      made = reshaped(site, made, "/copy", dims);
    outputs_.push_back(made);
    graph_.output(made, output.name);
  }

  const FusedNetwork& network_;
  const Quantisation* quantisation_;
  bool has_float_io_;
  GraphBuilder graph_;
  std::vector<TensorQuantisation> parameters_;  ///< by node
  std::vector<int> tensors_;                    ///< by node
  std::vector<int> outputs_;
  std::size_t index_ = 0;
};

}  // namespace

Dims map_dims(const net::Shape& shape) {
  return {1, shape.height, shape.width, shape.channels};
}

std::optional<TensorQuantisation> parameters_of(const Tensor& tensor) {
  if (tensor.element != Element::I8) return std::nullopt;
  return TensorQuantisation{tensor.scales[0], tensor.zero_point + 128};
}

Dims Site::dims() const {
  return map_dims(node.shape);
}

int Site::make(Op op, const std::string& part, std::vector<int> from_tensors, Dims dims,
               const Options& options) const {
  const int made = graph.tensor(node.name + part, std::move(dims), parameters);
  graph.add(op, std::move(from_tensors), made, options);
  return made;
}

int Site::like(int tensor, Op op, const std::string& part, std::vector<int> from_tensors, Dims dims,
               const Options& options) const {
  const std::optional<TensorQuantisation> of = parameters_of(graph[tensor]);
  const int made = graph.tensor(node.name + part, std::move(dims), of ? &*of : nullptr);
  graph.add(op, std::move(from_tensors), made, options);
  return made;
}

int reshaped(const Site& site, int tensor, const std::string& part, Dims dims) {
  const std::string name = site.node.name + part + ".shape";
  const int shape = site.graph.integers(name, {static_cast<int>(dims.size())}, dims);
  return site.like(tensor, Op::Reshape, part, {tensor, shape}, std::move(dims));
}

Graph network_graph(const FusedNetwork& network, const Quantisation* quantisation, Io io,
                    std::string description) {
  if (quantisation != nullptr && (quantisation->tensors.size() != network.nodes.size() ||
                                  quantisation->weights.size() != network.nodes.size()))
    throw InternalError("a quantisation must have an entry for every node");
  return Writer(network, quantisation, io).write(std::move(description));
}

}  // namespace atto::deploy::tflite
