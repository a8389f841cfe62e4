#pragma once
// The operators of the executor.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "export/onnx/executor.hpp"

namespace atto::deploy::onnx {

using Sides = std::vector<std::int64_t>;

/// An index that is known not to be negative.
inline std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

/// What a node is given. Inputs that were left out ("") are null.
struct NodeArguments {
  const Node& node;
  std::vector<const Array*> inputs;
  std::size_t output = 0;  ///< which of the node's is asked for

  const Array& in(std::size_t i) const;
  bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  /// Attributes, or the default where the node has none.
  std::int64_t whole(const char* name, std::int64_t otherwise) const;
  float number(const char* name, float otherwise) const;
  std::vector<std::int64_t> wholes(const char* name, std::vector<std::int64_t> otherwise) const;
  std::string text(const char* name, std::string otherwise) const;
};

using Operator = Array (*)(const NodeArguments&);

/// Returns null for one that we do not write.
Operator find_operator(std::string_view name);

/// The tables that find_operator() searches.
struct NamedOperator {
  std::string_view name;
  Operator run;
};
std::span<const NamedOperator> map_operators();          ///< convolution, pooling, norm, products
std::span<const NamedOperator> element_operators();      ///< element by element, with broadcasting
std::span<const NamedOperator> arrangement_operators();  ///< moves values only
std::span<const NamedOperator> detection_operators();    ///< between a detector's networks

/// Returns the number of elements that sides span.
std::int64_t elements_of(std::span<const std::int64_t> dims);

}  // namespace atto::deploy::onnx
