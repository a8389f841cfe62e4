#pragma once
// Random well-formed networks for property tests: every operation of the IR, branches, several
// outputs.

#include <cstdint>

#include "prototypes/network/network.hpp"

namespace atto::net {

/// Returns a network of about `layers` layers; the same seed gives the same network.
Network random_network(std::uint64_t seed, int layers = 25);

}  // namespace atto::net
