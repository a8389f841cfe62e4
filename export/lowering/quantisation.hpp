#pragma once
// The int8 parameters of a fused network: what the quantiser decides and the lowering packs.
//
// Activations are u8, real = scale * (q - zero_point). Weights are s8, real = scale[o] * q,
// symmetric. With S = input scale, T = output scale, R = residual scale, all in float:
//   acc  = bias[o] + sum over weights w and inputs q of w * (q - input zero point)       int32
//   x    = clamp(float(acc) * float(S * scale[o] / T), activation's bounds / T)
//   x    = clamp(x + float(r - residual zero point) * float(R / T), joined bounds / T)   if any
//   q    = clamp(round_to_even(x) + zero_point, 0, 255)
// A product and a sum are rounded separately. Padding counts as the input's zero point.
// What stands in float(...) or behind a "/" is made of parameters alone: it is computed in double
// and rounded to float once (multiplier(), clamp_bounds()), so that all who follow these rules
// agree to the bit. The other nodes:
//   input     x = value / T, one division in float
//   add       x = sum in order of float(q_i - z_i) * float(S_i / T), then as above
//   multiply  x = float((a - za) * (b - zb)) * float(Sa * Sb / T)
//   averages  x = float(sum of (q - z)) * (float(S / T) / float(count)), the last division in float
//   channels  x = float(q - z) * float(S / T) of each channel's own source
//   activate  a table of 256 values, computed in double: round_to_even(f(real) / T) + z
//   max pool, upsample: need the input's parameters for their output
//   bilinear  x = float(sum of (q - z) * weight) / float(4 * factor^2), weights out of 2 * factor
//             to a side
//   layer norm, in double, of n channels: E = 1e-6 * (n / S)^2, sums over the pixel's q - z:
//             x = float((n * (q - z) - sum) * (1 / (sqrt(n * sum of squares - sum^2 + E) * T)))
//   deconv    as convolutions
//   softmax   only as an output of the network; computed in float on dequantised values
// An output of the network is float(q - z) * scale.

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "export/lowering/fused_network.hpp"

namespace atto::deploy {

enum class Precision : std::uint8_t { F32, Bf16, I8 };
/// "fp32", "bf16", "int8".
constexpr std::string_view precision_name(Precision precision) {
  return precision == Precision::F32 ? "fp32" : precision == Precision::Bf16 ? "bf16" : "int8";
}

struct TensorQuantisation {
  float scale = 1;
  int zero_point = 0;  ///< 0..255
};

/// Weights of one convolution or dense layer; empty for other nodes.
struct WeightQuantisation {
  std::vector<std::int8_t> weights;  ///< in the order of the node's weights, -127..127
  std::vector<float> scales;         ///< [O]
  std::vector<std::int32_t> bias;    ///< [O], in units of input scale * scales[o]
};

/// One entry per node of the network, made with Attach::Clamps.
struct Quantisation {
  std::vector<TensorQuantisation> tensors;
  std::vector<WeightQuantisation> weights;
};

struct QuantisedNetwork {
  FusedNetwork network;
  Quantisation quantisation;
};

/// Returns float(from * factor / to).
inline float multiplier(float from, float factor, float to) {
  return static_cast<float>(double{from} * factor / to);
}

/// The bounds of a clamping activation on a tensor of this scale, zero point not added.
struct ClampBounds {
  float low = 0, high = 0;
};
inline ClampBounds clamp_bounds(net::Activation activation, float scale) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return {activation == net::Activation::None ? -kInfinity : 0.0F,
          activation == net::Activation::Relu6 ? static_cast<float>(6 / double{scale}) : kInfinity};
}

}  // namespace atto::deploy
