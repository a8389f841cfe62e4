#pragma once
// Scores of a network at its initial weights: what can be said of a design without training it.

#include <span>
#include <vector>

#include "prototypes/network/responses.hpp"
#include "trainer/backend/parameters.hpp"

namespace atto::train {

/// Scores every module, and the whole network under "", on images [count, height, width, channels]:
/// * log_synflow: sum of |w| log(1 + |dR/dw|), R the summed outputs of an all-ones image through
///   absolute weights without norms and activations; whole = all layers.
/// * naswot: log-determinant of the kernel of equal activation signs between images, divided by the
///   number of activations, with a ridge of a thousandth; whole = all activations together.
/// * expressivity: entropy of the eigenvalues of the module's output covariance (nats); whole = the
///   modules' sum.
/// * trainability: 2 - s - 1/s, s the largest singular value of the map from random signs at the
///   module's output to the gradient at its input (0 is the best); whole = the modules' mean.
/// Runs on the CPU by LibTorch's operators; weights as ParameterLayout lays them.
net::ScoresByModule zero_cost_scores(const net::Network& network, const ParameterLayout& layout,
                                     const std::vector<float>& weights,
                                     std::span<const float> images,
                                     const std::vector<int>& outputs);

}  // namespace atto::train
