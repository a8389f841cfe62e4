// Operators that look at one element of each input, with numpy's broadcasting; quantisation. What
// writes them stands behind what runs them.
#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "export/onnx/layer_nodes.hpp"
#include "export/onnx/operators.hpp"

namespace atto::deploy::onnx {
namespace {

template <class Make>
Array each(const Array& src, Make&& make) {
  Array dst{src.dims, {}, {}};
  dst.values.reserve(src.values.size());
  for (const float x : src.values) dst.values.push_back(static_cast<float>(make(double{x})));
  return dst;
}

/// Steps through an operand while the output is walked: 0 along sides that are broadcast.
Sides steps_of(const Sides& dims, const Sides& out) {
  Sides steps(out.size(), 0);
  std::int64_t step = 1;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const std::int64_t side = dims.end()[-1 - static_cast<std::ptrdiff_t>(i)];
    if (side != 1) steps[out.size() - 1 - i] = step;
    step *= side;
  }
  return steps;
}

std::int64_t place(std::int64_t index, const Sides& out, const Sides& steps) {
  std::int64_t at = 0;
  for (std::size_t i = out.size(); i-- > 0; index /= out[i]) at += index % out[i] * steps[i];
  return at;
}

/// Makes floats of floats, and whole numbers of whole numbers.
template <class Make>
Array both(const Array& a, const Array& b, Make&& make) {
  Sides out = a.dims.size() >= b.dims.size() ? a.dims : b.dims;
  const Sides& shorter = a.dims.size() >= b.dims.size() ? b.dims : a.dims;
  for (std::size_t i = 1; i <= shorter.size(); ++i) {
    std::int64_t& side = out[out.size() - i];
    if (side == 1) side = shorter[shorter.size() - i];
  }
  const auto count = static_cast<std::size_t>(elements_of(out));
  Array dst{out, {}, {}};
  const Sides left = steps_of(a.dims, out), right = steps_of(b.dims, out);
  const bool is_plain = a.dims == b.dims, is_whole = !a.wholes.empty() && !b.wholes.empty();
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const auto l = static_cast<std::size_t>(is_plain ? at : place(at, out, left));
    const auto r = static_cast<std::size_t>(is_plain ? at : place(at, out, right));
    const double made = make(a.number(l), b.number(r));
    if (is_whole)
      dst.wholes.push_back(static_cast<std::int64_t>(made));
    else
      dst.values.push_back(static_cast<float>(made));
  }
  return dst;
}

/// As above, of what is true or false.
template <class Holds>
Array compare(const NodeArguments& arguments, Holds&& holds) {
  Array dst = both(arguments.in(0), arguments.in(1),
                   [&](double a, double b) { return holds(a, b) ? 1.0 : 0.0; });
  if (dst.wholes.empty()) dst.wholes.assign(dst.values.begin(), dst.values.end());
  dst.values.clear();
  return dst;
}

