// A network as a subgraph of XNNPACK: [height][width][channels], the batch of one in front.
#include <pthreadpool.h>
#include <xnnpack.h>

#include <array>
#include <limits>
#include <list>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "prototypes/network/windows.hpp"
#include "scripts/bench/peers/engine.hpp"

namespace atto::bench {
namespace {

using net::Activation;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint32_t kInput = 0, kOutput = 1;  // the external values
// Ours are bytes from 0, XNNPACK's from -128.
constexpr int kSigned = 128;

void check(xnn_status status, const std::string& what) {
  if (status != xnn_status_success)
    throw std::runtime_error("XNNPACK refuses " + what + " (status " +
                             std::to_string(static_cast<int>(status)) + ")");
}

struct Range {
  float low = -kInfinity, high = kInfinity;
};
/// What a minimum and a maximum do of an activation.
Range range_of(Activation activation) {
  if (activation == Activation::Relu) return {0, kInfinity};
  if (activation == Activation::Relu6) return {0, 6};
  return {};
}
bool is_range(Activation activation) {
  return activation == Activation::None || activation == Activation::Relu ||
         activation == Activation::Relu6;
}

std::size_t count_of(const net::Shape& shape) {
  return static_cast<std::size_t>(shape.channels) * static_cast<std::size_t>(shape.height) *
         static_cast<std::size_t>(shape.width);
}

struct Deleter {
  void operator()(xnn_subgraph_t graph) const { xnn_delete_subgraph(graph); }
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
  void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};
template <class Handle>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Deleter>;

/// [channels][area] -> [area][channels]
std::vector<float> channels_last(const std::vector<float>& planar, const net::Shape& shape) {
  std::vector<float> values(planar.size());
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::size_t area = count_of(shape) / channels;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < area; ++i) values[i * channels + c] = planar[c * area + i];
  return values;
}

class Subgraph {
 public:
  Subgraph(const deploy::FusedNetwork& network, const deploy::Quantisation* int8)
      : network_(network), int8_(int8), values_(network.nodes.size()) {
    check(xnn_initialize(nullptr), "this CPU");
    check(xnn_create_subgraph(2, 0, &graph_), "a subgraph");
    owned_.reset(graph_);
    const int output = network.outputs.at(0).layer;
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
      index_ = i;
      is_output_ = static_cast<int>(i) == output;
      values_[i] = std::visit(*this, node().op);
    }
  }
  xnn_subgraph_t get() const { return graph_; }

