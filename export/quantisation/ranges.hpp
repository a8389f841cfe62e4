#pragma once
// Which reals the 256 values of a tensor stand for.

#include <cstdint>
#include <span>

#include "export/lowering/quantisation.hpp"
#include "export/quantisation/observation.hpp"

namespace atto::deploy {

/// How much of what was seen is represented; the rest saturates.
enum class RangeMethod : std::uint8_t {
  MinMax,      ///< all of it
  Percentile,  ///< all but 0.01 % at each end
  Mse,         ///< what gives the samples the least squared error
  Best         ///< of the three, the one with the least squared error where channels are weighted
};

/// Returns scale and zero point of a range that holds 0.
TensorQuantisation span_range(double low, double high);

/// Chooses the range of one tensor. `channel_weights`: what an error in a channel counts for Best,
/// by channel.
TensorQuantisation choose_range(const Observation& seen, RangeMethod method,
                                std::span<const double> channel_weights);

/// For every tensor and channel: the sum of the squares of the weights that its readers give it, an
/// estimate of how far its errors are heard. Adds, pools, activations and moves hand on what their
/// readers give; an output counts 1.
std::vector<std::vector<double>> channel_weights(const FusedNetwork& network);

/// The nearest value of the tensor, as a real.
double quantised(double value, const TensorQuantisation& tensor);

}  // namespace atto::deploy
