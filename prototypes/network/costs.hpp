#pragma once
// The counting rule (docs/counting.md), in O(layers).

#include <cstdint>
#include <vector>

#include "design_specs/requirements/metrics.hpp"
#include "prototypes/network/network.hpp"

namespace atto::net {

using spec::Costs;

inline constexpr std::int64_t kBytesPerValue = 4;  ///< float32

/// Returns a + b, or the largest value where that is beyond 64 bits.
std::int64_t add_saturated(std::int64_t a, std::int64_t b);

struct LayerCosts {
  Shape shape;  ///< output
  std::int64_t params = 0;
  std::int64_t macs = 0;
  std::int64_t live_bytes =
      0;  ///< tensors alive while the layer runs: all still needed, and its output
};

/// Returns the costs of every layer, in layer order. Throws as infer_shapes does.
std::vector<LayerCosts> layer_costs(const Network& network);

/// Returns the costs of the whole: sums of parameters and MACs, the largest live_bytes, and the
/// model size at float32 with every batch norm folded that can be. A sum beyond 64 bits stays at
/// their largest value.
Costs count_costs(const Network& network);

}  // namespace atto::net
