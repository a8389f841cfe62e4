#pragma once
// The passes from the IR to the fused network. Each is a pure function that keeps what the outputs
// compute (batch norms are folded in double precision); fuse() runs them in order.

#include "export/lowering/fused_network.hpp"
#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy {

/// Which activations may be attached to other nodes. int8 asks for Clamps: the others become
/// table look-ups there and need a tensor of their own.
enum class Attach : std::uint8_t { All, Clamps };

/// Whether adds are attached to the layers that make a term of theirs. A format that rounds between
/// layer and add has them apart.
enum class Residuals : std::uint8_t { Attached, Apart };

/// None, Relu and Relu6: what a minimum and a maximum can do.
bool is_clamp(net::Activation activation);

/// One node per layer, two of a layer norm; a norm's scale and shift become a 1x1 depthwise
/// convolution. Throws SpecError when the
/// weights are not exactly the network's (check_weights).
FusedNetwork translate(const net::Network& network, const net::TensorFile& weights);
/// Folds a 1x1 depthwise convolution into the convolution or dense layer that it alone reads.
FusedNetwork fold_scales(FusedNetwork network);
/// Folds a 1x1 depthwise convolution into the dense layer that alone reads it, or the convolution
/// of one group and without padding.
FusedNetwork fold_scales_ahead(FusedNetwork network);
/// Removes what copies its input: slices of everything, pools of one cell, factors of one.
FusedNetwork remove_identities(FusedNetwork network);
/// Merges channel moves into the channel moves that read them.
FusedNetwork merge_channel_moves(FusedNetwork network);
FusedNetwork attach_activations(FusedNetwork network, Attach attach);
/// Attaches an add of two tensors to the convolution or dense layer that makes the later of them.
FusedNetwork attach_residuals(FusedNetwork network);
/// Removes nodes that no output needs.
FusedNetwork remove_dead(FusedNetwork network);

/// Throws SpecError naming the layer for a network, fused with Attach::Clamps, that int8 cannot
/// express: a softmax that another layer reads.
void expect_int8(const FusedNetwork& network);

/// Runs all of them.
FusedNetwork fuse(const net::Network& network, const net::TensorFile& weights,
                  Attach attach = Attach::All, Residuals residuals = Residuals::Attached);

}  // namespace atto::deploy
