#pragma once
// The intermediate representation: a network is a list of layers in topological order. Shapes are
// inferred (shapes.hpp), never stored, so that a network runs at another input size or class count.
// Everything else (LibTorch module, ONNX, runtime program, C source) is derived from this.

#include <cstdint>
#include <string>
#include <vector>

#include "prototypes/network/operations.hpp"

namespace atto::net {

struct Layer {
  /// The place in the design that made it, then the part: "stages[0].modules[2].chain[1].conv".
  /// Weights are named after it. Unique in a network.
  std::string name;
  Op op;
  std::vector<int> inputs;  ///< indices of earlier layers
};

struct Shape {
  int channels = 0, height = 0, width = 0;
  std::int64_t elements() const { return std::int64_t{channels} * height * width; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// A named result. The first output of a classifier is its logits.
struct Output {
  std::string name;
  int layer = 0;
};

struct Network {
  std::string name;
  Shape input;  ///< layers[0] is the InputLayer
  int classes = 0;
  std::vector<Layer> layers;
  std::vector<Output> outputs;
  std::vector<std::string> stages = {};  ///< what people call them, in order; may be empty
};

}  // namespace atto::net
