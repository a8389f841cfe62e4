#include "export/reference/interpreter.hpp"

#include <algorithm>
#include <cstring>

#include "design_specs/errors.hpp"
#include "export/reference/kept_ops.hpp"
#include "export/reference/plain_ops.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy {
namespace {

using Values = std::vector<float>;

}  // namespace

/// Runs one layer: one overload an operation; what fusion leaves alone is kept_ops.cpp's.
struct Interpreter::Step {
  const std::vector<net::Shape>& shapes;
  const std::vector<int>& inputs;
  const std::vector<Values>& values;      ///< outputs of earlier layers
  const std::vector<Values>& parameters;  ///< of this layer
  const net::Shape& out;
  Values& dst;

  const net::Shape& shape(std::size_t i) const {
    return shapes[static_cast<std::size_t>(inputs[i])];
  }
  const Values& src(std::size_t i) const { return values[static_cast<std::size_t>(inputs[i])]; }

  void operator()(const net::InputLayer& /*op*/) const {}  // run() fills it
  void operator()(const net::Conv& op) const {
    plain::conv(src(0), shape(0), parameters[0], op.bias ? parameters[1] : Values{}, op.groups,
                plain::window_of(op), out, dst);
  }
  void operator()(const net::BatchNorm& /*op*/) const {
    plain::batch_norm(src(0), out,
                      {parameters[0], parameters[1], parameters[2], parameters[3], 1e-5}, dst);
  }
  void operator()(const net::Deconv& op) const {
    const std::size_t taps =
        static_cast<std::size_t>(op.kernel) * static_cast<std::size_t>(op.kernel);
    const auto outputs = static_cast<std::size_t>(out.channels);
    Values turned(parameters[0].size());  // [O, I, k, k]
    const std::size_t sources = turned.size() / taps / outputs;
    for (std::size_t w = 0; w < turned.size(); ++w)
      turned[(w / taps % outputs * sources + w / taps / outputs) * taps + w % taps] =
          parameters[0][w];
    plain::deconv(src(0), shape(0), turned, op.bias ? parameters[1] : Values{}, op.kernel, dst);
  }
  void operator()(const net::LayerNorm& /*op*/) const {
    plain::layer_norm(src(0), out, dst);
    scale(parameters[0], parameters[1], dst);
  }
  void operator()(const net::LayerScale& /*op*/) const { scale(parameters[0], {}, src(0)); }
  void operator()(const net::Dropout& /*op*/) const { dst = src(0); }
  void operator()(const net::Zero& /*op*/) const { std::fill(dst.begin(), dst.end(), 0.0F); }
  /// dst = from * scale[c] + shift[c]; `shift` may be empty.
  void scale(const Values& factors, const Values& shifts, const Values& from) const {
    const std::size_t plane = dst.size() / factors.size();
    for (std::size_t e = 0; e < dst.size(); ++e)
      dst[e] = static_cast<float>(double{from[e]} * factors[e / plane] +
                                  (shifts.empty() ? 0.0 : shifts[e / plane]));
  }
  void operator()(const net::Activate& op) const {
    std::transform(src(0).begin(), src(0).end(), dst.begin(),
                   [&](float x) { return static_cast<float>(plain::activation(op.kind, x)); });
  }
  void operator()(const net::Add& /*op*/) const {
    for (std::size_t e = 0; e < dst.size(); ++e) {
      double sum = 0;
      for (std::size_t i = 0; i < inputs.size(); ++i) sum += src(i)[e];
      dst[e] = static_cast<float>(sum);
    }
  }
  void operator()(const net::Concat& /*op*/) const {
    auto to = dst.begin();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      to = std::copy(src(i).begin(), src(i).end(), to);
  }
  void operator()(const net::Slice& op) const {
    const auto plane = static_cast<std::size_t>(out.height) * static_cast<std::size_t>(out.width);
    std::copy_n(src(0).data() + static_cast<std::size_t>(op.begin) * plane, dst.size(), dst.data());
  }
  void operator()(const net::Shuffle& op) const { plain::shuffle(src(0), out, op.groups, dst); }
  void operator()(const net::Multiply& /*op*/) const {
    const std::size_t each = src(0).size() / src(1).size();  // 1, or a plane when broadcast
    for (std::size_t e = 0; e < dst.size(); ++e) dst[e] = src(0)[e] * src(1)[e / each];
  }
  void operator()(const net::Dense& /*op*/) const {
    plain::dense(src(0), parameters[0], parameters[1], dst);
  }
  template <class Kept>
  void operator()(const Kept& op) const {
    plain::Maps maps{{}, {}, out, dst};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      maps.src.emplace_back(src(i));
      maps.in.push_back(shape(i));
    }
    plain::run_kept(op, maps);
  }
};

Interpreter::Interpreter(net::Network network, const net::TensorFile& weights)
    : network_(std::move(network)),
      shapes_(net::infer_shapes(network_)),
      last_reader_(network_.layers.size(), 0),
      parameters_(network_.layers.size()) {
  net::check_weights(network_, weights, network_.name + " weights");
  for (const net::WeightSpec& spec : net::weight_specs(network_))
    parameters_[static_cast<std::size_t>(spec.layer)].push_back(
        float_values(weights.tensors.at(spec.name)));
  for (std::size_t i = 0; i < network_.layers.size(); ++i)
    for (const int input : network_.layers[i].inputs)
      last_reader_[static_cast<std::size_t>(input)] = static_cast<int>(i);
  for (const net::Output& output : network_.outputs)
    last_reader_[static_cast<std::size_t>(output.layer)] = static_cast<int>(network_.layers.size());
}

std::vector<std::vector<float>> Interpreter::run(std::span<const float> image,
                                                 const Watch& watch) const {
  if (static_cast<std::int64_t>(image.size()) != network_.input.elements())
    throw InternalError("an image must have the elements of the network's input");
  std::vector<Values> values(network_.layers.size());
  values[0].assign(image.begin(), image.end());
  for (std::size_t i = 0; i < network_.layers.size(); ++i) {
    const net::Layer& layer = network_.layers[i];
    values[i].resize(static_cast<std::size_t>(shapes_[i].elements()));
    std::visit(Step{shapes_, layer.inputs, values, parameters_[i], shapes_[i], values[i]},
               layer.op);
    if (watch) watch(static_cast<int>(i), values[i]);
    for (const int input : layer.inputs)
      if (last_reader_[static_cast<std::size_t>(input)] == static_cast<int>(i))
        Values().swap(values[static_cast<std::size_t>(input)]);
  }
  std::vector<Values> outputs;
  for (const net::Output& output : network_.outputs)
    outputs.push_back(values[static_cast<std::size_t>(output.layer)]);
  return outputs;
}

std::vector<float> float_values(const net::Tensor& tensor) {
  if (tensor.type != net::Tensor::Type::F32) throw InternalError("a tensor must be of type F32");
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace atto::deploy
