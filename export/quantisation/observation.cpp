#include "export/quantisation/observation.hpp"

#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "export/reference/fused_interpreter.hpp"

namespace atto::deploy {
namespace {

/// Samples of a tensor of one image; 256 images of 100 tensors take 100 MB.
constexpr std::size_t kSamples = 1024;

std::vector<bool> read_by_weights(const FusedNetwork& network) {
  std::vector<bool> is_read(network.nodes.size());
  for (const FusedNode& node : network.nodes)
    if (std::holds_alternative<FusedConv>(node.op) || std::holds_alternative<FusedDense>(node.op))
      is_read[static_cast<std::size_t>(node.inputs[0])] = true;
  return is_read;
}

void add_image(Observation& seen, std::span<const float> values, std::size_t image) {
  seen.is_finite &=
      std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  seen.low = std::min(seen.low, *low);
  seen.high = std::max(seen.high, *high);
  for (std::size_t e = 0; e < seen.mean_map.size(); ++e) seen.mean_map[e] += values[e];
  const std::size_t plane = values.size() / seen.channels;
  for (std::size_t c = 0; c < seen.channels; ++c)
    for (std::size_t s = 0; s < seen.samples_per_channel; ++s)
      seen.samples.push_back(
          values[c * plane + (s * plane / seen.samples_per_channel + image * 7) % plane]);
}

}  // namespace

std::vector<Observation> observe(const FusedNetwork& network, std::span<const float> images) {
  const auto elements = static_cast<std::size_t>(network.nodes[0].shape.elements());
  const std::size_t count = images.size() / elements;
  if (count == 0 || count * elements != images.size())
    throw InternalError("calibration needs whole images");
  std::vector<Observation> seen(network.nodes.size());
  const std::vector<bool> has_mean = read_by_weights(network);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const net::Shape& shape = network.nodes[i].shape;
    const std::size_t size = static_cast<std::size_t>(shape.elements());
    seen[i].channels = static_cast<std::size_t>(shape.channels);
    seen[i].samples_per_channel =
        std::clamp<std::size_t>(kSamples / seen[i].channels, 1, size / seen[i].channels);
    if (has_mean[i]) seen[i].mean_map.resize(size);
  }
  const FusedInterpreter interpreter(network);
  for (std::size_t n = 0; n < count; ++n)
    interpreter.run(images.subspan(n * elements, elements),
                    [&](int node, std::span<const float> values) {
                      add_image(seen[static_cast<std::size_t>(node)], values, n);
                    });
  for (Observation& of : seen)
    for (double& mean : of.mean_map) mean /= static_cast<double>(count);
  return seen;
}

}  // namespace atto::deploy
