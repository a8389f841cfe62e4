#include "trainer/training/probes.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "prototypes/network/costs.hpp"
#include "prototypes/network/module_spans.hpp"
#include "trainer/data/batches.hpp"

namespace atto::train {
namespace {

constexpr std::size_t kFewestStimuli = 16, kMostStimuli = 128, kImagesAStimulus = 40;
constexpr int kRankRows = 512;

/// Sums over the trained parameters of some layers.
struct GradientSums {
  double squares = 0, saliency = 0, params = 0;
};

/// Everything that one pass gives, and what is asked of it.
class Reaction {
 public:
  Reaction(const net::Network& network, const ParameterLayout& layout,
           const std::vector<float>& weights, int images)
      : network_(network),
        layout_(layout),
        weights_(weights),
        costs_(net::layer_costs(network)),
        gradients_(layout.trained),
        images_(images) {}

  void run(Backend& backend, const Stimuli& stimuli, const std::vector<int>& layers) {
    Watch watch{layers, {}};
    Maps maps = backend.forward(weights_.data(), stimuli.batch, &watch);
    stimuli.into_slopes(maps);
    backend.backward(maps, gradients_.data());
    outputs_ = std::move(watch.maps);
    for (std::size_t i = 0; i < layers.size(); ++i) place_[layers[i]] = i;
    regions_ = stimuli.regions;
  }

  net::ModuleResponses of(const net::ModuleSpan& span) const {
    net::ModuleResponses responses;
    const MapView out = map_of(span.output);
    responses.activation_sparsity = sparsity(span, out);
    responses.effective_rank = effective_rank_of(out);
    if (!regions_.empty())
      responses.class_separation_gained =
          class_separation_of(out, regions_) - class_separation_of(map_of(span.input), regions_);
    GradientSums sums;
    for (int layer : span.layers) add_gradients(layer, sums);
    responses.gradient_norm = sums.params > 0 ? std::sqrt(sums.squares / sums.params) : 0;
    responses.taylor_saliency_per_param = sums.params > 0 ? sums.saliency / sums.params : 0;
    responses.taylor_saliency_per_mac =
        span.macs > 0 ? sums.saliency / static_cast<double>(span.macs) : 0;
    return responses;
  }

 private:
  MapView map_of(int layer) const {
    const net::Shape& shape = costs_[static_cast<std::size_t>(layer)].shape;
    return {outputs_[place_.at(layer)], images_, shape.height, shape.width, shape.channels};
  }

  /// Of the module's activations, weighted by their sizes; of its output where it has none.
  double sparsity(const net::ModuleSpan& span, const MapView& out) const {
    double zeros = 0, count = 0;
    for (int layer : span.layers) {
      if (!std::holds_alternative<net::Activate>(
              network_.layers[static_cast<std::size_t>(layer)].op))
        continue;
      const MapView map = map_of(layer);
      zeros += sparsity_of(map) * static_cast<double>(map.values.size());
      count += static_cast<double>(map.values.size());
    }
    return count > 0 ? zeros / count : sparsity_of(out);
  }

  void add_gradients(int layer, GradientSums& sums) const {
    const int first = layout_.first_slot[static_cast<std::size_t>(layer)];
    if (first < 0) return;
    for (auto i = static_cast<std::size_t>(first);
         i < layout_.slots.size() && layout_.slots[i].spec.layer == layer; ++i) {
      const Slot& slot = layout_.slots[i];
      if (!slot.spec.trained) continue;
      for (std::size_t j = slot.offset; j < slot.offset + slot.elements; ++j) {
        const double gradient = gradients_[j];
        sums.squares += gradient * gradient;
        sums.saliency += std::abs(gradient * static_cast<double>(weights_[j]));
      }
      sums.params += static_cast<double>(slot.elements);
    }
  }

