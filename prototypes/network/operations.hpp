#pragma once
// The operations of the IR, as plain values: what each computes, and what it is called.

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>

namespace atto::net {

enum class Activation : std::uint8_t {
  None,
  Relu,
  Relu6,
  LeakyRelu,
  Sigmoid,
  HardSigmoid,
  Swish,
  HardSwish,
  Gelu,
  Tanh
};
inline constexpr std::array<std::string_view, 10> kActivationNames = {
    "none",         "relu",  "relu6",      "leaky_relu", "sigmoid",
    "hard_sigmoid", "swish", "hard_swish", "gelu",       "tanh"};

inline constexpr std::array<std::string_view, 2> kUpsampleModeNames = {"nearest", "bilinear"};
/// Two numbers of a window: down the rows of a map, and across its columns.
struct Sides {
  int height = 1, width = 1;
  constexpr Sides() = default;
  constexpr Sides(int both) : height(both), width(both) {}  // NOLINT(google-explicit-constructor)
  constexpr Sides(int down, int across) : height(down), width(across) {}
  constexpr bool is_square() const { return height == width; }
  friend bool operator==(const Sides&, const Sides&) = default;
};
/// What a window meets at a map's border (windows.hpp): padding, so that an output side is
/// ceil(side / stride); or none, and only whole windows count.
enum class Padding : std::uint8_t { Same, Valid };
inline constexpr std::array<std::string_view, 2> kPaddingNames = {"same", "valid"};

/// What all operations have: their lower-case name; their tag, which is part of every stored hash
/// (a new operation takes the next free one); the word for it in layers' names, where it is another
/// one; and fields(), all that tells two of a kind apart. Some say that they hand_on_values(): all
/// that they make are values of their input, between such, or 0.
struct OpIdentity {
  std::string_view name;
  int tag;
  std::string_view short_name = name;
};
/// Every layer reads the outputs of earlier layers (Layer::inputs) and makes one tensor
/// [channels, height, width]; batch is outside the IR.
struct InputLayer {
  static constexpr OpIdentity kIdentity = {"input", 1};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const InputLayer&, const InputLayer&) = default;
};
/// Convolution, weights [out_channels, in_channels / groups, kernel height, kernel width].
struct Conv {
  static constexpr OpIdentity kIdentity = {"conv", 2};
  int out_channels = 0;
  Sides kernel = 1;
  Sides stride = 1;
  int groups = 1;
  int dilation = 1;
  bool bias = false;
  Padding padding = Padding::Same;
  auto fields() const {
    return std::tuple(out_channels, kernel, stride, groups, dilation, bias, padding);
  }
  friend bool operator==(const Conv&, const Conv&) = default;
};
/// Batch norm over channels: scale and shift learned, running mean and variance kept. eps = 1e-5.
struct BatchNorm {
  static constexpr OpIdentity kIdentity = {"batch_norm", 3, "norm"};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const BatchNorm&, const BatchNorm&) = default;
};
/// Slope of leaky_relu is 0.1; gelu is the exact (erf) form; hard_sigmoid(x) = clamp(x / 6 + 1/2,
/// 0, 1).
struct Activate {
  static constexpr OpIdentity kIdentity = {"activation", 4, "act"};
  Activation kind = Activation::Relu;
  auto fields() const { return std::tuple(kind); }
  friend bool operator==(const Activate&, const Activate&) = default;
};
struct Add {  ///< two or more inputs of one shape
  static constexpr OpIdentity kIdentity = {"add", 5};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const Add&, const Add&) = default;
};
struct Concat {  ///< along channels, inputs in order
  static constexpr OpIdentity kIdentity = {"concat", 6};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const Concat&, const Concat&) = default;
};
struct Slice {  ///< channels [begin, end)
  static constexpr OpIdentity kIdentity = {"slice", 7};
  int begin = 0, end = 0;
  auto fields() const { return std::tuple(begin, end); }
  friend bool operator==(const Slice&, const Slice&) = default;
};
struct Shuffle {  ///< channel c of g groups of n goes to (c mod n) * g + c / n
  static constexpr OpIdentity kIdentity = {"shuffle", 8};
  int groups = 2;
  auto fields() const { return std::tuple(groups); }
  friend bool operator==(const Shuffle&, const Shuffle&) = default;
};
/// Padding is neither the largest value nor counted in the average.
struct Pool {
  static constexpr OpIdentity kIdentity = {"pool", 9};
  enum class Kind : std::uint8_t { Max, Average } kind = Kind::Max;
  Sides kernel = 2;
  Sides stride = 2;
  Padding padding = Padding::Same;
  auto fields() const { return std::tuple(kind, kernel, stride, padding); }
  bool hand_on_values() const { return kind == Kind::Max; }
  friend bool operator==(const Pool&, const Pool&) = default;
};
/// Averages the first input down to the height and width of the second, whose values are not read:
/// adaptive average pooling, cell i covers rows [floor(i * H / h), ceil((i + 1) * H / h)).
struct PoolTo {
  static constexpr OpIdentity kIdentity = {"pool_to", 10, "pool"};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const PoolTo&, const PoolTo&) = default;
};
struct GlobalAveragePool {  ///< [C, H, W] -> [C, 1, 1]
  static constexpr OpIdentity kIdentity = {"global_average_pool", 11, "pool"};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const GlobalAveragePool&, const GlobalAveragePool&) = default;
};
struct Multiply {  ///< two inputs; the second may be [C, 1, 1] and is broadcast
  static constexpr OpIdentity kIdentity = {"multiply", 12};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const Multiply&, const Multiply&) = default;
};
/// Enlarges by a whole factor. Bilinear: a pixel's value lies in its middle, and what lies outside
/// of these is the nearest one's (PyTorch's align_corners=False).
struct Upsample {
  static constexpr OpIdentity kIdentity = {"upsample", 13};
  int factor = 2;
  enum class Mode : std::uint8_t { Nearest, Bilinear } mode = Mode::Nearest;
  auto fields() const { return std::tuple(factor, mode); }
  bool hand_on_values() const { return true; }
  friend bool operator==(const Upsample&, const Upsample&) = default;
};
/// Fully connected on the flattened input; weights [features, C * H * W] and a bias.
struct Dense {
  static constexpr OpIdentity kIdentity = {"dense", 14};
  int out_features = 0;  ///< 0 = the network's classes
  auto fields() const { return std::tuple(out_features); }
  friend bool operator==(const Dense&, const Dense&) = default;
};
/// Transposed convolution whose windows do not meet: stride = kernel, no padding. Weights
/// [in_channels, out_channels, kernel, kernel], as PyTorch has them.
struct Deconv {
  static constexpr OpIdentity kIdentity = {"deconv", 16};
  int out_channels = 0;
  int kernel = 2;
  bool bias = false;
  auto fields() const { return std::tuple(out_channels, kernel, bias); }
  friend bool operator==(const Deconv&, const Deconv&) = default;
};
/// Over the channels of each pixel: scale and shift learned. eps = 1e-6.
struct LayerNorm {
  static constexpr OpIdentity kIdentity = {"layer_norm", 17, "norm"};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const LayerNorm&, const LayerNorm&) = default;
};
struct LayerScale {  ///< a learned factor a channel
  static constexpr OpIdentity kIdentity = {"layer_scale", 18, "scale"};
  double init = 1e-6;  ///< where the factors begin
  auto fields() const { return std::tuple(init); }
  friend bool operator==(const LayerScale&, const LayerScale&) = default;
};
/// In training, makes 0 of this share of the values and multiplies the others by 1 / (1 - rate);
/// else hands on what it gets.
struct Dropout {
  static constexpr OpIdentity kIdentity = {"dropout", 19};
  double rate = 0.2;
  auto fields() const { return std::tuple(rate); }
  friend bool operator==(const Dropout&, const Dropout&) = default;
};
/// Zeros in the shape of its input, of which every stride-th row and column stands.
struct Zero {
  static constexpr OpIdentity kIdentity = {"zero", 20};
  Sides stride = 1;
  auto fields() const { return std::tuple(stride); }
  friend bool operator==(const Zero&, const Zero&) = default;
};
struct Softmax {
  static constexpr OpIdentity kIdentity = {"softmax", 15};
  auto fields() const { return std::tuple(); }
  friend bool operator==(const Softmax&, const Softmax&) = default;
};

using Op = std::variant<InputLayer, Conv, BatchNorm, Activate, Add, Concat, Slice, Shuffle, Pool,
                        PoolTo, GlobalAveragePool, Multiply, Upsample, Dense, Softmax, Deconv,
                        LayerNorm, LayerScale, Dropout, Zero>;

/// Returns the name of an operation: "conv", "batch_norm", ...
inline std::string_view op_name(const Op& op) {
  return std::visit([](const auto& of) { return of.kIdentity.name; }, op);
}

}  // namespace atto::net
