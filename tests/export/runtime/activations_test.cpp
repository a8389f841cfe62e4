// The kernels of activations, value by value, at every level that this CPU has.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "export/runtime/kernels/f32/kernels.hpp"
#include "export/runtime/level.hpp"
#include "prototypes/network/network.hpp"

namespace atto::edge {
namespace {

using format::Activation;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double hard_sigmoid(double x) {
  return std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
}

/// An activation, and how far a value may be off: of itself, and at all.
struct Case {
  Activation activation;
  std::function<double(double)> value;
  double relative, absolute;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {Activation::None, [](double x) { return x; }, 0, 0},
      {Activation::Relu, [](double x) { return std::max(x, 0.0); }, 0, 0},
      {Activation::Relu6, [](double x) { return std::min(std::max(x, 0.0), 6.0); }, 0, 0},
      {Activation::LeakyRelu, [](double x) { return x < 0 ? 0.1 * x : x; }, 2e-7, 0},
      {Activation::Sigmoid, sigmoid, 5e-7, 1e-37},
      {Activation::HardSigmoid, hard_sigmoid, 2e-7, 1e-7},
      {Activation::Swish, [](double x) { return x * sigmoid(x); }, 5e-7, 1e-8},
      {Activation::HardSwish, [](double x) { return x * hard_sigmoid(x); }, 2e-7, 5e-7},
      {Activation::Gelu, [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); },
       4e-7, 1e-6},
      {Activation::Tanh, [](double x) { return std::tanh(x); }, 4e-7, 3e-7}};
  return kCases;
}

/// Small values and large ones, of both signs, and those around the bounds of clamps.
std::vector<float> values() {
  std::vector<float> all;
  for (float x = 1e-6F; x < 1e4F; x *= 1.0007F)
    for (const float sign : {1.0F, -1.0F}) all.push_back(sign * x);
  for (const float x :
       {0.0F, -0.0F, 3.0F, -3.0F, 6.0F, 87.3F, -87.3F, 88.4F, -88.4F, 1e30F, -1e30F})
    all.push_back(x);
  all.resize((all.size() + 15) / 16 * 16, 1.0F);
  return all;
}

}  // namespace

TEST_CASE("activations are within a few units of the last place") {
  const std::vector<float> from = values();
  std::vector<float> made(from.size());
  for (const Level level : available_levels())
    for (const Case& of : cases()) {
      INFO(level_name(level) << ", "
                             << net::kActivationNames[static_cast<std::size_t>(of.activation)]);
      kernels_of(level).activate(made.data(), from.data(), from.size(), of.activation);
      double worst = 0;
      float at = 0;
      for (std::size_t i = 0; i < from.size(); ++i) {
        const double wanted = of.value(double{from[i]});
        const double allowed = of.relative * std::abs(wanted) + of.absolute + 1e-300;
        const double error = std::isfinite(made[i]) ? std::abs(made[i] - wanted) / allowed
                                                    : std::numeric_limits<double>::infinity();
        if (error > worst) worst = error, at = from[i];
      }
      INFO("worst of " << at);
      CHECK(worst <= 1);
    }
}

}  // namespace atto::edge
