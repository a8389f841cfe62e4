#include "prototypes/network/weights.hpp"

#include <fmt/format.h>

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
    add(".weight", {out.channels, in.channels / conv->groups, conv->kernel, conv->kernel});
    if (conv->bias) add(".bias", {out.channels});
  } else if (std::holds_alternative<BatchNorm>(layer.op)) {
    add(".weight", {out.channels});
    add(".bias", {out.channels});
    add(".running_mean", {out.channels}, false);
    add(".running_var", {out.channels}, false);
  } else if (std::holds_alternative<Dense>(layer.op)) {
    add(".weight", {out.channels, in.elements()});
    add(".bias", {out.channels});
  }
}

}  // namespace

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
  std::vector<Problem> problems;
  std::set<std::string_view> known;
  const std::vector<WeightSpec> specs = weight_specs(network);
  for (const WeightSpec& spec : specs) {
    known.insert(spec.name);
    const auto found = weights.tensors.find(spec.name);
    if (found == weights.tensors.end()) {
      problems.push_back(
          {file, spec.name, "missing tensor of shape " + shape_text(spec.shape), ""});
    } else if (found->second.type != Tensor::Type::F32) {
      problems.push_back({file, spec.name, "must be of type F32", ""});
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
