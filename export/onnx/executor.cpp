#include "export/onnx/executor.hpp"

#include <cstring>

#include "design_specs/errors.hpp"
#include "export/onnx/operators.hpp"

namespace atto::deploy::onnx {
namespace {

using Type = net::Tensor::Type;

template <class Stored, class Wanted>
void copy_values(const net::Tensor& tensor, std::vector<Wanted>& to) {
  to.resize(static_cast<std::size_t>(tensor.elements()));
  if (tensor.bytes.size() != to.size() * sizeof(Stored))
    throw InternalError("an ONNX tensor's bytes must match its shape");
  for (std::size_t i = 0; i < to.size(); ++i) {
    Stored value;
    std::memcpy(&value, tensor.bytes.data() + i * sizeof(Stored), sizeof(Stored));
    to[i] = static_cast<Wanted>(value);
  }
}

Array array_of(const net::Tensor& tensor) {
  Array array{tensor.shape, {}, {}};
  switch (tensor.type) {
    case Type::F32:
      copy_values<float>(tensor, array.values);
      break;
    case Type::I64:
      copy_values<std::int64_t>(tensor, array.wholes);
      break;
    case Type::I32:
      copy_values<std::int32_t>(tensor, array.wholes);
      break;
    case Type::I8:
      copy_values<std::int8_t>(tensor, array.wholes);
      break;
    case Type::U8:
      copy_values<std::uint8_t>(tensor, array.wholes);
      break;
    default:
      throw InternalError("an ONNX tensor of a type that is not written");
  }
  return array;
}

}  // namespace

Executor::Executor(const Graph& graph) : graph_(graph) {
  for (const auto& [name, tensor] : graph.initializers) constants_[name] = array_of(tensor);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!find_operator(graph.nodes[i].op))
      throw InternalError(graph.nodes[i].name + ": no such operator here: " + graph.nodes[i].op);
    for (const std::string& input : graph.nodes[i].inputs) last_reader_[input] = i;
  }
  for (const Value& output : graph.outputs) last_reader_[output.name] = graph.nodes.size();
}

std::map<std::string, Array> Executor::run(std::map<std::string, Array> live) const {
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    NodeArguments arguments{node, {}, 0};
    for (const std::string& input : node.inputs) {
      const auto constant = constants_.find(input);
      arguments.inputs.push_back(input.empty()                  ? nullptr
                                 : constant != constants_.end() ? &constant->second
                                                                : &live.at(input));
    }
    std::vector<Array> made;
    for (; arguments.output < node.outputs.size(); ++arguments.output)
      made.push_back(find_operator(node.op)(arguments));
    for (const std::string& input : node.inputs)
      if (!input.empty() && last_reader_.at(input) == i) live.erase(input);
    for (std::size_t k = 0; k < made.size(); ++k) live[node.outputs[k]] = std::move(made[k]);
  }
  std::map<std::string, Array> outputs;
  for (const Value& output : graph_.outputs) outputs[output.name] = std::move(live.at(output.name));
  return outputs;
}

}  // namespace atto::deploy::onnx