  const net::Network& network_;
  const ParameterLayout& layout_;
  const std::vector<float>& weights_;
  const std::vector<net::LayerCosts> costs_;
  std::vector<float> gradients_;
  Maps outputs_;
  std::map<int, std::size_t> place_;
  std::span<const LabelledRegion> regions_;
  int images_;
};

/// The modules as one: from the network's input to the last module's output.
net::ModuleSpan whole(const net::Network& network, const std::vector<net::ModuleSpan>& modules) {
  net::ModuleSpan span;
  span.input = 0;
  span.output = modules.back().output;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (net::module_of(network.layers[i].name).empty() &&
        std::holds_alternative<net::Activate>(network.layers[i].op))
      continue;
    span.layers.push_back(static_cast<int>(i));
  }
  const net::Costs costs = net::count_costs(network);
  span.params = costs.params;
  span.macs = costs.macs;
  return span;
}

/// Returns the modules that the outputs need, without the layers that it does not.
std::vector<net::ModuleSpan> needed_modules(const net::Network& network,
                                            const std::vector<int>& outputs) {
  std::vector<bool> is_needed(network.layers.size(), false);
  for (int output : outputs)
    is_needed[static_cast<std::size_t>(
        network.outputs.at(static_cast<std::size_t>(output)).layer)] = true;
  for (std::size_t i = network.layers.size(); i-- > 0;)
    if (is_needed[i])
      for (int input : network.layers[i].inputs) is_needed[static_cast<std::size_t>(input)] = true;
  std::vector<net::ModuleSpan> modules = net::module_spans(network);
  const auto is_idle = [&](int layer) { return !is_needed[static_cast<std::size_t>(layer)]; };
  std::erase_if(modules, [&](const net::ModuleSpan& span) { return is_idle(span.output); });
  for (net::ModuleSpan& span : modules) std::erase_if(span.layers, is_idle);
  return modules;
}

/// Returns the layers whose outputs are looked at, each once.
std::vector<int> probed_layers(const net::Network& network,
                               const std::vector<net::ModuleSpan>& modules) {
  std::vector<int> layers = {0};
  for (const net::ModuleSpan& span : modules) {
    layers.push_back(span.input);
    layers.push_back(span.output);
    for (int layer : span.layers)
      if (std::holds_alternative<net::Activate>(network.layers[static_cast<std::size_t>(layer)].op))
        layers.push_back(layer);
  }
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

/// Cells of a row or column: [first, last).
struct Cells {
  int first = 0, last = 0;
};

Cells cells_of(float from, float to, int count) {
  const auto middles_before = [&](float at) {
    return std::clamp(static_cast<int>(std::ceil(at * static_cast<float>(count) - 0.5F)), 0, count);
  };
  const Cells cells{middles_before(from), middles_before(to)};
  if (cells.first < cells.last) return cells;
  const int middle =
      std::clamp(static_cast<int>((from + to) / 2 * static_cast<float>(count)), 0, count - 1);
  return {middle, middle + 1};
}

/// Of the region, each channel.
std::vector<double> mean_of(const MapView& map, const LabelledRegion& region) {
  const Cells rows = cells_of(region.y1, region.y2, map.height),
              columns = cells_of(region.x1, region.x2, map.width);
  const auto channels = static_cast<std::size_t>(map.channels);
  std::vector<double> mean(channels, 0.0);
  for (int y = rows.first; y < rows.last; ++y)
    for (int x = columns.first; x < columns.last; ++x) {
      const auto cell = static_cast<std::size_t>((region.image * map.height + y) * map.width + x);
      const float* const values = map.values.data() + cell * channels;
      for (std::size_t c = 0; c < channels; ++c) mean[c] += values[c];
    }
  const int count = (rows.last - rows.first) * (columns.last - columns.first);
  for (double& value : mean) value /= count;
  return mean;
}

}  // namespace

double sparsity_of(const MapView& map) {
  if (map.values.empty()) return 0;
  std::ptrdiff_t zeros = 0;
  for (float value : map.values) zeros += value <= 0;
  return static_cast<double>(zeros) / static_cast<double>(map.values.size());
}

double effective_rank_of(const MapView& map) {
  const int all = map.images * map.pixels(), rows = std::min(all, kRankRows);
  const auto channels = static_cast<std::size_t>(map.channels);
  std::vector<float> centred(static_cast<std::size_t>(rows) * channels);
  std::vector<double> mean(channels, 0.0);
  for (int r = 0; r < rows; ++r) {
    const auto at = static_cast<std::size_t>(std::int64_t{r} * all / rows);
    for (std::size_t c = 0; c < channels; ++c) {
      const float value = map.values[at * channels + c];
      centred[static_cast<std::size_t>(r) * channels + c] = value;
      mean[c] += value / static_cast<double>(rows);
    }
  }
  for (std::size_t i = 0; i < centred.size(); ++i)
    centred[i] -= static_cast<float>(mean[i % channels]);
  // trace(C^2) is the same for X^T X and X X^T: the smaller of the two is built, a row at a time.
  double trace = 0, square = 0;
  for (float value : centred) trace += static_cast<double>(value) * value;
  const bool is_wide = map.channels > rows;
  const std::size_t side = is_wide ? static_cast<std::size_t>(rows) : channels;
  const std::size_t depth = is_wide ? channels : static_cast<std::size_t>(rows);
  std::vector<float> line(side);
  for (std::size_t i = 0; i < side; ++i) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (std::size_t k = 0; k < depth; ++k) {
      if (is_wide) {
        for (std::size_t j = 0; j < side; ++j)
          line[j] += centred[i * channels + k] * centred[j * channels + k];
      } else {
        const float factor = centred[k * channels + i];
        for (std::size_t j = 0; j < side; ++j) line[j] += factor * centred[k * channels + j];
      }
    }
    for (float value : line) square += static_cast<double>(value) * value;
  }
  return square > 0 ? trace * trace / square / static_cast<double>(channels) : 0;
}

