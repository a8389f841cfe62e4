#include "export/import/graph_values.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace atto::deploy::import {
namespace {

using Type = net::Tensor::Type;
using Wholes = std::vector<std::int64_t>;

template <class To, class From>
std::vector<To> read_as(const net::Tensor& tensor) {
  std::vector<From> values(static_cast<std::size_t>(tensor.elements()));
  if (!values.empty())
    std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(From));
  return {values.begin(), values.end()};
}

template <class Value>
net::Tensor made(Type type, const std::vector<Value>& values, Wholes shape) {
  net::Tensor tensor{type, std::move(shape), {}};
  tensor.bytes.resize(values.size() * sizeof(Value));
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

std::int64_t whole(const onnx::Node& node, const char* name, std::int64_t otherwise) {
  const auto found = node.attributes.find(name);
  if (found == node.attributes.end()) return otherwise;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  return value ? *value : otherwise;
}

std::optional<Wholes> gathered(const onnx::Node& node, const Wholes& from, const Wholes& at) {
  if (whole(node, "axis", 0) != 0) return {};
  Wholes values;
  for (std::int64_t index : at) {
    if (index < 0) index += static_cast<std::int64_t>(from.size());
    if (index < 0 || index >= static_cast<std::int64_t>(from.size())) return {};
    values.push_back(from[static_cast<std::size_t>(index)]);
  }
  return values;
}

std::optional<Wholes> by_element(const std::string& op, const Wholes& a, const Wholes& b) {
  if (a.empty() || b.empty() || (a.size() != b.size() && a.size() != 1 && b.size() != 1)) return {};
  Wholes values(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t x = a[a.size() == 1 ? 0 : i], y = b[b.size() == 1 ? 0 : i];
    constexpr std::int64_t kMost = std::int64_t{1} << 31;
    if (std::abs(x) > kMost || std::abs(y) > kMost || (op == "Div" && y == 0)) return {};
    values[i] = op == "Add" ? x + y : op == "Sub" ? x - y : op == "Mul" ? x * y : x / y;
  }
  return values;
}

std::optional<Wholes> sliced(const Wholes& from, Wholes starts, Wholes ends) {
  if (starts.size() != 1 || ends.size() != 1) return {};
  const auto size = static_cast<std::int64_t>(from.size());
  const auto placed = [size](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const std::int64_t begin = placed(starts[0]), end = std::max(begin, placed(ends[0]));
  return Wholes(from.begin() + begin, from.begin() + end);
}

std::optional<net::Tensor> constant_of_shape(const onnx::Node& node, const Wholes& shape) {
  const auto found = node.attributes.find("value");
  const auto* value =
      found == node.attributes.end() ? nullptr : std::get_if<net::Tensor>(&found->second);
  const std::optional<Wholes> filling = value ? wholes_of(*value) : std::nullopt;
  constexpr std::int64_t kMost = 64;
  if (!filling || filling->size() != 1 || shape.size() != 1 || shape[0] < 0 || shape[0] > kMost)
    return {};
  return tensor_of(Wholes(static_cast<std::size_t>(shape[0]), filling->front()), shape);
}

/// A matrix of two columns, as exporters turn the pads of a list around: reshaped, its rows
/// reversed, transposed.
std::optional<net::Tensor> turned(const onnx::Node& node, const std::vector<Wholes>& in,
                                  const Wholes& shape) {
  const Wholes& values = in[0];
  const std::size_t rows = values.size() / 2;
  if (node.op == "Reshape" && in.size() == 2 && in[1] == Wholes{-1, 2} && values.size() % 2 == 0)
    return tensor_of(values, {static_cast<std::int64_t>(rows), 2});
  if (shape != Wholes{static_cast<std::int64_t>(rows), 2}) return {};
  Wholes made(values.size());
  const bool is_reversed = node.op == "Slice" && in.size() == 5 && in[1] == Wholes{-1} &&
                           in[2].size() == 1 && in[2][0] < -static_cast<std::int64_t>(rows) &&
                           in[3] == Wholes{0} && in[4] == Wholes{-1};
  if (!is_reversed && node.op != "Transpose") return {};
  for (std::size_t i = 0; i < values.size(); ++i)
    made[is_reversed ? (rows - 1 - i / 2) * 2 + i % 2 : i % 2 * rows + i / 2] = values[i];
  if (is_reversed) return tensor_of(made, shape);
  return tensor_of(made, {2, static_cast<std::int64_t>(rows)});
}

}  // namespace

std::optional<std::vector<float>> floats_of(const net::Tensor& tensor) {
  if (tensor.type != Type::F32) return {};
  return read_as<float, float>(tensor);
}

std::optional<Wholes> wholes_of(const net::Tensor& tensor) {
  if (tensor.type == Type::I64) return read_as<std::int64_t, std::int64_t>(tensor);
  if (tensor.type == Type::I32) return read_as<std::int64_t, std::int32_t>(tensor);
  return {};
}

net::Tensor tensor_of(const std::vector<float>& values, Wholes shape) {
  return made(Type::F32, values, std::move(shape));
}
net::Tensor tensor_of(const Wholes& values, Wholes shape) {
  return made(Type::I64, values, std::move(shape));
}

std::optional<net::Tensor> computed(const onnx::Node& node,
                                    const std::vector<const net::Tensor*>& inputs) {
  std::vector<Wholes> in;
  for (const net::Tensor* tensor : inputs) {
    const std::optional<Wholes> values = wholes_of(*tensor);
    if (!values || values->size() > 64) return {};
    in.push_back(*values);
  }
  if (in.empty()) return {};
  if (node.op == "ConstantOfShape") return constant_of_shape(node, in[0]);
  if (std::optional<net::Tensor> made = turned(node, in, inputs[0]->shape)) return made;
  std::optional<Wholes> values;
  bool is_scalar = false;
  if (node.op == "Gather" && in.size() == 2) {
    values = gathered(node, in[0], in[1]);
    is_scalar = inputs[1]->shape.empty();
  } else if (node.op == "Concat") {
    values.emplace();
    for (const Wholes& part : in) values->insert(values->end(), part.begin(), part.end());
  } else if (node.op == "Unsqueeze" || node.op == "Squeeze" || node.op == "Cast" ||
             node.op == "Identity" || node.op == "Reshape") {
    values = in[0];
    is_scalar = node.op == "Squeeze" || (node.op != "Unsqueeze" && inputs[0]->shape.empty());
  } else if (node.op == "Slice" && in.size() >= 3) {
    values = sliced(in[0], in[1], in[2]);
  } else if ((node.op == "Add" || node.op == "Sub" || node.op == "Mul" || node.op == "Div") &&
             in.size() == 2) {
    values = by_element(node.op, in[0], in[1]);
    is_scalar = inputs[0]->shape.empty() && inputs[1]->shape.empty();
  }
  if (!values) return {};
  if (is_scalar && values->size() == 1) return tensor_of(*values, {});
  return tensor_of(*values, {static_cast<std::int64_t>(values->size())});
}

}  // namespace atto::deploy::import