  std::uint32_t operator()(const deploy::FusedInput& /*op*/) {
    const auto dims = dims_of(node().shape);
    std::uint32_t id = 0;
    check(xnn_define_tensor_value(graph_, xnn_datatype_fp32, dims.size(), dims.data(), nullptr,
                                  kInput, XNN_VALUE_FLAG_EXTERNAL_INPUT, &id),
          node().name);
    if (int8_ == nullptr) return id;
    const std::uint32_t bytes = tensor(false);
    check(xnn_define_convert(graph_, id, bytes, 0), node().name);
    return bytes;
  }
  std::uint32_t operator()(const deploy::FusedConv& op) {
    if (op.is_transposed) refuse("a deconv");
    require_square(op);
    return convolve(op.kernel.height, op.stride.height, op.groups, op.dilation, op.weights,
                    op.bias);
  }
  std::uint32_t operator()(const deploy::FusedDense& op) {
    const net::Shape& from = shape_of(node().inputs.at(0));
    if (from.height != 1 || from.width != 1) refuse("a dense layer of a map");
    return convolve(1, 1, 1, 1, op.weights, op.bias);
  }
  std::uint32_t operator()(const deploy::FusedActivate& /*op*/) { return activated(value(0)); }
  std::uint32_t operator()(const deploy::FusedAdd& /*op*/) {
    if (node().inputs.size() != 2) refuse("a sum of more than two");
    const Range range = range_of(node().activation);
    const std::uint32_t to = tensor(is_range(node().activation) && is_output_);
    check(xnn_define_add2(graph_, range.low, range.high, value(0), value(1), to, 0), node().name);
    return is_range(node().activation) ? to : activated(to);
  }
  std::uint32_t operator()(const deploy::FusedMultiply& /*op*/) {
    const Range range = range_of(node().activation);
    const std::uint32_t to = tensor(is_range(node().activation) && is_output_);
    check(xnn_define_multiply2(graph_, range.low, range.high, value(0), value(1), to, 0),
          node().name);
    return is_range(node().activation) ? to : activated(to);
  }
  std::uint32_t operator()(const net::Pool& op) {
    if (op.kind != net::Pool::Kind::Max) refuse("a local average");
    require_square(op);
    const auto kernel = static_cast<std::uint32_t>(op.kernel.height),
               stride = static_cast<std::uint32_t>(op.stride.height),
               pad = static_cast<std::uint32_t>(net::rows_of(op).before());
    const std::uint32_t to = tensor(is_output_);
    check(xnn_define_max_pooling_2d(graph_, pad, pad, pad, pad, kernel, kernel, stride, stride, 1,
                                    1, -kInfinity, kInfinity, value(0), to, 0),
          node().name);
    return to;
  }
  std::uint32_t operator()(const net::GlobalAveragePool& /*op*/) {
    const std::uint32_t to = tensor(is_output_);
    check(xnn_define_global_average_pooling_2d(graph_, -kInfinity, kInfinity, value(0), to, 0),
          node().name);
    return to;
  }
  std::uint32_t operator()(const deploy::FusedChannels& /*op*/) { refuse("moved channels"); }
  template <class Other>
  std::uint32_t operator()(const Other& /*op*/) {
    refuse(std::string(Other::kIdentity.name));
  }

 private:
  const deploy::FusedNode& node() const { return network_.nodes[index_]; }
  const net::Shape& shape_of(int index) const {
    return network_.nodes[static_cast<std::size_t>(index)].shape;
  }
  std::uint32_t value(std::size_t input) const {
    return values_[static_cast<std::size_t>(node().inputs.at(input))];
  }
  const deploy::TensorQuantisation& quantisation_of(int index) const {
    return int8_->tensors[static_cast<std::size_t>(index)];
  }
  /// Only square windows, padded alike on all sides or cut at the border, are compared.
  template <class Windowed>
  void require_square(const Windowed& op) const {
    const bool is_even = op.kernel.height % 2 == 0;
    if (!op.kernel.is_square() || !op.stride.is_square() || op.padding != net::Padding::Same ||
        (is_even && op.kernel != op.stride))
      refuse("such a window");
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(node().name + ": no " + what + " for XNNPACK");
  }

  static std::array<std::size_t, 4> dims_of(const net::Shape& shape) {
    return {1, static_cast<std::size_t>(shape.height), static_cast<std::size_t>(shape.width),
            static_cast<std::size_t>(shape.channels)};
  }
  /// A tensor of the node's shape.
  std::uint32_t tensor(bool is_output) {
    const auto dims = dims_of(node().shape);
    const std::uint32_t flags = is_output ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0,
                        external = is_output ? kOutput : XNN_INVALID_VALUE_ID;
    std::uint32_t id = 0;
    if (int8_ == nullptr) {
      check(xnn_define_tensor_value(graph_, xnn_datatype_fp32, dims.size(), dims.data(), nullptr,
                                    external, flags, &id),
            node().name);
    } else {
      const deploy::TensorQuantisation& of = quantisation_of(static_cast<int>(index_));
      check(xnn_define_quantized_tensor_value(graph_, xnn_datatype_qint8, of.zero_point - kSigned,
                                              of.scale, dims.size(), dims.data(), nullptr, external,
                                              flags, &id),
            node().name);
    }
    return id;
  }

  template <class Value>
  const void* keep(std::list<std::vector<Value>>& in, std::vector<Value> values) {
    return in.emplace_back(std::move(values)).data();
  }

