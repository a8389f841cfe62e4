#pragma once
// Weights of a design that was never trained, to run it with: what it takes does not depend on
// their values, as long as signals neither vanish nor explode through its depth.

#include <cstdint>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::search {

/// Returns every tensor of the network; the same seed gives the same weights. Convolutions as He et
/// al. initialise them (arXiv 1502.01852), batch norms near the identity.
net::TensorFile random_weights(const net::Network& network, std::uint64_t seed);

}  // namespace atto::search
