#include "prototypes/network/weights.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <set>

#include "design_specs/errors.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::net {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// Adds the tensors of one layer; `in` is the shape it reads.
void add_specs(const Layer& layer, int index, const Shape& in, const Shape& out,
               std::vector<WeightSpec>& specs) {
  const auto add = [&](const char* part, std::vector<std::int64_t> shape, bool trained = true) {
    specs.push_back({layer.name + part, std::move(shape), trained, index});
  };
  if (const auto* conv = std::get_if<Conv>(&layer.op)) {
    add(".weight",
        {out.channels, in.channels / conv->groups, conv->kernel.height, conv->kernel.width});
    if (conv->bias) add(".bias", {out.channels});
  } else if (std::holds_alternative<BatchNorm>(layer.op)) {
    add(".weight", {out.channels});
    add(".bias", {out.channels});
    add(".running_mean", {out.channels}, false);
    add(".running_var", {out.channels}, false);
  } else if (const auto* deconv = std::get_if<Deconv>(&layer.op)) {
    add(".weight", {in.channels, out.channels, deconv->kernel, deconv->kernel});
    if (deconv->bias) add(".bias", {out.channels});
  } else if (std::holds_alternative<LayerNorm>(layer.op)) {
    add(".weight", {out.channels});
    add(".bias", {out.channels});
  } else if (std::holds_alternative<LayerScale>(layer.op)) {
    add(".weight", {out.channels});
  } else if (std::holds_alternative<Dense>(layer.op)) {
    add(".weight", {out.channels, in.elements()});
    add(".bias", {out.channels});
  }
}

float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction.
float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits} >> 15 << 31, exponent = bits >> 10 & 31,
                      fraction = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24F;  // subnormal
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(small));
}

}  // namespace

void widen(TensorFile& weights) {
  std::erase_if(weights.tensors,
                [](const auto& entry) { return entry.first.ends_with(".num_batches_tracked"); });
  for (auto& [name, tensor] : weights.tensors) {
    const bool is_f16 = tensor.type == Tensor::Type::F16;
    if (!is_f16 && tensor.type != Tensor::Type::BF16) continue;
    std::vector<std::uint8_t> wide(2 * tensor.bytes.size());
    for (std::size_t at = 0; at + 2 <= tensor.bytes.size(); at += 2) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, tensor.bytes.data() + at, 2);
      const float value = is_f16 ? from_f16(bits) : from_bf16(bits);
      std::memcpy(wide.data() + 2 * at, &value, 4);
    }
    tensor.type = Tensor::Type::F32;
    tensor.bytes = std::move(wide);
  }
}

std::vector<WeightSpec> weight_specs(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  std::vector<WeightSpec> specs;
  for (std::size_t i = 1; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    add_specs(layer, static_cast<int>(i), shapes[static_cast<std::size_t>(layer.inputs[0])],
              shapes[i], specs);
  }
  return specs;
}

void check_weights(const Network& network, const TensorFile& weights, const std::string& file) {
  const Network* const one = &network;
  check_weights({&one, 1}, weights, file);
}

void check_weights(std::span<const Network* const> networks, const TensorFile& weights,
                   const std::string& file) {
  std::vector<Problem> problems;
  std::set<std::string_view> known;
  std::vector<WeightSpec> specs;
  for (const Network* network : networks)
    for (WeightSpec& spec : weight_specs(*network)) specs.push_back(std::move(spec));
  for (const WeightSpec& spec : specs) {
    known.insert(spec.name);
    const auto found = weights.tensors.find(spec.name);
    if (found == weights.tensors.end()) {
      problems.push_back(
          {file, spec.name, "missing tensor of shape " + shape_text(spec.shape), ""});
    } else if (found->second.type != Tensor::Type::F32) {
      problems.push_back({file, spec.name, "must be of type F32, F16 or BF16", ""});
    } else if (found->second.shape != spec.shape) {
      problems.push_back({file, spec.name, "must have the shape " + shape_text(spec.shape),
                          shape_text(found->second.shape)});
    }
  }
  for (const auto& [name, tensor] : weights.tensors)
    if (known.count(name) == 0)
      problems.push_back({file, name, "unknown tensor; the network has none of this name", ""});
  if (!problems.empty()) throw SpecError(std::move(problems));
}

}  // namespace atto::net