  /// [outputs][inputs of a group][area] -> [outputs][area][inputs], or [area][outputs] depthwise.
  template <class Value>
  static std::vector<Value> reordered(const std::vector<Value>& weights, std::size_t outputs,
                                      std::size_t inputs, bool is_depthwise) {
    const std::size_t area = weights.size() / (outputs * inputs);
    std::vector<Value> values(weights.size());
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t a = 0; a < area; ++a)
          values[is_depthwise ? a * outputs + o : (o * area + a) * inputs + i] =
              weights[(o * inputs + i) * area + a];
    return values;
  }

  std::uint32_t convolve(int kernel, int stride, int groups, int dilation,
                         const std::vector<float>& weights, const std::vector<float>& bias) {
    const net::Shape &from = shape_of(node().inputs.at(0)), &to = node().shape;
    const auto outputs = static_cast<std::size_t>(to.channels),
               inputs = static_cast<std::size_t>(from.channels / groups);
    const bool is_depthwise = groups == from.channels && groups == to.channels && groups > 1;
    const auto side = static_cast<std::uint32_t>(kernel), step = static_cast<std::uint32_t>(stride),
               apart = static_cast<std::uint32_t>(dilation), pad = apart * (side - 1) / 2;
    const std::array<std::size_t, 4> dims =
        is_depthwise ? std::array<std::size_t, 4>{1, side, side, outputs}
                     : std::array<std::size_t, 4>{outputs, side, side, inputs};
    std::uint32_t filter = 0, biases = 0;
    if (int8_ == nullptr) {
      check(
          xnn_define_tensor_value(graph_, xnn_datatype_fp32, 4, dims.data(),
                                  keep(floats_, reordered(weights, outputs, inputs, is_depthwise)),
                                  XNN_INVALID_VALUE_ID, 0, &filter),
          node().name);
      check(xnn_define_tensor_value(graph_, xnn_datatype_fp32, 1, &outputs, bias.data(),
                                    XNN_INVALID_VALUE_ID, 0, &biases),
            node().name);
    } else {
      const deploy::WeightQuantisation& of = int8_->weights[index_];
      std::vector<float> bias_scales = of.scales;
      for (float& scale : bias_scales) scale *= quantisation_of(node().inputs[0]).scale;
      check(xnn_define_channelwise_quantized_tensor_value(
                graph_, xnn_datatype_qcint8, of.scales.data(), 4, is_depthwise ? 3 : 0, dims.data(),
                keep(bytes_, reordered(of.weights, outputs, inputs, is_depthwise)),
                XNN_INVALID_VALUE_ID, 0, &filter),
            node().name);
      check(xnn_define_channelwise_quantized_tensor_value(
                graph_, xnn_datatype_qcint32,
                static_cast<const float*>(keep(floats_, std::move(bias_scales))), 1, 0, &outputs,
                of.bias.data(), XNN_INVALID_VALUE_ID, 0, &biases),
            node().name);
    }
    const Range range = range_of(node().activation);
    const bool is_whole = is_range(node().activation);
    const std::uint32_t made = tensor(is_whole && is_output_);
    check(is_depthwise
              ? xnn_define_depthwise_convolution_2d(graph_, pad, pad, pad, pad, side, side, step,
                                                    step, apart, apart, 1, outputs, range.low,
                                                    range.high, value(0), filter, biases, made, 0)
              : xnn_define_convolution_2d(graph_, pad, pad, pad, pad, side, side, step, step, apart,
                                          apart, static_cast<std::uint32_t>(groups), inputs,
                                          outputs / static_cast<std::size_t>(groups), range.low,
                                          range.high, value(0), filter, biases, made, 0),
          node().name);
    return is_whole ? made : activated(made);
  }

  std::uint32_t scalar(float number) {
    const std::size_t one = 1;
    std::uint32_t id = 0;
    check(xnn_define_tensor_value(graph_, xnn_datatype_fp32, 1, &one, keep(floats_, {number}),
                                  XNN_INVALID_VALUE_ID, 0, &id),
          node().name);
    return id;
  }

  std::uint32_t activated(std::uint32_t from) {
    const std::uint32_t to = tensor(is_output_);
    const Range range = range_of(node().activation);
    switch (node().activation) {
      case Activation::None:
      case Activation::Relu:
      case Activation::Relu6:
        check(xnn_define_clamp(graph_, range.low, range.high, from, to, 0), node().name);
        return to;
      case Activation::Sigmoid:
        check(xnn_define_sigmoid(graph_, from, to, 0), node().name);
        return to;
      case Activation::HardSwish:
        check(xnn_define_hardswish(graph_, from, to, 0), node().name);
        return to;
      case Activation::Swish: {
        const std::uint32_t gate = tensor(false);
        check(xnn_define_sigmoid(graph_, from, gate, 0), node().name);
        check(xnn_define_multiply2(graph_, -kInfinity, kInfinity, from, gate, to, 0), node().name);
        return to;
      }
      case Activation::HardSigmoid: {
        if (int8_ != nullptr) refuse("hard sigmoid in int8");
        const std::uint32_t sum = tensor(false);  // (x + 3) / 6 within [0, 1]
        check(xnn_define_add2(graph_, 0, 6, from, scalar(3), sum, 0), node().name);
        check(xnn_define_multiply2(graph_, -kInfinity, kInfinity, sum, scalar(1.0F / 6), to, 0),
              node().name);
        return to;
      }
      default:
        refuse("such an activation");
    }
  }

  const deploy::FusedNetwork& network_;
  const deploy::Quantisation* int8_;
  xnn_subgraph_t graph_ = nullptr;
  Owned<xnn_subgraph_t> owned_;
  std::size_t index_ = 0;
  bool is_output_ = false;
  std::vector<std::uint32_t> values_;
  std::list<std::vector<float>> floats_;
  std::list<std::vector<std::int8_t>> bytes_;
};

