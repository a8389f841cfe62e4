#include "export/import/graph_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/onnx/operators.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy::import {
namespace {

constexpr std::size_t kMostNodes = 20'000;

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t side : shape)
    text += (text.empty() ? "" : "x") + (side > 0 ? std::to_string(side) : "?");
  return text.empty() ? "a scalar" : text;
}

}  // namespace

GraphReader::GraphReader(const onnx::Graph& graph, std::string file)
    : graph_(graph), file_(std::move(file)) {}

GraphNetwork GraphReader::read() {
  if (graph_.nodes.size() > kMostNodes)
    throw SpecError({{file_, "", fmt::format("must have at most {} nodes", kMostNodes),
                      std::to_string(graph_.nodes.size())}});
  for (const auto& [name, tensor] : graph_.initializers) known_[name].constant = tensor;
  take_input();
  for (const onnx::Node& node : graph_.nodes) {
    node_ = &node;
    const auto found = operators().find(node.op);
    if (are_all_constants() && node.op != "Constant") {
      std::vector<const net::Tensor*> inputs;
      for (const std::string& input : node.inputs)
        if (!input.empty()) inputs.push_back(&*known_.at(input).constant);
      if (std::optional<net::Tensor> value = computed(node, inputs)) {
        known_[node.outputs.at(0)].constant = std::move(value);
        continue;
      }
    }
    if (found == operators().end()) refuse("no such operator is known here");
    (this->*found->second)();
  }
  take_outputs();
  drop_dead();
  return std::move(made_);
}

void GraphReader::take_input() {
  std::vector<const onnx::Value*> inputs;
  for (const onnx::Value& input : graph_.inputs)
    if (graph_.initializers.count(input.name) == 0) inputs.push_back(&input);
  if (inputs.size() != 1)
    throw SpecError({{file_, "", "must have one input, an image", std::to_string(inputs.size())}});
  const std::vector<std::int64_t>& sides = inputs[0]->shape;
  const bool is_image = sides.size() == 3 && std::all_of(sides.begin(), sides.end(), [](auto side) {
                          return side > 0 && side <= net::kMaxSide;
                        });
  if (!is_image)
    throw SpecError(
        {{file_, "",
          "input " + inputs[0]->name + " must be [batch, channels, height, width] of fixed sides",
          "?x" + shape_text(sides)}});
  made_.network.name = "imported";
  made_.network.input = {static_cast<int>(sides[0]), static_cast<int>(sides[1]),
                         static_cast<int>(sides[2])};
  made_.network.layers.push_back({"input", net::InputLayer{}, {}});
  names_.insert("input");
  shapes_.push_back(made_.network.input);
  known_[inputs[0]->name].layer = 0;
}

int GraphReader::output_layer(const onnx::Value& output) const {
  const auto found = known_.find(output.name);
  if (found == known_.end() || found->second.layer <= 0 || found->second.pads != Pads{})
    throw SpecError(
        {{file_, "", "output " + output.name + " must be computed from the input", ""}});
  return found->second.layer;
}

/// The scores, and maps on the way to them.
void GraphReader::take_outputs() {
  node_ = nullptr;
  net::Network& network = made_.network;
  if (graph_.outputs.empty()) throw SpecError({{file_, "", "must have an output", ""}});
  for (const onnx::Value& output : graph_.outputs) {
    int last = output_layer(output);
    const net::Layer& layer = network.layers[static_cast<std::size_t>(last)];
    const bool is_of_scores =
        network.outputs.empty() || layer.inputs[0] == network.outputs[0].layer;
    if (is_of_scores && std::holds_alternative<net::Softmax>(layer.op)) {
      made_.notes.push_back(
          "the softmax at the end is left out: training adds it, and scores are compared before "
          "it");
      last = layer.inputs[0];
    }
    const bool is_there =
        std::any_of(network.outputs.begin(), network.outputs.end(),
                    [&](const net::Output& other) { return other.layer == last; });
    if (!is_there)
      network.outputs.push_back({network.outputs.empty() ? "logits" : output.name, last});
  }
  const net::Shape& scores = shape(network.outputs[0].layer);
  network.classes = scores.channels;
  if (network.outputs.size() > 1 && scores.height * scores.width != 1)
    throw SpecError({{file_, "", "the first of several outputs must be a score a class",
                      fmt::format("{}x{}x{}", scores.channels, scores.height, scores.width)}});
}

