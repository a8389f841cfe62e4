#include "export/tflite/executor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "design_specs/errors.hpp"
#include "export/tflite/operators.hpp"

namespace atto::deploy::tflite {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

template <class Stored>
Values values_as(const Tensor& tensor) {
  Values values(tensor.bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored value;
    std::memcpy(&value, tensor.bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = value;
  }
  return values;
}

Values values_of(const Tensor& tensor) {
  switch (tensor.element) {
    case Element::F32:
      return values_as<float>(tensor);
    case Element::I32:
      return values_as<std::int32_t>(tensor);
    case Element::I8:
      return values_as<std::int8_t>(tensor);
  }
  throw InternalError("no such element");
}

}  // namespace

Executor::Executor(const Graph& graph) : graph_(graph), last_reader_(graph.tensors.size()) {
  for (const Tensor& tensor : graph.tensors) constants_.push_back(values_of(tensor));
  for (std::size_t i = 0; i < graph.operators.size(); ++i) {
    const Operator& one = graph.operators[i];
    if (find_operator(one.op) == nullptr)
      throw InternalError(graph.tensors[at(one.output)].name + ": no such operator here");
    for (const int input : one.inputs) last_reader_[at(input)] = i;
  }
  for (const int output : graph.outputs) last_reader_[at(output)] = graph.operators.size();
}

Values Executor::run(const Operator& one, const std::vector<Values>& inputs) const {
  const Tensor& to = graph_.tensors[at(one.output)];
  Values made(static_cast<std::size_t>(elements_of(to.dims)));
  Arguments arguments{graph_, one, {}, made};
  for (std::size_t i = 0; i < one.inputs.size(); ++i) {
    const Values& constant = constants_[at(one.inputs[i])];
    arguments.inputs.push_back(constant.empty() ? &inputs[i] : &constant);
  }
  find_operator(one.op)(arguments);
  return made;
}

std::vector<std::vector<float>> Executor::run(std::span<const float> image,
                                              const Watch& watch) const {
  std::vector<Values> live(graph_.tensors.size());
  const Tensor& input = graph_.tensors[at(graph_.input)];
  if (static_cast<std::int64_t>(image.size()) != elements_of(input.dims))
    throw InternalError("an image must have the elements of the model's input");
  for (const float value : image) {
    double stored = value;
    if (input.element == Element::I8)
      stored =
          std::clamp(std::nearbyint(value / input.scales[0]) + input.zero_point, -128.0F, 127.0F);
    live[at(graph_.input)].push_back(stored);
  }
  if (watch) watch(graph_.input, live[at(graph_.input)]);
  for (std::size_t i = 0; i < graph_.operators.size(); ++i) {
    const Operator& one = graph_.operators[i];
    Values& made = live[at(one.output)];
    made.resize(static_cast<std::size_t>(elements_of(graph_.tensors[at(one.output)].dims)));
    Arguments arguments{graph_, one, {}, made};
    for (const int from : one.inputs)
      arguments.inputs.push_back(constants_[at(from)].empty() ? &live[at(from)]
                                                              : &constants_[at(from)]);
    find_operator(one.op)(arguments);
    if (watch) watch(one.output, made);
    for (const int from : one.inputs)
      if (last_reader_[at(from)] == i) Values().swap(live[at(from)]);
  }
  std::vector<std::vector<float>> outputs;
  for (const int output : graph_.outputs) {
    std::vector<float>& reals = outputs.emplace_back();
    for (const double value : live[at(output)])
      reals.push_back(static_cast<float>(Arguments::real_of(graph_.tensors[at(output)], value)));
  }
  return outputs;
}

const Tensor& Arguments::tensor(std::size_t i) const {
  return graph.tensors[at(one.inputs[i])];
}

const Tensor& Arguments::to() const {
  return graph.tensors[at(one.output)];
}

double Arguments::real_of(const Tensor& tensor, double value) {
  if (tensor.element != Element::I8) return value;
  return double{tensor.scales[0]} * (value - tensor.zero_point);
}

void Arguments::store(std::size_t e, double real) const {
  if (options().activation != net::Activation::None) real = std::max(real, 0.0);
  if (options().activation == net::Activation::Relu6) real = std::min(real, 6.0);
  const Tensor& tensor = to();
  out[e] =
      tensor.element == Element::I8
          ? std::clamp(std::nearbyint(real / tensor.scales[0]) + tensor.zero_point, -128.0, 127.0)
          : double{static_cast<float>(real)};
}

Map::Map(const Dims& dims)
    : height(dims.size() == 4 ? dims[1] : 1),
      width(dims.size() == 4 ? dims[2] : 1),
      channels(dims.empty() ? 1 : dims.back()) {}

int padding_before(const Options& options, int kernel, int stride, int from, int to) {
  if (!options.is_same) return 0;
  const int extent = (kernel - 1) * options.dilation + 1;
  return std::max((to - 1) * stride + extent - from, 0) / 2;
}

Run find_operator(Op op) {
  for (const auto table : {weighted_operators(), element_operators(), arrangement_operators()})
    for (const KnownOperator& known : table)
      if (known.op == op) return known.run;
  return nullptr;
}

}  // namespace atto::deploy::tflite
