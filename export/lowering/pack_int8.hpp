#pragma once
// Int8 parameters in the order in which the runtime reads them. Biases count the input's zero point
// over the whole window: bias - zero point * sum of the weights.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "export/lowering/pack.hpp"
#include "export/lowering/quantisation.hpp"

namespace atto::deploy {

struct PackedInt8 {
  std::vector<std::byte> weights;
  std::vector<std::byte> bias;  ///< int32 by lane, then a float multiplier by lane
};

/// The quantised weights of one node, and the tensors that it reads and makes.
struct Int8Layer {
  const WeightQuantisation& weights;
  TensorQuantisation from, to;
};

/// `kernel` gives shapes; its values are not read. [out block][kh][kw][depth / 4][16][4].
PackedInt8 packed_int8_conv(const Int8Layer& layer, const Kernel& kernel,
                            const format::Wiring& wiring, const Lanes& in, const Lanes& out);
/// As a convolution of one group; the image's scale and zero point follow the multipliers.
PackedInt8 packed_int8_image_conv(const Int8Layer& layer, const Kernel& kernel, const Lanes& out);
/// [block][kh][kw][16].
PackedInt8 packed_int8_depthwise(const Int8Layer& layer, const Kernel& kernel, const Lanes& lanes);

/// What an activation makes of each of the 256 values of a tensor.
std::array<std::uint8_t, 256> int8_table(net::Activation activation, const TensorQuantisation& from,
                                         const TensorQuantisation& to);

}  // namespace atto::deploy
