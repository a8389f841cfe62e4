#include "trainer/backend/parameters.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

float initial_scale(const net::Op& op) {
  const auto* scale = std::get_if<net::LayerScale>(&op);
  return scale ? static_cast<float>(scale->init) : 1.0F;
}

bool decays(const net::Network& network, const net::WeightSpec& spec) {
  const net::Op& op = network.layers[static_cast<std::size_t>(spec.layer)].op;
  return spec.trained && spec.name.ends_with(".weight") && has_kernel(op);
}

std::size_t elements_of(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

float deviation(const net::Network& network, const net::WeightSpec& spec) {
  const net::Op& op = network.layers[static_cast<std::size_t>(spec.layer)].op;
  if (const auto* deconv = std::get_if<net::Deconv>(&op))
    return static_cast<float>(std::sqrt(
        2.0 / (static_cast<double>(deconv->kernel) * deconv->kernel * deconv->out_channels)));
  const auto* conv = std::get_if<net::Conv>(&op);
  if (!conv) return 0.01F;
  const double fan_out = static_cast<double>(conv->kernel.height) * conv->kernel.width *
                         conv->out_channels / conv->groups;
  return static_cast<float>(std::sqrt(2.0 / fan_out));
}

}  // namespace

bool has_kernel(const net::Op& op) {
  return std::holds_alternative<net::Conv>(op) || std::holds_alternative<net::Deconv>(op) ||
         std::holds_alternative<net::Dense>(op);
}

ParameterLayout::ParameterLayout(const net::Network& network)
    : first_slot(network.layers.size(), -1) {
  const std::vector<net::WeightSpec> specs = net::weight_specs(network);
  for (const net::WeightSpec& spec : specs) slots.push_back({spec, 0, elements_of(spec.shape)});
  for (const bool decaying : {true, false}) {
    for (Slot& slot : slots)
      if (slot.spec.trained && decays(network, slot.spec) == decaying) {
        slot.offset = trained;
        trained += slot.elements;
      }
    if (decaying) decayed = trained;
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].spec.trained) {
      slots[i].offset = statistics;
      statistics += slots[i].elements;
    }
    int& first = first_slot[static_cast<std::size_t>(slots[i].spec.layer)];
    if (first < 0) first = static_cast<int>(i);
  }
}

std::vector<float> initial_weights(const net::Network& network, const ParameterLayout& layout,
                                   std::uint64_t seed) {
  std::vector<float> weights(layout.trained, 0.0F);
  for (std::size_t i = 0; i < layout.slots.size(); ++i) {
    const Slot& slot = layout.slots[i];
    if (!slot.spec.trained) continue;
    float* const values = weights.data() + slot.offset;
    if (decays(network, slot.spec)) {
      spec::Random random(spec::derive_seed({seed, 0x1217, i}));
      const float scale = deviation(network, slot.spec);
      for (std::size_t j = 0; j < slot.elements; ++j)
        values[j] = scale * static_cast<float>(random.normal());
    } else if (slot.spec.name.ends_with(".weight")) {
      std::fill_n(values, slot.elements,
                  initial_scale(network.layers[static_cast<std::size_t>(slot.spec.layer)].op));
    }
  }
  return weights;
}

std::vector<float> neutral_statistics(const ParameterLayout& layout) {
  std::vector<float> statistics(layout.statistics, 0.0F);
  for (const Slot& slot : layout.slots)
    if (!slot.spec.trained && slot.spec.name.ends_with(".running_var"))
      std::fill_n(statistics.data() + slot.offset, slot.elements, 1.0F);
  return statistics;
}

net::Tensor float_tensor(std::span<const float> values, std::vector<std::int64_t> shape) {
  net::Tensor tensor{net::Tensor::Type::F32, std::move(shape), {}};
  tensor.bytes.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  return tensor;
}

net::TensorFile to_tensors(const ParameterLayout& layout, std::span<const float> weights,
                           std::span<const float> statistics) {
  net::TensorFile file;
  for (const Slot& slot : layout.slots) {
    const std::span<const float> from = slot.spec.trained ? weights : statistics;
    file.tensors[slot.spec.name] =
        float_tensor(from.subspan(slot.offset, slot.elements), slot.spec.shape);
  }
  return file;
}

void from_tensors(const ParameterLayout& layout, const net::TensorFile& file,
                  std::span<float> weights, std::span<float> statistics) {
  for (const Slot& slot : layout.slots) {
    const std::span<float> to =
        (slot.spec.trained ? weights : statistics).subspan(slot.offset, slot.elements);
    if (!to.empty())
      std::memcpy(to.data(), file.tensors.at(slot.spec.name).bytes.data(), to.size_bytes());
  }
}

TakenWeights take_weights(const ParameterLayout& layout, const net::TensorFile& file,
                          std::span<float> weights) {
  TakenWeights result;
  for (const Slot& slot : layout.slots) {
    if (!slot.spec.trained) continue;
    const auto found = file.tensors.find(slot.spec.name);
    if (found == file.tensors.end() || found->second.type != net::Tensor::Type::F32 ||
        found->second.shape != slot.spec.shape) {
      result.fresh.push_back(slot.spec.name);
      continue;
    }
    std::memcpy(weights.data() + slot.offset, found->second.bytes.data(),
                found->second.bytes.size());
    result.taken += slot.elements;
  }
  return result;
}

}  // namespace atto::train
