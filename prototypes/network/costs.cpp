#include "prototypes/network/costs.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>

#include "prototypes/network/footprint_bounds.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::net {
namespace {

/// Who reads a layer's tensor. A network's output is read after the last layer.
struct Readers {
  int count = 0;
  std::size_t last = 0;
};

std::vector<Readers> find_readers(const Network& network) {
  const std::size_t layers = network.layers.size();
  std::vector<Readers> readers(layers);
  for (std::size_t i = 0; i < layers; ++i) {
    readers[i].last = i;
    for (const int input : network.layers[i].inputs) {
      Readers& of = readers[static_cast<std::size_t>(input)];
      ++of.count;
      of.last = i;
    }
  }
  for (const Output& output : network.outputs) {
    Readers& of = readers.at(static_cast<std::size_t>(output.layer));
    ++of.count;
    of.last = layers;
  }
  return readers;
}

struct Counts {
  std::int64_t weights = 0;  ///< of a convolution or dense layer, without bias
  std::int64_t biases = 0;
  std::int64_t norms = 0;  ///< scale and shift, or a scale alone
  std::int64_t macs = 0;
};

Counts counts_of(const Network& network, const std::vector<Shape>& shapes, std::size_t i) {
  const Layer& layer = network.layers[i];
  const Shape& out = shapes[i];
  if (const auto* conv = std::get_if<Conv>(&layer.op)) {
    const Shape& in = shapes[static_cast<std::size_t>(layer.inputs[0])];
    const std::int64_t per_output =
        std::int64_t{in.channels / conv->groups} * conv->kernel.height * conv->kernel.width;
    return {per_output * out.channels, conv->bias ? out.channels : 0, 0,
            per_output * out.elements()};
  }
  if (std::holds_alternative<Dense>(layer.op)) {
    const std::int64_t in = shapes[static_cast<std::size_t>(layer.inputs[0])].elements();
    return {in * out.channels, out.channels, 0, in * out.channels};
  }
  if (const auto* deconv = std::get_if<Deconv>(&layer.op)) {
    const Shape& in = shapes[static_cast<std::size_t>(layer.inputs[0])];
    const std::int64_t per_input = std::int64_t{out.channels} * deconv->kernel * deconv->kernel;
    return {per_input * in.channels, deconv->bias ? out.channels : 0, 0, per_input * in.elements()};
  }
  if (std::holds_alternative<BatchNorm>(layer.op) || std::holds_alternative<LayerNorm>(layer.op))
    return {0, 0, 2 * std::int64_t{out.channels}, 0};
  if (std::holds_alternative<LayerScale>(layer.op)) return {0, 0, out.channels, 0};
  return {};
}

/// Whether a convolution of some kind has a bias; nothing for other operations.
std::optional<bool> has_bias(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op)) return conv->bias;
  if (const auto* deconv = std::get_if<Deconv>(&op)) return deconv->bias;
  return std::nullopt;
}

/// Returns whether the layer is a batch norm or a layer scale that folds into the convolution
/// before it: a convolution that something else reads too must keep its own values.
bool folds(const Network& network, const std::vector<Readers>& readers, std::size_t i) {
  const Layer& layer = network.layers[i];
  if (!std::holds_alternative<BatchNorm>(layer.op) && !std::holds_alternative<LayerScale>(layer.op))
    return false;
  const auto from = static_cast<std::size_t>(layer.inputs[0]);
  return has_bias(network.layers[from].op) && readers[from].count == 1;
}

/// Values that layer `i` adds to the model file. A norm that folds leaves one bias a channel,
/// unless its convolution has counted one already.
std::int64_t model_values(const Network& network, const std::vector<Readers>& readers,
                          std::size_t i, const Counts& counts) {
  if (!folds(network, readers, i)) return counts.weights + counts.biases + counts.norms;
  const auto from = static_cast<std::size_t>(network.layers[i].inputs[0]);
  const bool adds_bias = std::holds_alternative<BatchNorm>(network.layers[i].op) &&
                         !*has_bias(network.layers[from].op);
  return adds_bias ? counts.norms / 2 : 0;
}

/// The tensors alive while one layer after the other runs.
class LiveTensors {
 public:
  LiveTensors(const Network& network, const std::vector<Shape>& shapes,
              const std::vector<Readers>& readers)
      : network_(network), shapes_(shapes), readers_(readers) {}

  /// Returns the bytes alive while layer `i` runs; to be called for every layer in order.
  std::int64_t bytes_at(std::size_t i) {
    alive_ += bytes(i);
    const std::int64_t now = alive_;
    const std::vector<int>& inputs = network_.layers[i].inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      // A tensor that one layer reads twice dies once.
      const bool is_repeated = std::find(inputs.begin(), inputs.begin() + static_cast<long>(k),
                                         inputs[k]) != inputs.begin() + static_cast<long>(k);
      const auto input = static_cast<std::size_t>(inputs[k]);
      if (readers_[input].last == i && !is_repeated) alive_ -= bytes(input);
    }
    if (readers_[i].last == i) alive_ -= bytes(i);
    return now;
  }

 private:
  std::int64_t bytes(std::size_t i) const { return kBytesPerValue * shapes_[i].elements(); }

  const Network& network_;
  const std::vector<Shape>& shapes_;
  const std::vector<Readers>& readers_;
  std::int64_t alive_ = 0;
};

/// Takes a layer into the least that a device needs. Where there are zeros, layers that reach an
/// output through them alone are left out of what is written: then nothing is known.
void add_footprint(const Network& network, const std::vector<Shape>& shapes, std::size_t i,
                   Costs& costs) {
  const Layer& layer = network.layers[i];
  const std::size_t input = layer.inputs.empty() ? i : static_cast<std::size_t>(layer.inputs[0]);
  const LeastFootprint least = std::visit(LeastFootprintOf{shapes[input], shapes[i]}, layer.op);
  costs.least_flash_bytes = add_saturated(costs.least_flash_bytes, least.flash_bytes);
  costs.least_ram_bytes = std::max(costs.least_ram_bytes, least.ram_bytes);
}

bool has_zeros(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(),
                     [](const Layer& layer) { return std::holds_alternative<Zero>(layer.op); });
}

}  // namespace

std::int64_t add_saturated(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

std::vector<LayerCosts> layer_costs(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  const std::vector<Readers> readers = find_readers(network);
  LiveTensors live(network, shapes, readers);
  std::vector<LayerCosts> costs(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Counts counts = counts_of(network, shapes, i);
    costs[i] = {shapes[i], counts.weights + counts.biases + counts.norms, counts.macs,
                live.bytes_at(i)};
  }
  return costs;
}

Costs count_costs(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  const std::vector<Readers> readers = find_readers(network);
  LiveTensors live(network, shapes, readers);
  Costs costs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Counts counts = counts_of(network, shapes, i);
    costs.params = add_saturated(costs.params, counts.weights + counts.biases + counts.norms);
    costs.macs = add_saturated(costs.macs, counts.macs);
    costs.peak_activation_bytes = std::max(costs.peak_activation_bytes, live.bytes_at(i));
    costs.model_bytes = add_saturated(costs.model_bytes,
                                      kBytesPerValue * model_values(network, readers, i, counts));
    add_footprint(network, shapes, i, costs);
  }
  if (has_zeros(network)) costs.least_flash_bytes = costs.least_ram_bytes = 0;
  return costs;
}

}  // namespace atto::net
