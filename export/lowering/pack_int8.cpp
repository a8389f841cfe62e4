#include "export/lowering/pack_int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace atto::deploy {
namespace {

constexpr int kTogether = 4;  // channels of a 32-bit word

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

template <class Value>
void append(std::vector<std::byte>& bytes, const std::vector<Value>& values) {
  const std::size_t size = bytes.size();
  bytes.resize(size + values.size() * sizeof(Value));
  std::memcpy(bytes.data() + size, values.data(), values.size() * sizeof(Value));
}

std::vector<std::byte> packed_int8_bias(const Int8Layer& layer, const Lanes& out) {
  const std::vector<std::int8_t>& weights = layer.weights.weights;
  const std::size_t each = weights.size() / layer.weights.bias.size();
  std::vector<std::int32_t> bias;
  std::vector<float> multipliers;
  for (const int channel : out) {
    if (channel < 0) {
      bias.push_back(0);
      multipliers.push_back(0);
      continue;
    }
    const auto first = weights.begin() + static_cast<std::ptrdiff_t>(at(channel) * each);
    const int sum = std::accumulate(first, first + static_cast<std::ptrdiff_t>(each), 0);
    bias.push_back(layer.weights.bias[at(channel)] - layer.from.zero_point * sum);
    multipliers.push_back(
        multiplier(layer.from.scale, layer.weights.scales[at(channel)], layer.to.scale));
  }
  std::vector<std::byte> bytes;
  append(bytes, bias);
  append(bytes, multipliers);
  return bytes;
}

std::byte byte_of(float weight) {
  return static_cast<std::byte>(static_cast<std::int8_t>(weight));
}

/// The kernel with the quantised weights as floats, which hold them exactly.
Kernel with_weights(Kernel kernel, const std::vector<float>& weights) {
  kernel.weights = weights;
  return kernel;
}

double activated(net::Activation activation, double x) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const auto hard_sigmoid = [](double v) { return std::clamp(v / 6 + 0.5, 0.0, 1.0); };
  switch (activation) {
    case net::Activation::None:
      return x;
    case net::Activation::Relu:
      return std::max(x, 0.0);
    case net::Activation::Relu6:
      return std::clamp(x, 0.0, 6.0);
    case net::Activation::LeakyRelu:
      return x < 0 ? 0.1 * x : x;
    case net::Activation::Sigmoid:
      return sigmoid(x);
    case net::Activation::HardSigmoid:
      return hard_sigmoid(x);
    case net::Activation::Swish:
      return x * sigmoid(x);
    case net::Activation::HardSwish:
      return x * hard_sigmoid(x);
    case net::Activation::Gelu:
      return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
    case net::Activation::Tanh:
      return std::tanh(x);
  }
  return x;
}

}  // namespace

PackedInt8 packed_int8_conv(const Int8Layer& layer, const Kernel& kernel,
                            const format::Wiring& wiring, const Lanes& in, const Lanes& out) {
  const std::vector<float> weights(layer.weights.weights.begin(), layer.weights.weights.end());
  PackedInt8 packed{{}, packed_int8_bias(layer, out)};
  for (const float weight : with_channels_together(
           packed_conv(with_weights(kernel, weights), wiring, in, out), wiring.depth(), kTogether))
    packed.weights.push_back(byte_of(weight));
  return packed;
}

PackedInt8 packed_int8_image_conv(const Int8Layer& layer, const Kernel& kernel, const Lanes& out) {
  const int channels = kernel.in_each;
  const auto blocks = [](const Lanes& lanes) {
    return static_cast<std::int32_t>(lanes.size()) / format::kLanes;
  };
  const Lanes in = identity_lanes(channels);
  const format::Wiring wiring{1, blocks(in), blocks(out),
                              channels - (blocks(in) - 1) * format::kLanes, 1};
  PackedInt8 packed = packed_int8_conv(layer, kernel, wiring, in, out);
  append(packed.bias, std::vector<float>{layer.from.scale});
  append(packed.bias, std::vector<std::int32_t>{layer.from.zero_point});
  return packed;
}

PackedInt8 packed_int8_depthwise(const Int8Layer& layer, const Kernel& kernel, const Lanes& lanes) {
  const std::vector<float> weights(layer.weights.weights.begin(), layer.weights.weights.end());
  PackedInt8 packed{{}, packed_int8_bias(layer, lanes)};
  for (const float weight : packed_depthwise(with_weights(kernel, weights), lanes))
    packed.weights.push_back(byte_of(weight));
  return packed;
}

std::array<std::uint8_t, 256> int8_table(net::Activation activation, const TensorQuantisation& from,
                                         const TensorQuantisation& to) {
  std::array<std::uint8_t, 256> table{};
  for (int q = 0; q < 256; ++q) {
    const double real = double{from.scale} * (q - from.zero_point);
    const double place =
        std::nearbyint(activated(activation, real) / double{to.scale}) + to.zero_point;
    table[at(q)] = static_cast<std::uint8_t>(std::clamp(place, 0.0, 255.0));
  }
  return table;
}

}  // namespace atto::deploy