std::vector<LabelledRegion> whole_images(std::span<const std::int32_t> classes) {
  std::vector<LabelledRegion> regions;
  for (std::size_t i = 0; i < classes.size(); ++i)
    regions.push_back({static_cast<int>(i), classes[i]});
  return regions;
}

double class_separation_of(const MapView& map, std::span<const LabelledRegion> regions) {
  const auto channels = static_cast<std::size_t>(map.channels);
  std::vector<double> centre(channels, 0.0);
  std::vector<std::vector<double>> means;
  std::map<std::int32_t, std::pair<double, std::vector<double>>> classes;
  for (const LabelledRegion& region : regions) {
    const std::vector<double>& mean = means.emplace_back(mean_of(map, region));
    auto& [count, sum] = classes[region.label];
    sum.resize(channels, 0.0);
    count += 1;
    for (std::size_t c = 0; c < channels; ++c) {
      sum[c] += mean[c];
      centre[c] += mean[c] / static_cast<double>(regions.size());
    }
  }
  double between = 0, within = 0;
  for (const auto& [label, entry] : classes)
    for (std::size_t c = 0; c < channels; ++c)
      between += entry.first * std::pow(entry.second[c] / entry.first - centre[c], 2);
  for (std::size_t n = 0; n < regions.size(); ++n) {
    const auto& [count, sum] = classes.at(regions[n].label);
    for (std::size_t c = 0; c < channels; ++c) within += std::pow(means[n][c] - sum[c] / count, 2);
  }
  return within > 0 ? between / within : 0;
}

std::vector<std::int32_t> stimulus_images(std::span<const std::int32_t> subset, int batch) {
  const std::size_t count =
      std::clamp(subset.size() / kImagesAStimulus, kFewestStimuli, kMostStimuli);
  return spread_images(subset, std::min(count, static_cast<std::size_t>(batch)));
}

net::ResponsesByModule probe(Backend& backend, const net::Network& network,
                             const ParameterLayout& layout, const std::vector<float>& weights,
                             const Stimuli& stimuli) {
  net::ResponsesByModule responses;
  const std::vector<net::ModuleSpan> modules = needed_modules(network, stimuli.outputs);
  if (modules.empty()) return responses;
  Reaction reaction(network, layout, weights, stimuli.batch.count);
  reaction.run(backend, stimuli, probed_layers(network, modules));
  for (const net::ModuleSpan& span : modules) responses[span.path] = reaction.of(span);
  responses[""] = reaction.of(whole(network, modules));
  return responses;
}

}  // namespace atto::train
