#include "search/latency/engine/random_weights.hpp"

#include <cmath>
#include <cstring>

#include "design_specs/seeds/random.hpp"

namespace atto::search {
namespace {

/// Uniform with the deviation: normals would cost more and change nothing.
void fill(std::vector<float>& values, spec::Random& random, double mean, double deviation) {
  const double width = 2 * std::sqrt(3.0) * deviation;
  for (float& value : values) value = static_cast<float>(mean + width * (random.uniform() - 0.5));
}

}  // namespace

net::TensorFile random_weights(const net::Network& network, std::uint64_t seed) {
  spec::Random random(seed);
  net::TensorFile file;
  for (const net::WeightSpec& spec : net::weight_specs(network)) {
    net::Tensor& tensor = file.tensors[spec.name];
    tensor.shape = spec.shape;
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    double fan_in = 1;
    for (std::size_t i = 1; i < spec.shape.size(); ++i) fan_in *= double(spec.shape[i]);
    if (spec.shape.size() > 1)
      fill(values, random, 0, std::sqrt(2 / fan_in));
    else if (spec.name.ends_with(".weight") || spec.name.ends_with(".running_var"))
      fill(values, random, 1, 0.1);
    else
      fill(values, random, 0, 0.1);
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  }
  return file;
}

}  // namespace atto::search
