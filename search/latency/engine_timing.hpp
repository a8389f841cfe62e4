#pragma once
// How long an engine takes for one image: what `atto bench`, a campaign's end and the judging of
// designs before training measure by.

#include <functional>
#include <span>
#include <vector>

#include "export/runtime/engine.hpp"

namespace atto::search {

struct Timing {
  int runs = 0;                                   ///< of all rounds
  double median_ms = 0, low_ms = 0, high_ms = 0;  ///< the middle half lies between low and high
};

/// Warms up, then times `rounds` rounds of about 20 ms, which alternate between engines of one
/// model: each has its own memory, whose place would else be part of the result. `before` is called
/// before each round with its number.
Timing time_runs(std::span<edge::Engine> engines, std::span<const float> image, int rounds,
                 const std::function<void(int round)>& before = {});

/// Pixels for timing a program, [channels, height, width]: noise in -1 to 1.
std::vector<float> noise_image(const format::Program& program);

}  // namespace atto::search
