#pragma once
// How long an engine takes for one image.

#include <functional>
#include <span>

#include "export/runtime/engine.hpp"

namespace atto::cli {

struct Timing {
  int runs = 0;                                   ///< of all rounds
  double median_ms = 0, low_ms = 0, high_ms = 0;  ///< the middle half lies between low and high
};

/// Warms up, then times rounds of about 20 ms; `before` is called before each with its number.
Timing time_runs(edge::Engine& engine, std::span<const float> image, int rounds,
                 const std::function<void(int round)>& before = {});

}  // namespace atto::cli
