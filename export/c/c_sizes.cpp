#include "export/c/c_sizes.hpp"

#include <cmath>
#include <cstring>

#include "export/c/c_source.hpp"
#include "export/c/code_bytes.hpp"
#include "export/lowering/passes.hpp"

namespace atto::deploy::c {
namespace {

/// Weights that are all there, and 0; variances 1.
net::TensorFile no_weights(const net::Network& network) {
  net::TensorFile file;
  for (const net::WeightSpec& spec : net::weight_specs(network)) {
    net::Tensor& tensor = file.tensors[spec.name];
    tensor.shape = spec.shape;
    const float value = spec.name.ends_with(".running_var") ? 1 : 0;
    const std::vector<float> values(static_cast<std::size_t>(tensor.elements()), value);
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  }
  return file;
}

struct Plain {
  WeightQuantisation operator()(const FusedConv& op) const { return of(op.weights, op.bias); }
  WeightQuantisation operator()(const FusedDense& op) const { return of(op.weights, op.bias); }
  template <class Other>
  WeightQuantisation operator()(const Other& /*op*/) const {
    return {};
  }
  static WeightQuantisation of(const std::vector<float>& weights, const std::vector<float>& bias) {
    return {std::vector<std::int8_t>(weights.size()), std::vector<float>(bias.size(), 1),
            std::vector<std::int32_t>(bias.size())};
  }
};

}  // namespace

CSizes int8_sizes(const net::Network& network) {
  const FusedNetwork fused = fuse(network, no_weights(network), Attach::Clamps);
  expect_int8(fused);
  Quantisation quantisation;
  quantisation.tensors.resize(fused.nodes.size());
  for (const FusedNode& node : fused.nodes)
    quantisation.weights.push_back(std::visit(Plain{}, node.op));
  return sizes_of({fused, &quantisation, {}, {}, {}, 0, 0, "model"});
}

std::uint64_t code_bytes(const CSizes& sizes, std::string_view core) {
  const std::size_t column = core_column(core);
  double bytes = kFrameBytes[column];
  for (const KernelBytes& row : kKernelBytes)
    if (const auto of = sizes.kernels.find(std::string(row.kernel)); of != sizes.kernels.end())
      bytes += row.code[column] + of->second * row.call[column];
  return static_cast<std::uint64_t>(std::nearbyint(bytes));
}

std::uint64_t CSizes::flash_bytes(std::string_view core) const {
  return constant_bytes + code_bytes(*this, core);
}

}  // namespace atto::deploy::c
