#pragma once
// What a layer takes at least of a small device that runs its network in int8, whatever its
// weights: docs/counting.md. Sums and maxima of these are below what any C file needs
// (export/c/c_sizes.hpp), however its layers are fused.

#include <algorithm>
#include <cstdint>

#include "prototypes/network/network.hpp"

namespace atto::net {

struct LeastFootprint {
  std::int64_t flash_bytes = 0;  ///< constants; those of layers add up
  std::int64_t ram_bytes = 0;    ///< alive at once; the largest of the layers' counts
};

/// Constants of a convolution or dense layer: a byte a weight and three behind the last, a bias and
/// a factor an output, and its description.
inline std::int64_t least_constants(std::int64_t weights, std::int64_t outputs) {
  return weights + 3 + 8 * outputs + 36;
}

/// In the layer's first input and its output; what may be computed in place counts once.
struct LeastFootprintOf {
  const Shape& in;
  const Shape& out;

  LeastFootprint operator()(const InputLayer& /*op*/) const {
    return {256 * std::int64_t{out.channels}, out.elements()};  // a table makes bytes of pixels
  }
  LeastFootprint operator()(const Conv& conv) const {
    const std::int64_t per_output =
        std::int64_t{in.channels / conv.groups} * conv.kernel.height * conv.kernel.width;
    const bool is_depthwise = conv.groups == in.channels;
    // A scale of channels folds into what it follows, or into what follows it.
    if (is_depthwise && conv.kernel == Sides(1)) return in_place();
    const std::int64_t flash = least_constants(per_output * out.channels, out.channels);
    const bool fits_in_place =
        is_depthwise && out.channels == in.channels && out.elements() <= in.elements();
    return {flash, (fits_in_place ? in_place() : beside()).ram_bytes};
  }
  LeastFootprint operator()(const Deconv& deconv) const {
    const std::int64_t weights =
        std::int64_t{out.channels} * deconv.kernel * deconv.kernel * in.channels;
    return {least_constants(weights, out.channels), beside().ram_bytes};
  }
  LeastFootprint operator()(const Dense& /*op*/) const {
    return {least_constants(in.elements() * out.channels, out.channels), beside().ram_bytes};
  }
  LeastFootprint operator()(const Pool& /*op*/) const { return resized(); }
  LeastFootprint operator()(const PoolTo& /*op*/) const { return resized(); }
  LeastFootprint operator()(const GlobalAveragePool& /*op*/) const { return resized(); }
  LeastFootprint operator()(const Upsample& /*op*/) const { return resized(); }
  template <class Other>
  LeastFootprint operator()(const Other& /*op*/) const {
    return in_place();
  }

 private:
  LeastFootprint in_place() const { return {0, out.elements()}; }
  LeastFootprint beside() const { return {0, in.elements() + out.elements()}; }
  /// What leaves a map as it is may be no step at all.
  LeastFootprint resized() const { return in == out ? in_place() : beside(); }
};

}  // namespace atto::net
