#include "export/onnx/operators.hpp"

#include "design_specs/errors.hpp"

namespace atto::deploy::onnx {
namespace {

template <class Value>
Value attribute(const Node& node, const char* name, Value otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : std::get<Value>(found->second);
}

}  // namespace

const Array& NodeArguments::in(std::size_t i) const {
  if (!has(i)) throw InternalError(node.name + ": misses input " + std::to_string(i));
  return *inputs[i];
}

std::int64_t NodeArguments::whole(const char* name, std::int64_t otherwise) const {
  return attribute(node, name, otherwise);
}

float NodeArguments::number(const char* name, float otherwise) const {
  return attribute(node, name, otherwise);
}

std::vector<std::int64_t> NodeArguments::wholes(const char* name,
                                                std::vector<std::int64_t> otherwise) const {
  return attribute(node, name, std::move(otherwise));
}

std::string NodeArguments::text(const char* name, std::string otherwise) const {
  return attribute(node, name, std::move(otherwise));
}

Operator find_operator(std::string_view name) {
  for (const auto table :
       {map_operators(), element_operators(), arrangement_operators(), detection_operators()})
    for (const NamedOperator& entry : table)
      if (entry.name == name) return entry.run;
  return nullptr;
}

std::int64_t elements_of(std::span<const std::int64_t> dims) {
  std::int64_t count = 1;
  for (const std::int64_t side : dims) count *= side;
  return count;
}

}  // namespace atto::deploy::onnx
