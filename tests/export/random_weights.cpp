#include "tests/export/random_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "design_specs/seeds/random.hpp"

namespace atto::test {
namespace {

net::Tensor tensor_of(const std::vector<std::int64_t>& shape, const std::function<double()>& draw) {
  net::Tensor tensor{net::Tensor::Type::F32, shape, {}};
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  for (float& value : values) value = static_cast<float>(draw());
  tensor.bytes.resize(values.size() * sizeof(float));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

}  // namespace

net::TensorFile random_weights(const net::Network& network, std::uint64_t seed) {
  spec::Random random(seed);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * random.uniform();
  };
  net::TensorFile file;
  for (const net::WeightSpec& spec : net::weight_specs(network)) {
    const auto ends = [&](const char* part) { return spec.name.ends_with(part); };
    double fan_in = 1;
    for (std::size_t i = 1; i < spec.shape.size(); ++i)
      fan_in *= static_cast<double>(spec.shape[i]);
    const double deviation = std::sqrt(2 / fan_in);
    file.tensors[spec.name] = tensor_of(spec.shape, [&] {
      if (spec.shape.size() > 1) return deviation * random.normal();
      if (ends(".running_var")) return uniform(0.7, 1.5);
      if (ends(".weight")) return uniform(0.6, 1.2);
      return 0.1 * random.normal();
    });
  }
  return file;
}

std::vector<float> random_image(const net::Shape& shape, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<float> image;
  for (int c = 0; c < shape.channels; ++c) {
    const double along = 9 * random.uniform(), across = 9 * random.uniform(),
                 phase = 7 * random.uniform();
    for (int y = 0; y < shape.height; ++y)
      for (int x = 0; x < shape.width; ++x)
        image.push_back(static_cast<float>(
            1.2 * std::sin(along * y / shape.height + across * x / shape.width + phase) +
            0.4 * random.normal()));
  }
  return image;
}

double relative_error(const std::vector<float>& got, const std::vector<float>& wanted) {
  if (got.size() != wanted.size()) return INFINITY;
  double difference = 0, largest = 1e-20;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    difference = std::max(difference, std::fabs(double{got[i]} - wanted[i]));
    largest = std::max(largest, std::fabs(double{wanted[i]}));
  }
  return difference / largest;
}

}  // namespace atto::test
