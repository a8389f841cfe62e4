#pragma once
// What is known of an ONNX value while a graph is read, and the constants among them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "export/onnx/graph.hpp"

namespace atto::deploy::import {

/// How the values of a layer's tensor lie.
enum class Form : std::uint8_t {
  Map,      ///< [batch, channels, height, width]
  Flat,     ///< [batch, channels * height * width]
  Grouped,  ///< [batch, groups, channels / groups, height, width]
  Turned,   ///< the same with the second and third side exchanged
};

/// A tensor that a layer makes, or a constant.
struct Known {
  int layer = -1;
  Form form = Form::Map;
  int groups = 1;  ///< Grouped and Turned
  std::optional<net::Tensor> constant;

  bool is_constant() const { return constant.has_value(); }
};

/// Floats and whole numbers of a constant; what it is not is absent.
std::optional<std::vector<float>> floats_of(const net::Tensor& tensor);
std::optional<std::vector<std::int64_t>> wholes_of(const net::Tensor& tensor);
net::Tensor tensor_of(const std::vector<float>& values, std::vector<std::int64_t> shape);
net::Tensor tensor_of(const std::vector<std::int64_t>& values, std::vector<std::int64_t> shape);

/// Computes a node all of whose inputs are whole numbers, as exporters compute shapes; nothing for
/// an operator that does not do that.
std::optional<net::Tensor> computed(const onnx::Node& node,
                                    const std::vector<const net::Tensor*>& inputs);

}  // namespace atto::deploy::import