Array relu(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return std::max(x, 0.0); });
}
Array clip(const NodeArguments& arguments) {
  const double low = arguments.in(1).values.at(0), high = arguments.in(2).values.at(0);
  return each(arguments.in(0), [&](double x) { return std::clamp(x, low, high); });
}
Array leaky_relu(const NodeArguments& arguments) {
  const double alpha = arguments.number("alpha", 0.01F);
  return each(arguments.in(0), [&](double x) { return x < 0 ? alpha * x : x; });
}
Array sigmoid(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return 1 / (1 + std::exp(-x)); });
}
Array hard_sigmoid(const NodeArguments& arguments) {
  const double alpha = arguments.number("alpha", 0.2F), beta = arguments.number("beta", 0.5F);
  return each(arguments.in(0), [&](double x) { return std::clamp(alpha * x + beta, 0.0, 1.0); });
}
Array erf(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return std::erf(x); });
}
Array tanh(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return std::tanh(x); });
}
Array add(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1), [](double a, double b) { return a + b; });
}
Array mul(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1), [](double a, double b) { return a * b; });
}
Array sub(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1), [](double a, double b) { return a - b; });
}
Array div(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1), [](double a, double b) { return a / b; });
}
Array minimum(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1),
              [](double a, double b) { return std::isnan(a) || a < b ? a : b; });
}
Array maximum(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1),
              [](double a, double b) { return std::isnan(a) || a > b ? a : b; });
}
Array remainder(const NodeArguments& arguments) {
  return both(arguments.in(0), arguments.in(1),
              [](double a, double b) { return a - b * std::floor(a / b); });
}
Array greater(const NodeArguments& arguments) {
  return compare(arguments, [](double a, double b) { return a > b; });
}
Array greater_or_equal(const NodeArguments& arguments) {
  return compare(arguments, [](double a, double b) { return a >= b; });
}
Array less_or_equal(const NodeArguments& arguments) {
  return compare(arguments, [](double a, double b) { return a <= b; });
}
Array logical_and(const NodeArguments& arguments) {
  return compare(arguments, [](double a, double b) { return a != 0 && b != 0; });
}
Array exponential(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return std::exp(x); });
}
Array magnitude(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return std::fabs(x); });
}
Array square_root(const NodeArguments& arguments) {
  return each(arguments.in(0), [](double x) { return std::sqrt(x); });
}
Array sum(const NodeArguments& arguments) {
  Array total = arguments.in(0);
  for (std::size_t i = 1; i < arguments.inputs.size(); ++i)
    total = both(total, arguments.in(i), [](double a, double b) { return a + b; });
  return total;
}

/// Scale and zero point of each element: one for all, or one for each place along `axis`.
struct Steps {
  const Array &scale, &zero;
  std::int64_t inner = 1, places = 1;  ///< elements below the axis, and along it

  Steps(const NodeArguments& arguments, const Array& src)
      : scale(arguments.in(1)), zero(arguments.in(2)) {
    if (scale.values.size() == 1) return;
    const auto axis = static_cast<std::size_t>(arguments.whole("axis", 1));
    places = src.dims.at(axis);
    inner = elements_of(std::span(src.dims).subspan(axis + 1));
  }
  std::size_t of(std::size_t element) const {
    return static_cast<std::size_t>(static_cast<std::int64_t>(element) / inner % places);
  }
};

/// Always to uint8: that is what we write.
Array quantize_linear(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const Steps steps(arguments, src);
  Array dst{src.dims, {}, {}};
  dst.wholes.reserve(src.values.size());
  for (std::size_t i = 0; i < src.values.size(); ++i) {
    const float scaled = std::nearbyint(src.values[i] / steps.scale.values[steps.of(i)]);
    const auto zero = static_cast<float>(steps.zero.wholes[steps.of(i)]);
    dst.wholes.push_back(static_cast<std::int64_t>(std::clamp(scaled + zero, 0.0F, 255.0F)));
  }
  return dst;
}

Array dequantize_linear(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const Steps steps(arguments, src);
  Array dst{src.dims, {}, {}};
  dst.values.reserve(src.wholes.size());
  for (std::size_t i = 0; i < src.wholes.size(); ++i)
    dst.values.push_back(static_cast<float>(src.wholes[i] - steps.zero.wholes[steps.of(i)]) *
                         steps.scale.values[steps.of(i)]);
  return dst;
}

std::string add_gelu(GraphBuilder& graph, const LayerSite& site) {
  const std::string& x = site.inputs[0];
  const std::string scaled = graph.add("Mul", site.name + "/scaled",
                                       {x, graph.number(static_cast<float>(1 / std::sqrt(2.0)))});
  const std::string erf = graph.add("Erf", site.name + "/erf", {scaled});
  const std::string shifted = graph.add("Add", site.name + "/shifted", {erf, graph.number(1)});
  const std::string half = graph.add("Mul", site.name + "/half", {x, graph.number(0.5F)});
  return graph.add("Mul", site.name, {half, shifted}, {}, site.claimed);
}

