#pragma once
// An ONNX model as plain values: what the writers build, what a file holds, what the executor runs.
// Nothing here includes libonnx or protobuf.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "prototypes/network/weights.hpp"

namespace atto::deploy::onnx {

/// The operator sets of what we write: of networks, and of detectors, whose RoiAlign knows the
/// middles of pixels since 16.
inline constexpr int kOpset = 13, kDetectorOpset = 16;

/// A tensor, and numbers that are not whole, are read of other people's files alone.
using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                               std::vector<float>, net::Tensor>;

struct Node {
  std::string op;    ///< "Conv", "Relu", ...
  std::string name;  ///< the layer that it is made of
  std::vector<std::string> inputs, outputs;
  std::map<std::string, Attribute> attributes;
};

/// A tensor that flows: its name, and its shape after the batch, which is symbolic; or all of it.
struct Value {
  std::string name;
  std::vector<std::int64_t> shape;
  bool has_batch = true;
  net::Tensor::Type type = net::Tensor::Type::F32;
  friend bool operator==(const Value&, const Value&) = default;
};

struct Graph {
  std::string name;
  int opset = kOpset;
  std::vector<Node> nodes;  ///< each after those that make its inputs
  std::map<std::string, net::Tensor> initializers;
  std::vector<Value> inputs, outputs;
  std::vector<Value> inferred;  ///< of a file: shapes that shape inference found for the rest
  std::map<std::string, std::string> metadata;
};

}  // namespace atto::deploy::onnx
