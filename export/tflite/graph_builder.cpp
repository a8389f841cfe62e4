#include "export/tflite/graph_builder.hpp"

#include <cstring>
#include <utility>

namespace atto::deploy::tflite {
namespace {

template <class Value>
std::vector<std::uint8_t> bytes_of(const std::vector<Value>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(Value));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

std::int64_t elements_of(std::span<const int> dims) {
  std::int64_t count = 1;
  for (const int side : dims) count *= side;
  return count;
}

GraphBuilder::GraphBuilder(std::string name, const std::vector<std::string>& reserved)
    : taken_(reserved.begin(), reserved.end()) {
  graph_.name = std::move(name);
}

int GraphBuilder::add(Tensor tensor) {
  while (!taken_.insert(tensor.name).second) tensor.name += "_";
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

int GraphBuilder::tensor(const std::string& name, Dims dims, const TensorQuantisation* parameters) {
  Tensor made;
  made.name = name;
  made.dims = std::move(dims);
  if (parameters != nullptr) {
    made.element = Element::I8;
    made.scales = {parameters->scale};
    made.zero_point = parameters->zero_point - 128;
  }
  return add(std::move(made));
}

int GraphBuilder::floats(const std::string& name, Dims dims, const std::vector<float>& values) {
  return add({name, std::move(dims), Element::F32, {}, 0, 0, bytes_of(values)});
}

int GraphBuilder::integers(const std::string& name, Dims dims, const std::vector<int>& values) {
  return add({name, std::move(dims), Element::I32, {}, 0, 0, bytes_of(values)});
}

int GraphBuilder::bytes(const std::string& name, Dims dims, const std::vector<std::int8_t>& values,
                        std::vector<float> scales, int axis, int zero_point) {
  return add(
      {name, std::move(dims), Element::I8, std::move(scales), zero_point, axis, bytes_of(values)});
}

int GraphBuilder::sums(const std::string& name, const std::vector<std::int32_t>& values,
                       std::vector<float> scales) {
  return add({name,
              {static_cast<int>(values.size())},
              Element::I32,
              std::move(scales),
              0,
              0,
              bytes_of(values)});
}

void GraphBuilder::add(Op op, std::vector<int> inputs, int output, const Options& options) {
  graph_.operators.push_back({op, std::move(inputs), output, options});
}

void GraphBuilder::output(int tensor, const std::string& name) {
  graph_.tensors[place(tensor)].name = name;
  graph_.outputs.push_back(tensor);
}

Graph GraphBuilder::finish(std::string description) {
  graph_.description = std::move(description);
  return std::move(graph_);
}

}  // namespace atto::deploy::tflite
