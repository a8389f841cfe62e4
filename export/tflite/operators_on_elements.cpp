// Element by element.
#include <algorithm>
#include <cmath>

#include "export/reference/plain_ops.hpp"
#include "export/tflite/operators.hpp"

namespace atto::deploy::tflite {
namespace {

/// The element of an operand that broadcasting reads for each element of the result; sides are
/// those of the result from the last on, or 1.
std::vector<std::size_t> places_of(const Dims& from, const Dims& to) {
  std::vector<std::size_t> places(static_cast<std::size_t>(elements_of(to)));
  for (std::size_t e = 0; e < places.size(); ++e) {
    std::size_t rest = e, step = 1;
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      const auto side = static_cast<std::size_t>(to[to.size() - 1 - axis]);
      const auto own = static_cast<std::size_t>(from[from.size() - 1 - axis]);
      if (own > 1) places[e] += rest % side * step;
      step *= own;
      rest /= side;
    }
  }
  return places;
}

template <class Make>
void pairs(const Arguments& of, Make&& make) {
  const auto first = places_of(of.tensor(0).dims, of.to().dims);
  const auto second = places_of(of.tensor(1).dims, of.to().dims);
  for (std::size_t e = 0; e < of.out.size(); ++e)
    of.store(e, make(of.real(0, first[e]), of.real(1, second[e])));
}

void add(const Arguments& of) {
  pairs(of, [](double a, double b) { return a + b; });
}
void sub(const Arguments& of) {
  pairs(of, [](double a, double b) { return a - b; });
}
void mul(const Arguments& of) {
  pairs(of, [](double a, double b) { return a * b; });
}

template <class Make>
void each(const Arguments& of, Make&& make) {
  for (std::size_t e = 0; e < of.out.size(); ++e) of.store(e, make(of.real(0, e)));
}

template <net::Activation kind>
void activate(const Arguments& of) {
  each(of, [](double x) { return plain::activation(kind, x); });
}
void leaky_relu(const Arguments& of) {
  each(of, [&](double x) { return x < 0 ? of.options().alpha * x : x; });
}
void rsqrt(const Arguments& of) {
  each(of, [](double x) { return 1 / std::sqrt(x); });
}
/// From floats and to them, and between whole numbers.
void requantise(const Arguments& of) {
  each(of, [](double x) { return x; });
}

void softmax(const Arguments& of) {
  const auto channels = static_cast<std::size_t>(of.to().dims.back());
  for (std::size_t first = 0; first < of.out.size(); first += channels) {
    double largest = of.real(0, first), sum = 0;
    for (std::size_t c = 0; c < channels; ++c) largest = std::max(largest, of.real(0, first + c));
    for (std::size_t c = 0; c < channels; ++c) sum += std::exp(of.real(0, first + c) - largest);
    for (std::size_t c = 0; c < channels; ++c)
      of.store(first + c, std::exp(of.real(0, first + c) - largest) / sum);
  }
}

constexpr KnownOperator kOperators[] = {{Op::Add, add},
                                        {Op::Sub, sub},
                                        {Op::Mul, mul},
                                        {Op::Relu, activate<net::Activation::Relu>},
                                        {Op::Relu6, activate<net::Activation::Relu6>},
                                        {Op::Logistic, activate<net::Activation::Sigmoid>},
                                        {Op::Tanh, activate<net::Activation::Tanh>},
                                        {Op::HardSwish, activate<net::Activation::HardSwish>},
                                        {Op::Gelu, activate<net::Activation::Gelu>},
                                        {Op::LeakyRelu, leaky_relu},
                                        {Op::Rsqrt, rsqrt},
                                        {Op::Quantize, requantise},
                                        {Op::Dequantize, requantise},
                                        {Op::Softmax, softmax}};

}  // namespace

std::span<const KnownOperator> element_operators() {
  return kOperators;
}

}  // namespace atto::deploy::tflite