/// Layers that no output needs, such as the sigmoid of what became a swish.
void GraphReader::drop_dead() {
  net::Network& network = made_.network;
  std::vector<char> lives(network.layers.size());
  lives[0] = 1;
  for (const net::Output& output : network.outputs)
    lives[static_cast<std::size_t>(output.layer)] = 1;
  for (std::size_t i = network.layers.size(); i-- > 0;)
    if (lives[i])
      for (const int input : network.layers[i].inputs) lives[static_cast<std::size_t>(input)] = 1;
  std::vector<int> now(network.layers.size(), -1);
  std::vector<net::Layer> layers;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (!lives[i]) {
      for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
        made_.weights.tensors.erase(network.layers[i].name + part);
      continue;
    }
    now[i] = static_cast<int>(layers.size());
    layers.push_back(std::move(network.layers[i]));
    for (int& input : layers.back().inputs) input = now[static_cast<std::size_t>(input)];
  }
  network.layers = std::move(layers);
  for (net::Output& output : network.outputs)
    output.layer = now[static_cast<std::size_t>(output.layer)];
}

void GraphReader::refuse(const std::string& rule, const std::string& got) const {
  const std::string name =
      node_->name.empty() && !node_->outputs.empty() ? "of " + node_->outputs[0] : node_->name;
  throw SpecError({{file_, "", fmt::format("node {} ({}): {}", name, node_->op, rule), got}});
}

std::int64_t GraphReader::whole(const char* name, std::int64_t otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  if (!value) refuse(fmt::format("{} must be a whole number", name));
  return *value;
}
float GraphReader::number(const char* name, float otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<float>(&found->second);
  if (!value) refuse(fmt::format("{} must be a number", name));
  return *value;
}
std::string GraphReader::text(const char* name, const std::string& otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<std::string>(&found->second);
  if (!value) refuse(fmt::format("{} must be a text", name));
  return *value;
}
GraphReader::Sides GraphReader::wholes(const char* name, Sides otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<Sides>(&found->second);
  if (!value) refuse(fmt::format("{} must be a list of whole numbers", name));
  return *value;
}

bool GraphReader::has(std::size_t input) const {
  return input < node_->inputs.size() && !node_->inputs[input].empty();
}

const Known& GraphReader::in(std::size_t input) const {
  if (!has(input)) refuse(fmt::format("input {} is missing", input));
  const auto found = known_.find(node_->inputs[input]);
  if (found == known_.end()) refuse("reads what no node before it makes", node_->inputs[input]);
  return found->second;
}

bool GraphReader::are_all_constants() const {
  return std::all_of(node_->inputs.begin(), node_->inputs.end(), [&](const std::string& input) {
    if (input.empty()) return true;
    const auto found = known_.find(input);
    return found != known_.end() && found->second.is_constant();
  });
}

int GraphReader::any(std::size_t input) const {
  const Known& value = in(input);
  if (value.part != GeluPart::None)
    refuse("erf is known as part of a gelu alone: x * (1 + erf(x / sqrt(2))) / 2");
  if (value.layer < 0) refuse(fmt::format("input {} must not be a constant", input));
  if (value.pads != Pads{}) refuse("zeros around a map are for the convolution behind them");
  if (value.form == Form::Grouped || value.form == Form::Turned)
    refuse("reads channels in groups: only a channel shuffle is known of them");
  return value.layer;
}

int GraphReader::padded_map(std::size_t input, Pads& pads) const {
  const Known& value = in(input);
  pads = value.pads;
  return pads == Pads{} ? map(input) : value.layer;
}

int GraphReader::map(std::size_t input) const {
  const int layer = any(input);
  const net::Shape& of = shape(layer);
  if (in(input).form == Form::Flat && of.height * of.width != 1)
    refuse("needs a map [batch, channels, height, width], not a flat vector");
  return layer;
}

Form GraphReader::form_of(std::size_t input) const {
  return in(input).form;
}

const net::Tensor& GraphReader::constant(std::size_t input, std::string_view what) const {
  const Known& value = in(input);
  if (!value.is_constant()) refuse(fmt::format("{} must be constant", what));
  return *value.constant;
}
std::vector<float> GraphReader::floats(std::size_t input, std::string_view what) const {
  const std::optional<std::vector<float>> values = floats_of(constant(input, what));
  if (!values) refuse(fmt::format("{} must be float32", what));
  return *values;
}
GraphReader::Sides GraphReader::integers(std::size_t input, std::string_view what) const {
  const std::optional<Sides> values = wholes_of(constant(input, what));
  if (!values) refuse(fmt::format("{} must be whole numbers", what));
  return *values;
}

