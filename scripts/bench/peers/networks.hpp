#pragma once
// The networks of scripts/bench/peers.sh, with the weights and the quantisation that all engines
// get.

#include <vector>

#include "export/lowering/quantisation.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::bench {

struct PeerNetwork {
  net::Network network;
  bool is_on_request = false;  ///< runs only when it is named
};

/// MobileNet-V1 and -V2 and ResNet-50 at 224 pixels and 50 classes, two small chains, and a design
/// each of AttoNet-B and -D; on request, MobileNet-V2 with other activations.
std::vector<PeerNetwork> peer_networks();

net::TensorFile peer_weights(const net::Network& network);
/// The image that engines are timed and compared on, [channels][height][width].
std::vector<float> peer_image(const net::Network& network);

/// Calibrated on one random image.
deploy::Quantisation quantised(const deploy::FusedNetwork& network);

}  // namespace atto::bench
