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

/// A part of an image and the class of what is there. Corners are shares of the image's width and
/// height, so that they are the same on the maps of all modules.
struct LabelledRegion {
  int image = 0;
  std::int32_t label = 0;
  float x1 = 0, y1 = 0, x2 = 1, y2 = 1;
};
/// Returns all of each image, with its class.
std::vector<LabelledRegion> whole_images(std::span<const std::int32_t> classes);

/// What modules react to.
struct Stimuli {
  Batch batch;  ///< fits into the backend's
  /// For class_separation_gained, which is 0 where there are none.
  std::span<const LabelledRegion> regions;
  std::vector<int> outputs;                ///< those of the network that the backend computes
  std::function<void(Maps&)> into_slopes;  ///< turns outputs into the loss's slopes by them
};

/// Probes every module, and the whole network under "". Batch norm uses the batch's own statistics.
net::ResponsesByModule probe(Backend& backend, const net::Network& network,
                             const ParameterLayout& layout, const std::vector<float>& weights,
                             const Stimuli& stimuli);

/// A map [images, height, width, channels] as the measures below see it.
struct MapView {
  std::span<const float> values;
  int images = 0, height = 0, width = 0, channels = 0;
  int pixels() const { return height * width; }
};

/// Returns the share of values <= 0.
double sparsity_of(const MapView& map);
/// Returns the participation ratio trace(C)^2 / trace(C^2) of the channel covariance C over at most
/// 512 evenly spaced pixels, divided by the channels: 1 where all directions vary alike, 1/channels
/// where one does, 0 where none does.
double effective_rank_of(const MapView& map);
/// Returns trace(between classes) / trace(within classes) of the regions' channel means; 0 where
/// nothing varies within. A region is the cells of the map whose middles are in it; where there is
/// no such row or column, the one that its own middle is in.
double class_separation_of(const MapView& map, std::span<const LabelledRegion> regions);

}  // namespace atto::train
