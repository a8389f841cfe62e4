#pragma once
// Every operation of the IR, written as its definition reads: one output element at a time, double
// accumulation. The oracle of the lowering and of the engine; shares no code with either.

#include <span>
#include <vector>

#include "prototypes/network/network.hpp"

namespace atto::test {

/// [channels, height, width], row-major.
struct Map {
  net::Shape shape;
  std::vector<float> values;
  explicit Map(net::Shape of = {}) : shape(of), values(static_cast<std::size_t>(of.elements())) {}
  float& at(int c, int y, int x) { return values[index(c, y, x)]; }
  float at(int c, int y, int x) const { return values[index(c, y, x)]; }
  std::size_t index(int c, int y, int x) const {
    return (static_cast<std::size_t>(c) * static_cast<std::size_t>(shape.height) +
            static_cast<std::size_t>(y)) *
               static_cast<std::size_t>(shape.width) +
           static_cast<std::size_t>(x);
  }
};

/// weights [O, I / groups, kernel height, kernel width]; bias [O] or empty.
Map naive_conv(const Map& in, const net::Conv& conv, std::span<const float> weights,
               std::span<const float> bias);
Map naive_dense(const Map& in, std::span<const float> weights, std::span<const float> bias);
Map naive_batch_norm(const Map& in, std::span<const float> gamma, std::span<const float> beta,
                     std::span<const float> mean, std::span<const float> variance);
Map naive_activation(Map in, net::Activation kind);
Map naive_add(const std::vector<const Map*>& in);
Map naive_multiply(const Map& a, const Map& b);
Map naive_pool(const Map& in, const net::Pool& pool);
Map naive_pool_to(const Map& in, int height, int width);
Map naive_upsample(const Map& in, const net::Upsample& op);
/// weights [I, O, k, k]
Map naive_deconv(const Map& in, const net::Deconv& op, std::span<const float> weights,
                 std::span<const float> bias);
/// (x - mean) / sqrt(variance + 1e-6) * gamma + beta; empty: 1 and 0.
Map naive_layer_norm(const Map& in, std::span<const float> gamma, std::span<const float> beta);
Map naive_layer_scale(const Map& in, std::span<const float> factors);
Map naive_softmax(const Map& in);

}  // namespace atto::test
