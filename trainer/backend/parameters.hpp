#pragma once
// All trained numbers of a network in one flat buffer, so that the optimiser is one pass over
// memory.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::train {

/// Whether an operation multiplies channels with each other: its weights decay.
bool has_kernel(const net::Op& op);

/// Where one tensor of the network lies in its buffer: `trained` in the weights, else in the
/// statistics.
struct Slot {
  net::WeightSpec spec;
  std::size_t offset = 0;
  std::size_t elements = 0;
};

/// Weights that decay (of conv, deconv and dense) stand before all others: [0, decayed).
struct ParameterLayout {
  explicit ParameterLayout(const net::Network& network);
  std::vector<Slot> slots;     ///< in the order of net::weight_specs
  std::size_t decayed = 0;     ///< floats that weight decay touches
  std::size_t trained = 0;     ///< floats of the weights buffer
  std::size_t statistics = 0;  ///< floats of the running means and variances
  /// Index into slots of a layer's first tensor, or -1; a layer's tensors follow each other.
  std::vector<int> first_slot;

  std::size_t offset(int layer, int part) const {
    return slots[static_cast<std::size_t>(first_slot[static_cast<std::size_t>(layer)] + part)]
        .offset;
  }
};

/// Returns initial weights, a function of the seed: He normal by fan-out for convolutions, normal
/// with deviation 0.01 for dense, norms 1 and 0, layer scales as they say, biases 0.
std::vector<float> initial_weights(const net::Network& network, const ParameterLayout& layout,
                                   std::uint64_t seed);

/// Returns mean 0 and variance 1 for every batch norm.
std::vector<float> neutral_statistics(const ParameterLayout& layout);

/// Copies between the flat buffers and named tensors.
net::TensorFile to_tensors(const ParameterLayout& layout, std::span<const float> weights,
                           std::span<const float> statistics);
void from_tensors(const ParameterLayout& layout, const net::TensorFile& file,
                  std::span<float> weights, std::span<float> statistics);

/// What of a network other weights gave.
struct TakenWeights {
  std::size_t taken = 0;           ///< numbers, of all that are trained
  std::vector<std::string> fresh;  ///< trained tensors that they lack, or have in another shape
};
/// Copies into `weights` each trained tensor that `file` (F32) has by name and shape.
TakenWeights take_weights(const ParameterLayout& layout, const net::TensorFile& file,
                          std::span<float> weights);

net::Tensor float_tensor(std::span<const float> values, std::vector<std::int64_t> shape);

}  // namespace atto::train