int GraphReader::add(const net::Op& op, std::vector<int> inputs) {
  std::string name = node_->name.empty() ? node_->outputs.at(0) : node_->name;
  if (name.empty()) name = node_->op;
  const std::string stem = name;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", stem, i);
  net::Shape out;
  const std::string_view broken = net::infer_shape(op, {shapes_, inputs}, 0, out);
  if (!broken.empty()) refuse(std::string(broken));
  made_.network.layers.push_back({name, op, std::move(inputs)});
  shapes_.push_back(out);
  return static_cast<int>(shapes_.size()) - 1;
}

void GraphReader::set_weight(int layer, const char* part, const std::vector<float>& values,
                             std::vector<std::int64_t> sides) {
  const std::string name = made_.network.layers[static_cast<std::size_t>(layer)].name + part;
  net::Tensor tensor = tensor_of(values, std::move(sides));
  if (tensor.elements() != static_cast<std::int64_t>(values.size()))
    refuse(fmt::format("{} must have {} values", part + 1, tensor.elements()),
           std::to_string(values.size()));
  if (std::any_of(values.begin(), values.end(), [](float value) { return value - value != 0; }))
    refuse(fmt::format("{} must be finite", part + 1));
  made_.weights.tensors[name] = std::move(tensor);
}

void GraphReader::set_bias_of_zeros(int layer, int count) {
  set_weight(layer, ".bias", std::vector<float>(static_cast<std::size_t>(count)), {count});
}

void GraphReader::hand_on(int layer, Form form, std::size_t output) {
  if (output >= node_->outputs.size() || node_->outputs[output].empty()) return;
  Known& known = known_[node_->outputs[output]];
  known = {};
  known.layer = layer;
  known.form = form;
}
void GraphReader::hand_on_same(std::size_t input) {
  known_[node_->outputs.at(0)] = Known(in(input));
}

void GraphReader::activate(net::Activation kind) {
  const int from = any(0);
  hand_on(add(net::Activate{kind}, {from}), form_of(0));
}

const std::map<std::string_view, GraphReader::Read>& GraphReader::operators() {
  static const std::map<std::string_view, Read> kOperators = {
      {"Conv", &GraphReader::conv},
      {"ConvTranspose", &GraphReader::deconv},
      {"BatchNormalization", &GraphReader::batch_norm},
      {"Gemm", &GraphReader::gemm},
      {"MatMul", &GraphReader::mat_mul},
      {"MaxPool", &GraphReader::pool},
      {"AveragePool", &GraphReader::pool},
      {"GlobalAveragePool", &GraphReader::global_pool},
      {"ReduceMean", &GraphReader::reduce_mean},
      {"Flatten", &GraphReader::flatten},
      {"Reshape", &GraphReader::reshape},
      {"Squeeze", &GraphReader::flatten},
      {"Transpose", &GraphReader::transpose},
      {"Concat", &GraphReader::concat},
      {"Split", &GraphReader::split},
      {"Slice", &GraphReader::slice},
      {"Add", &GraphReader::join},
      {"Sum", &GraphReader::join},
      {"Mul", &GraphReader::multiply},
      {"Div", &GraphReader::divide},
      {"Erf", &GraphReader::erf},
      {"Clip", &GraphReader::clip},
      {"LeakyRelu", &GraphReader::leaky_relu},
      {"HardSigmoid", &GraphReader::hard_sigmoid},
      {"Softmax", &GraphReader::softmax},
      {"Resize", &GraphReader::resize},
      {"Upsample", &GraphReader::resize},
      {"Relu", &GraphReader::plain},
      {"Sigmoid", &GraphReader::plain},
      {"HardSwish", &GraphReader::plain},
      {"Tanh", &GraphReader::plain},
      {"Identity", &GraphReader::same},
      {"Dropout", &GraphReader::same},
      {"Constant", &GraphReader::constant_node},
      {"Shape", &GraphReader::shape_node},
      {"Pad", &GraphReader::pad}};
  return kOperators;
}

GraphNetwork read_network(const onnx::Graph& graph, const std::string& file) {
  return GraphReader(graph, file).read();
}

}  // namespace atto::deploy::import
