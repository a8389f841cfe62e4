#pragma once
// What calibration images show of every tensor of a network.

#include <cstdint>
#include <span>
#include <vector>

#include "export/lowering/fused_network.hpp"

namespace atto::deploy {

struct Observation {
  float low = 0, high = 0;  ///< over everything; 0 lies within
  bool is_finite = true;    ///< everything
  /// [image][channel][samples_per_channel]: places at equal distances, other ones in each image.
  std::vector<float> samples;
  std::size_t channels = 0, samples_per_channel = 0;
  /// [channels, height, width]: the mean over the images; only of tensors that a convolution or
  /// dense layer reads, else empty.
  std::vector<double> mean_map;

  std::size_t channel_of(std::size_t sample) const {
    return sample / samples_per_channel % channels;
  }
};

/// Runs the images [count, channels, height, width] in floats; returns one entry a node.
std::vector<Observation> observe(const FusedNetwork& network, std::span<const float> images);

}  // namespace atto::deploy
