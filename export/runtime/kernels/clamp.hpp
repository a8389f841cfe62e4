#pragma once

namespace atto::edge {

/// What a minimum and a maximum do; relu6 is {0, 6}.
struct Clamp {
  float low, high;
};

}  // namespace atto::edge
