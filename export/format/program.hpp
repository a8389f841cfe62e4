#pragma once
// The program of a model file: tensors at fixed places in one arena, and a flat list of fused
// steps.
//
// A tensor's values lie in rows; a row holds blocks of 16 channels ("lanes"); a block holds the
// row's pixels, each 16 lanes wide, behind `halo` columns of padding:
//
//   row y:  | block 0: halo, x = 0 .. width-1 | block 1: halo, x = 0 .. width-1 | ...
//
// The padding right of a block is the padding left of the next one; one more halo ends the tensor.
// Rows above and below the map do not exist. Which channel a lane holds is the lowering's choice
// (Tensor::lanes): weights are packed accordingly, and a lane without a channel holds any finite
// value.
//
// A tensor in strips has no place: the step that makes it and the next one, which alone reads it,
// run in turns, a few rows at a time. Steps joined by such tensors are a chain.

#include <cstdint>
#include <string>
#include <vector>

namespace atto::format {

inline constexpr int kLanes = 16;
/// Every storage and every weight block starts at a multiple of this.
inline constexpr std::uint64_t kAlignment = 64;

enum class Element : std::uint8_t { F32, Bf16, U8 };
inline constexpr int kElements = 3;
constexpr std::uint64_t element_bytes(Element element) {
  return element == Element::F32 ? 4 : element == Element::Bf16 ? 2 : 1;
}

/// In the order of net::Activation.
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
inline constexpr int kActivations = 10;

/// The storage of tensors in strips.
inline constexpr std::uint32_t kInStrips = 0xffffffff;

/// Bytes of the arena. Tensors that share a storage replace each other.
struct Storage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct Tensor {
  std::int32_t channels = 0, height = 0, width = 0;
  Element element = Element::F32;
  std::int32_t halo = 0;
  std::uint32_t storage = 0;  ///< or kInStrips
  /// The channel in each lane, -1 for none; empty: lane i holds channel i.
  std::vector<std::int32_t> lanes;
  float scale = 1;  ///< U8: real = scale * (q - zero_point)
  std::int32_t zero_point = 0;

  bool is_in_strips() const { return storage == kInStrips; }
  std::int64_t blocks() const {
    return lanes.empty() ? (std::int64_t{channels} + kLanes - 1) / kLanes
                         : static_cast<std::int64_t>(lanes.size()) / kLanes;
  }
  std::int64_t block_stride() const {
    return (std::int64_t{width} + halo) * kLanes;
  }  ///< in elements
  std::int64_t row_stride() const { return blocks() * block_stride(); }
  /// Elements of the whole tensor with its padding.
  std::int64_t extent() const { return height * row_stride() + std::int64_t{halo} * kLanes; }
  /// Element index of the first value: pixel (0, 0) of block 0.
  std::int64_t origin() const { return std::int64_t{halo} * kLanes; }
};

enum class StepKind : std::uint8_t {
  Import,     ///< the image -> a tensor
  ImageConv,  ///< the image, convolved, dilation 1: [O/16][kh][C][kw][16], of bytes as a Conv's,
              ///< of a bf16 step [O/16][kh][C][kw / 2][16][2]
  Conv,       ///< a window over all lanes of its group; dense layers too
  Depthwise,
  Activate,  ///< of bytes by a table of 256; no window
  Add,
  Multiply,
  Gather,  ///< lanes moved between tensors
  MaxPool,
  AveragePool,
  AverageTo,  ///< adaptive average to the output's size; global pooling too
  Upsample,
  Softmax
};
inline constexpr int kStepKinds = 13;
constexpr bool is_convolution(StepKind kind) {
  return kind == StepKind::ImageConv || kind == StepKind::Conv || kind == StepKind::Depthwise;
}
/// The kinds that may be in a chain of several steps; an AverageTo only as its last, of one pixel.
constexpr bool runs_in_strips(StepKind kind) {
  return is_convolution(kind) || kind == StepKind::Activate || kind == StepKind::AverageTo;
}

/// The window of a convolution or pool. Output (y, x) reads rows y * stride - pad + i * dilation.
struct Window {
  std::int32_t height = 1, width = 1;
  std::int32_t stride = 1, dilation = 1, pad = 0;
  friend bool operator==(const Window&, const Window&) = default;
};

/// How a Conv's lanes meet: output blocks [g * out_blocks, (g + 1) * out_blocks) read input blocks
/// [g * in_blocks, (g + 1) * in_blocks). With interleave B > 1 the lanes of these blocks belong to
/// B groups of channels in turn (lane = channel * B + group); for eight groups of bytes in_blocks
/// = 1. Weights are [group][out block][kh][kw][depth][16], depth = (in_blocks - 1) * 16 / B +
/// last_depth.
struct Wiring {
  std::int32_t groups = 1;
  std::int32_t in_blocks = 1, out_blocks = 1;
  std::int32_t last_depth = kLanes;  ///< channels read from a group's last block
  std::int32_t interleave = 1;
  std::int32_t depth() const { return (in_blocks - 1) * (kLanes / interleave) + last_depth; }
};

/// Weights and bias, as byte offsets into the weight section.
/// F32: weights float, bias float [blocks * 16]. Of a bf16 step: weights bf16, channels of a lane
/// in pairs, [group][out block][kh][kw][depth / 2][16][2], of odd depths with a zero; bias as F32.
/// U8: weights int8, channels of a lane in fours; bias int32 [blocks * 16], then multipliers float
/// [blocks * 16], then, of an ImageConv, the image's scale (float) and zero point (int32).
struct Parameters {
  std::uint64_t weights = 0;
  std::uint64_t bias = 0;
};

/// Where an output lane of a Gather comes from; input -1 leaves zero.
struct LaneSource {
  std::int32_t input = 0;
  std::int32_t lane = 0;
};

/// output = joined_activation(activation(op(inputs)) + residual)
struct Step {
  StepKind kind = StepKind::Import;
  std::string name;
  std::vector<std::uint32_t> inputs;  ///< tensors; none for Import and ImageConv
  std::uint32_t output = 0;
  std::int32_t residual = -1;
  Activation activation = Activation::None;
  Activation joined_activation = Activation::None;
  Window window;
  Wiring wiring;
  Parameters parameters;
  std::vector<LaneSource> gather;
  std::int64_t macs = 0;
  /// Conv or ImageConv on F32 tensors: inputs are rounded to bf16, to nearest even, and multiplied
  /// with bf16 weights; sums are float.
  bool is_bf16 = false;
  /// Conv of one group on F32 tensors, 3 x 3, stride and dilation 1: Winograd's F(2x2, 3x3),
  /// sixteen products for every 2 x 2 outputs. Weights are transformed: [16][out block][depth][16].
  bool is_winograd = false;
};

struct ProgramOutput {
  std::string name;
  std::uint32_t tensor = 0;
};

struct Program {
  std::string name;
  std::uint64_t structure_hash = 0;
  std::string precision;  ///< "fp32", "bf16", "int8"
  std::string producer;
  /// The image: [channels, height, width], row-major; the network sees
  /// (pixel / 255 - mean[c]) / deviation[c].
  std::int32_t channels = 0, height = 0, width = 0;
  std::vector<float> mean, deviation;
  std::vector<std::string> classes;
  std::vector<ProgramOutput> outputs;
  std::uint64_t arena_bytes = 0;
  std::vector<Storage> storages;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;

  std::int64_t macs() const;
};

}  // namespace atto::format
