#pragma once
// The steps of a program: what they do, with which weights, on which tensors.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace atto::format {

inline constexpr int kLanes = 16;

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
  Upsample,   ///< nearest neighbours; the factor is the window's stride
  Softmax,
  LayerNorm,  ///< over the channels of each pixel; no weights
  Bilinear,   ///< as Upsample; a pixel's value lies in its middle
  Spread      ///< channels over stride x stride pixels: block (i * stride + j) * (blocks of the
              ///< output) + b of a pixel is block b of its output pixel (i, j)
};
inline constexpr int kStepKinds = 16;
/// What a layer norm adds to the variance.
inline constexpr double kLayerNormEpsilon = 1e-6;
/// Of a Bilinear: sums of bytes are exact in floats.
inline constexpr int kMostBilinear = 128;
/// In the order of StepKind, for people.
inline constexpr std::array<std::string_view, kStepKinds> kStepNames = {
    "import",   "image conv", "conv",     "depthwise",    "activate",   "add",
    "multiply", "gather",     "max pool", "average pool", "average to", "upsample",
    "softmax",  "layer norm", "bilinear", "spread"};
/// What a step's maps have to do with each other.
enum class StepForm : std::uint8_t {
  Image,        ///< made of the image
  Convolution,  ///< of weights, over a window
  ByLane,       ///< lane by lane of one tensor, which it may replace
  Pairwise,     ///< lane by lane of several
  Lanes,        ///< moves lanes
  Sides         ///< makes a map of other sides, lane by lane
};
constexpr StepForm form_of(StepKind kind) {
  switch (kind) {
    case StepKind::Import:
    case StepKind::ImageConv:
      return StepForm::Image;
    case StepKind::Conv:
    case StepKind::Depthwise:
      return StepForm::Convolution;
    case StepKind::Activate:
    case StepKind::Softmax:
    case StepKind::LayerNorm:
      return StepForm::ByLane;
    case StepKind::Add:
    case StepKind::Multiply:
      return StepForm::Pairwise;
    case StepKind::Gather:
      return StepForm::Lanes;
    case StepKind::MaxPool:
    case StepKind::AveragePool:
    case StepKind::AverageTo:
    case StepKind::Upsample:
    case StepKind::Bilinear:
    case StepKind::Spread:
      break;
  }
  return StepForm::Sides;
}
constexpr bool is_convolution(StepKind kind) {
  return kind == StepKind::ImageConv || kind == StepKind::Conv || kind == StepKind::Depthwise;
}
/// The kinds that may be in a chain of several steps; an AverageTo only as its last, of one pixel.
constexpr bool runs_in_strips(StepKind kind) {
  return is_convolution(kind) || kind == StepKind::Activate || kind == StepKind::AverageTo;
}

/// How a window moves along a side of the map: output i begins at i * stride - pad.
struct Slide {
  std::int32_t stride = 1, pad = 0;
  friend bool operator==(const Slide&, const Slide&) = default;
};
/// The window of a convolution or pool. Output (y, x) reads rows y * down.stride - down.pad + i *
/// dilation, and columns likewise.
struct Window {
  std::int32_t height = 1, width = 1;
  Slide down, across;
  std::int32_t dilation = 1;
  friend bool operator==(const Window&, const Window&) = default;
};

/// Returns the columns up to the last one that a window of an output this wide reads.
constexpr std::int64_t columns_read(const Window& window, std::int64_t output_width) {
  return (output_width - 1) * window.across.stride - window.across.pad +
         (std::int64_t{window.width} - 1) * window.dilation + 1;
}

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

}  // namespace atto::format
