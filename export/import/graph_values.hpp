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

/// Zeros around a map.
struct Pads {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
  friend bool operator==(const Pads&, const Pads&) = default;
};

/// What is on its way to x * (1 + erf(x / sqrt(2))) / 2 has no layer of its own.
enum class GeluPart : std::uint8_t { None, Erf, OnePlusErf, Product };

/// A tensor that a layer makes, a constant, or a part of what will be one.
struct Known {
  int layer = -1;
  Form form = Form::Map;
  int groups = 1;  ///< Grouped and Turned
  Pads pads;       ///< zeros around the layer's map, which a convolution takes
  std::optional<net::Tensor> constant;
  int scaled = -1;  ///< the layer that `factor` times gave this, where it did
  GeluPart part = GeluPart::None;
  int gelu_of = -1;  ///< the x of a part
  float factor = 1;  ///< of what is scaled, and of a part

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
