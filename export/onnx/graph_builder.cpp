#include "export/onnx/graph_builder.hpp"

#include <fmt/format.h>

#include <cstring>

namespace atto::deploy::onnx {
namespace {

template <class Number>
net::Tensor tensor_of(net::Tensor::Type type, std::span<const Number> values,
                      std::vector<std::int64_t> shape) {
  net::Tensor tensor{type, std::move(shape), std::vector<std::uint8_t>(values.size_bytes())};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  return tensor;
}

}  // namespace

GraphBuilder::GraphBuilder(std::string name, const std::vector<std::string>& reserved, int opset)
    : taken_(reserved.begin(), reserved.end()) {
  graph_.name = std::move(name);
  graph_.opset = opset;
}

std::string GraphBuilder::fresh(const std::string& name) {
  std::string free = name;
  while (!taken_.insert(free).second) free += "_";
  return free;
}

std::string GraphBuilder::input(Value value) {
  value.name = fresh(value.name);
  graph_.inputs.push_back(std::move(value));
  return graph_.inputs.back().name;
}

void GraphBuilder::output(Value value) {
  graph_.outputs.push_back(std::move(value));
}

std::string GraphBuilder::add(const std::string& op, const std::string& name,
                              std::vector<std::string> inputs,
                              std::map<std::string, Attribute> attributes,
                              const std::string& claimed) {
  const std::string output = claimed.empty() ? fresh(name) : claimed;
  graph_.nodes.push_back({op, name, std::move(inputs), {output}, std::move(attributes)});
  return output;
}

std::string GraphBuilder::add_second(const std::string& op, const std::string& name,
                                     std::vector<std::string> inputs,
                                     std::map<std::string, Attribute> attributes) {
  add(op, name, std::move(inputs), std::move(attributes));
  std::vector<std::string>& outputs = graph_.nodes.back().outputs;
  outputs.push_back(fresh(name + "/places"));
  return outputs.back();
}

std::string GraphBuilder::weight(const std::string& name, const net::Tensor& tensor) {
  const auto found = weights_.find(name);
  return found != weights_.end() ? found->second : weights_[name] = constant(name, tensor);
}

std::string GraphBuilder::constant(const std::string& name, net::Tensor tensor) {
  const std::string free = fresh(name);
  graph_.initializers.emplace(free, std::move(tensor));
  return free;
}

std::string GraphBuilder::constant(const std::string& name, std::span<const float> values,
                                   std::vector<std::int64_t> shape) {
  return constant(name, tensor_of(net::Tensor::Type::F32, values, std::move(shape)));
}

std::string GraphBuilder::integers(const std::string& name,
                                   const std::vector<std::int64_t>& values) {
  return constant(name, tensor_of(net::Tensor::Type::I64, std::span<const std::int64_t>(values),
                                  {static_cast<std::int64_t>(values.size())}));
}

std::string GraphBuilder::number(float value) {
  const auto found = numbers_.find(value);
  if (found != numbers_.end()) return found->second;
  return numbers_[value] =
             constant(fmt::format("constant_{:g}", value), std::span<const float>(&value, 1), {});
}

Graph GraphBuilder::finish(std::map<std::string, std::string> metadata) {
  graph_.metadata = std::move(metadata);
  return std::move(graph_);
}

}  // namespace atto::deploy::onnx
