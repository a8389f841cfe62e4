#pragma once
// The mean error that rounded weights and saturated inputs leave in a layer's output, so that the
// bias can take it back (Nagel et al. 2019, arXiv 1906.04721, section 4.2, with the inputs' means
// measured and padding counted).

#include <cstdint>
#include <vector>

#include "export/lowering/quantisation.hpp"
#include "export/quantisation/observation.hpp"

namespace atto::deploy {

/// Returns for each output of a convolution or dense layer the mean over calibration images and
/// places of what it computes in floats minus what the quantised layer computes, bias left out.
/// `seen` and `tensor` are those of its input, whose shape is `in`.
std::vector<double> mean_errors(const FusedNode& node, const net::Shape& in,
                                const WeightQuantisation& weights, const Observation& seen,
                                const TensorQuantisation& tensor);

}  // namespace atto::deploy
