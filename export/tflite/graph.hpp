#pragma once
// A TensorFlow Lite model as plain values: what the writer builds, what a file holds, what the
// executor runs. Nothing here includes FlatBuffers.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "export/lowering/quantisation.hpp"

namespace atto::deploy::tflite {

using Dims = std::vector<int>;

enum class Element : std::uint8_t { F32, I32, I8 };

/// Maps are [1, height, width, channels]; a tensor may have any other sides.
struct Tensor {
  std::string name;  ///< unique
  Dims dims;
  Element element = Element::F32;
  /// real = scale * (q - zero_point): one scale, or one for each place along `axis`; else empty.
  std::vector<float> scales;
  int zero_point = 0;  ///< -128..127
  int axis = 0;
  std::vector<std::uint8_t> bytes;  ///< of a constant; empty where the tensor flows
};

/// The public codes of the operators that we write.
enum class Op : std::int32_t {
  Add = 0,
  AveragePool = 1,
  Concatenation = 2,
  Conv = 3,
  DepthwiseConv = 4,
  Dequantize = 6,
  FullyConnected = 9,
  Logistic = 14,
  MaxPool = 17,
  Mul = 18,
  Relu = 19,
  Relu6 = 21,
  Reshape = 22,
  ResizeBilinear = 23,
  Softmax = 25,
  Tanh = 28,
  Pad = 34,
  Gather = 36,
  Transpose = 39,
  Mean = 40,
  Sub = 41,
  PadV2 = 60,
  Slice = 65,
  TransposeConv = 67,
  Rsqrt = 76,
  ResizeNearest = 97,
  LeakyRelu = 98,
  Quantize = 114,
  HardSwish = 117,
  Gelu = 150
};

/// Of these an operator has those that are its own. All means keep their sides, all resizing has
/// half-pixel centres, gelu is exact.
struct Options {
  bool is_same = false;  ///< padded by the rule SAME; else VALID
  net::Sides kernel = 1, stride = 1;
  int dilation = 1;
  int depth_multiplier = 1;
  net::Activation activation = net::Activation::None;  ///< or Relu, Relu6
  int axis = 0;
  float alpha = 0;
};

struct Operator {
  Op op = Op::Add;
  std::vector<int> inputs;  ///< tensors
  int output = 0;           ///< a tensor
  Options options;
};

struct Graph {
  std::string name, description;
  std::vector<Tensor> tensors;
  std::vector<Operator> operators;  ///< each after those that make its inputs
  int input = 0;
  std::vector<int> outputs;
};

/// Returns the product of the sides.
std::int64_t elements_of(std::span<const int> dims);

}  // namespace atto::deploy::tflite
