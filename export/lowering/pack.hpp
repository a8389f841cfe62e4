#pragma once
// Weights in the order in which the runtime reads them (export/format/program.hpp).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "export/format/program.hpp"
#include "export/lowering/lanes.hpp"

namespace atto::deploy {

/// Weights of a convolution or dense layer, [O, I / groups, height, width].
struct Kernel {
  std::span<const float> weights, bias;
  int height = 1, width = 1;
  int in_each = 1, out_each = 1;  ///< channels of a group

  /// Returns 0 where the output does not read the input, and for lanes without a channel.
  float at(int out, int in, int y, int x) const {
    if (out < 0 || in < 0 || in / in_each != out / out_each) return 0;
    const int each = in - in / in_each * in_each;
    return weights[((static_cast<std::size_t>(out) * static_cast<std::size_t>(in_each) +
                     static_cast<std::size_t>(each)) *
                        static_cast<std::size_t>(height) +
                    static_cast<std::size_t>(y)) *
                       static_cast<std::size_t>(width) +
                   static_cast<std::size_t>(x)];
  }
};

std::vector<float> packed_conv(const Kernel& kernel, const format::Wiring& wiring, const Lanes& in,
                               const Lanes& out);
/// Winograd's F(2x2, 3x3): [16][out block][depth][16].
std::vector<float> packed_winograd(const Kernel& kernel, const format::Wiring& wiring,
                                   const Lanes& in, const Lanes& out);
std::vector<float> packed_depthwise(const Kernel& kernel, const Lanes& lanes);
std::vector<float> packed_image_conv(const Kernel& kernel, const Lanes& out);
/// Weights [..][depth][16] with neighbouring channels of a lane beside each other:
/// [..][depth / together][16][together]; zeros follow a depth that is no multiple.
std::vector<float> with_channels_together(const std::vector<float>& packed, int depth,
                                          int together);
std::vector<std::uint16_t> as_bf16(const std::vector<float>& values);
std::vector<float> packed_bias(const Kernel& kernel, const Lanes& out);

/// The weight section as it grows.
class WeightSection {
 public:
  template <class Weight>
  format::Parameters add(const std::vector<Weight>& weights, const std::vector<float>& bias) {
    const std::uint64_t first = add_bytes(std::as_bytes(std::span(weights)));
    return {first, add_bytes(std::as_bytes(std::span(bias)))};
  }
  /// Returns where the bytes lie.
  std::uint64_t add_bytes(std::span<const std::byte> bytes);
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace atto::deploy
