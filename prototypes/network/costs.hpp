#pragma once
// The counting rule (docs/counting.md), in O(layers).

#include <cstdint>
#include <vector>

#include "design_specs/requirements/metrics.hpp"
#include "prototypes/network/network.hpp"

namespace atto::net {

using spec::Costs;

struct LayerCosts {
  Shape shape;                   ///< output
  std::int64_t params = 0;
  std::int64_t macs = 0;
  std::int64_t live_bytes = 0;   ///< tensors alive while the layer runs: all still needed, and its output
};

std::vector<LayerCosts> layer_costs(const Network& network);
Costs count_costs(const Network& network);


}  // namespace atto::net
