#pragma once
// A network's layers as LibTorch operators, in IR order. Include only where torch is included.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::train {

/// One layer's tensors, in the order of net::weight_specs.
using LayerTensors = std::vector<torch::Tensor>;

struct ForwardMode {
  bool uses_batch_statistics = true;
  /// Moves running statistics by this share when batch statistics are used; 0 leaves them.
  double share = 0;
  /// Of what is dropped; 0: nothing.
  std::uint64_t seed = 0;

  /// The same for one of the network's layers, with a seed of its own.
  ForwardMode of_layer(int index) const;
};

/// Returns the output of one layer, whose seed is in `mode`. inputs: outputs of layer.inputs;
/// size_like: for PoolTo the second.
torch::Tensor apply_layer(const net::Layer& layer, const std::vector<torch::Tensor>& inputs,
                          const LayerTensors& tensors, const ForwardMode& mode);

/// Runs the network on images [N, C, H, W] and returns the chosen ones of its outputs. Each
/// activation is dropped after its last use unless `kept` is given, which gets them all.
std::vector<torch::Tensor> run_network(const net::Network& network, const torch::Tensor& images,
                                       const std::vector<LayerTensors>& tensors,
                                       const ForwardMode& mode, const std::vector<int>& outputs,
                                       std::vector<torch::Tensor>* kept = nullptr);

}  // namespace atto::train