class Xnnpack final : public PeerEngine {
 public:
  Xnnpack(const deploy::FusedNetwork& network, const deploy::Quantisation* int8,
          const std::vector<float>& image, int threads)
      : graph_(network, int8),
        pool_(threads > 1 ? pthreadpool_create(static_cast<std::size_t>(threads)) : nullptr) {
    const auto output = static_cast<std::size_t>(network.outputs[0].layer);
    const std::size_t count = count_of(network.nodes[output].shape);
    // XNNPACK may read a little more than there is.
    input_ = channels_last(image, network.nodes[0].shape);
    input_.resize(input_.size() + XNN_EXTRA_BYTES / sizeof(float));
    output_.resize(count);
    if (int8 != nullptr) {
      bytes_.resize(count + XNN_EXTRA_BYTES);
      scale_ = int8->tensors[output];
    }
    xnn_runtime_t runtime = nullptr;
    check(xnn_create_runtime_v2(graph_.get(), pool_.get(), 0, &runtime), "a runtime");
    runtime_.reset(runtime);
    const xnn_external_value values[2] = {
        {kInput, input_.data()},
        {kOutput, int8 == nullptr ? static_cast<void*>(output_.data()) : bytes_.data()}};
    check(xnn_setup_runtime(runtime, 2, values), "its input and output");
  }
  void run() override { check(xnn_invoke_runtime(runtime_.get()), "to run"); }
  std::vector<float> output() const override {
    if (bytes_.empty()) return output_;
    std::vector<float> values(output_.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = scale_.scale * static_cast<float>(bytes_[i] + kSigned - scale_.zero_point);
    return values;
  }

 private:
  Subgraph graph_;  // holds the weights that the runtime may still read
  Owned<pthreadpool_t> pool_;
  Owned<xnn_runtime_t> runtime_;
  std::vector<float> input_, output_;
  std::vector<std::int8_t> bytes_;
  deploy::TensorQuantisation scale_;
};

}  // namespace

std::unique_ptr<PeerEngine> make_xnnpack(const deploy::FusedNetwork& network,
                                         const deploy::Quantisation* int8,
                                         const std::vector<float>& image, int threads) {
  return std::make_unique<Xnnpack>(network, int8, image, threads);
}

}  // namespace atto::bench
