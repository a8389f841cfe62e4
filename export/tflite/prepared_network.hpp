#pragma once
// A network in the operators that TensorFlow Lite has, before it is quantised.

#include <optional>
#include <span>

#include "export/lowering/quantisation.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy::tflite {

/// Fuses the network with clamps alone attached and residuals apart; sums are of two, swish is a
/// sigmoid and a product. Throws SpecError when the weights are not the network's.
FusedNetwork prepared_network(const net::Network& network, const net::TensorFile& weights);

/// Returns the parameters that the format prescribes for the tensor of a node: those of its input
/// for moves and averages over whole windows, fixed ones for sigmoid, tanh and hard sigmoid. Else
/// none. `before`: of the nodes before it.
std::optional<TensorQuantisation> prescribed_parameters(const FusedNetwork& network,
                                                        std::size_t node,
                                                        std::span<const TensorQuantisation> before);

/// Quantises a prepared network by its images [count, channels, height, width]. Scales are short
/// (quantise.hpp), so that whoever multiplies them in floats gets the same factors.
Quantisation quantise_prepared(const FusedNetwork& network, std::span<const float> images);

}  // namespace atto::deploy::tflite