/// x * gate(x)
std::string add_gated(GraphBuilder& graph, const LayerSite& site, const std::string& gate_op,
                      std::map<std::string, Attribute> attributes) {
  const std::string gate =
      graph.add(gate_op, site.name + "/gate", site.inputs, std::move(attributes));
  return graph.add("Mul", site.name, {site.inputs[0], gate}, {}, site.claimed);
}

constexpr NamedOperator kOperators[] = {{"Relu", relu},
                                        {"Clip", clip},
                                        {"LeakyRelu", leaky_relu},
                                        {"Sigmoid", sigmoid},
                                        {"HardSigmoid", hard_sigmoid},
                                        {"Erf", erf},
                                        {"Tanh", tanh},
                                        {"Add", add},
                                        {"Mul", mul},
                                        {"Sub", sub},
                                        {"Div", div},
                                        {"Sqrt", square_root},
                                        {"Sum", sum},
                                        {"Min", minimum},
                                        {"Max", maximum},
                                        {"Mod", remainder},
                                        {"Greater", greater},
                                        {"GreaterOrEqual", greater_or_equal},
                                        {"LessOrEqual", less_or_equal},
                                        {"And", logical_and},
                                        {"Exp", exponential},
                                        {"Abs", magnitude},
                                        {"QuantizeLinear", quantize_linear},
                                        {"DequantizeLinear", dequantize_linear}};

}  // namespace

std::string write(GraphBuilder& graph, const LayerSite& site, const net::LayerNorm& /*op*/) {
  const auto mean_of = [&](const std::string& of, const char* part) {
    return graph.add("ReduceMean", site.name + part, {of},
                     {{"axes", Sides{1}}, {"keepdims", std::int64_t{1}}});
  };
  const std::string centred =
      graph.add("Sub", site.name + "/centred", {site.inputs[0], mean_of(site.inputs[0], "/mean")});
  const std::string squares = graph.add("Mul", site.name + "/squares", {centred, centred});
  const std::string variance =
      graph.add("Add", site.name + "/variance", {mean_of(squares, "/spread"), graph.number(1e-6F)});
  return graph.add("Div", site.name,
                   {centred, graph.add("Sqrt", site.name + "/deviation", {variance})}, {},
                   site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Activate& op) {
  const std::map<std::string, Attribute> hard = {{"alpha", 1.0F / 6}, {"beta", 0.5F}};
  const auto plain = [&](const char* name, std::map<std::string, Attribute> attributes = {}) {
    return graph.add(name, site.name, site.inputs, std::move(attributes), site.claimed);
  };
  switch (op.kind) {
    case net::Activation::None:
      return plain("Identity");
    case net::Activation::Relu:
      return plain("Relu");
    case net::Activation::Relu6:
      return graph.add("Clip", site.name, {site.inputs[0], graph.number(0), graph.number(6)}, {},
                       site.claimed);
    case net::Activation::LeakyRelu:
      return plain("LeakyRelu", {{"alpha", 0.1F}});
    case net::Activation::Sigmoid:
      return plain("Sigmoid");
    case net::Activation::HardSigmoid:
      return plain("HardSigmoid", hard);
    case net::Activation::Swish:
      return add_gated(graph, site, "Sigmoid", {});
    case net::Activation::HardSwish:
      return add_gated(graph, site, "HardSigmoid", hard);
    case net::Activation::Gelu:
      return add_gelu(graph, site);
    case net::Activation::Tanh:
      return plain("Tanh");
  }
  return plain("Identity");
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Add& /*op*/) {
  return graph.add(site.inputs.size() == 2 ? "Add" : "Sum", site.name, site.inputs, {},
                   site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Multiply& /*op*/) {
  return graph.add("Mul", site.name, site.inputs, {}, site.claimed);
}

std::span<const NamedOperator> element_operators() {
  return kOperators;
}

}  // namespace atto::deploy::onnx
