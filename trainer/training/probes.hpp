#pragma once
// The inquisitor's probes: a fixed batch of stimuli goes through a trained network, forward and
// backward, and each module's reaction is written down.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "prototypes/network/responses.hpp"
#include "trainer/backend/backend.hpp"

namespace atto::train {

/// Returns the stimuli of a run: training images evenly spaced over `subset`, a fortieth of them
/// and at least 16 (so that a probe costs a fortieth of an epoch), at most 128 and at most `batch`.
std::vector<std::int32_t> stimulus_images(std::span<const std::int32_t> subset, int batch);

/// What modules react to.
struct Stimuli {
  Batch batch;  ///< fits into the backend's
  /// Of each image, for class_separation_gained; empty where images have no classes, which is then
  /// 0.
  std::span<const std::int32_t> classes;
  std::vector<int> outputs;                ///< those of the network that the backend computes
  std::function<void(Maps&)> into_slopes;  ///< turns outputs into the loss's slopes by them
};

/// Probes every module, and the whole network under "". Batch norm uses the batch's own statistics.
net::ResponsesByModule probe(Backend& backend, const net::Network& network,
                             const ParameterLayout& layout, const std::vector<float>& weights,
                             const Stimuli& stimuli);

/// A map [images, pixels, channels] as the measures below see it.
struct MapView {
  std::span<const float> values;
  int images = 0, pixels = 0, channels = 0;
};

/// Returns the share of values <= 0.
double sparsity_of(const MapView& map);
/// Returns the participation ratio trace(C)^2 / trace(C^2) of the channel covariance C over at most
/// 512 evenly spaced pixels, divided by the channels: 1 where all directions vary alike, 1/channels
/// where one does, 0 where none does.
double effective_rank_of(const MapView& map);
/// Returns trace(between classes) / trace(within classes) of the images' channel means; 0 where
/// nothing varies within.
double class_separation_of(const MapView& map, std::span<const std::int32_t> labels);

}  // namespace atto::train
