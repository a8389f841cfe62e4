#pragma once
// Random well-formed networks for property tests: every operation of the IR, branches, several
// outputs.

#include <cstdint>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// Returns a network of about `layers` layers; the same seed gives the same network. Its image is 5
/// to 20 pixels high and wide, `times` as many.
Network random_network(std::uint64_t seed, int layers = 25, int times = 1);

}  // namespace atto::net
