#include "export/lowering/steps.hpp"

#include <algorithm>

#include "export/lowering/bf16.hpp"
#include "export/lowering/lanes.hpp"
#include "export/lowering/pack.hpp"
#include "export/lowering/pack_int8.hpp"
#include "export/lowering/passes.hpp"
#include "export/lowering/step_list.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy {
namespace {

using format::Step;
using format::StepKind;

// From here on the image is worth blocks of 16 channels, which a convolution reads faster.
constexpr int kMaxImageChannels = 8;
// Winograd's tiles are made once for every channel, and pay when many channels multiply them; its
// weights are 16 for 9, and pay when many tiles read them.
constexpr int kWinogradChannels = 24;
constexpr int kWinogradPixels = 49;

template <class Windowed>
format::Window window_of(const Windowed& op) {
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  return {rows.kernel,
          columns.kernel,
          {rows.stride, rows.before()},
          {columns.stride, columns.before()},
          rows.dilation};
}

/// Weights [O, I, kernel, kernel] as [taps * O, I]: outputs of tap 0, of tap 1, ...
template <class Weight>
std::vector<Weight> tap_by_tap(const std::vector<Weight>& weights, std::size_t taps) {
  std::vector<Weight> moved;
  for (std::size_t tap = 0; tap < taps; ++tap)
    for (std::size_t at = tap; at < weights.size(); at += taps) moved.push_back(weights[at]);
  return moved;
}
/// As many times what each output has.
template <class Value>
std::vector<Value> repeated(const std::vector<Value>& values, std::size_t times) {
  std::vector<Value> all;
  for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

class Builder : public StepList {
 public:
  Builder(const FusedNetwork& network, const LoweringOptions& options)
      : StepList(network, options), is_output_(network.nodes.size()) {
    for (const net::Output& output : network.outputs) is_output_[at(output.layer)] = true;
  }

  format::ModelFile build() {
    if (image_is_stored()) import();
    for (std::size_t i = 1; i < network_.nodes.size(); ++i) {
      index_ = static_cast<int>(i);
      std::visit(*this, network_.nodes[i].op);
    }
    for (const net::Output& output : network_.outputs)
      file_.program.outputs.push_back({output.name, values_[at(output.layer)].tensor});
    file_.weights = weights_.take();
    return std::move(file_);
  }

  void operator()(const FusedInput& /*op*/) {}
  void operator()(const FusedConv& conv) {
    const FusedNode& node = this_node();
    if (conv.is_transposed) return add_deconv(conv);
    if (reads_image(node)) return add_image_conv(conv);
    if (is_depthwise(network_, node)) return add_depthwise(conv);
    const Kernel kernel = kernel_of(conv);
    const format::Window window = window_of(conv);
    if (!is_grouped(network_, node)) {
      const Value input = values_[at(node.inputs[0])];
      return finish_conv(input, kernel, window, wiring_of(input.lanes, lanes_[at(index_)]));
    }
    const GroupLayout layout = group_layout(network_, node, precision_);
    const Value input = arranged(node.inputs[0], layout.in);
    if (layout.out == lanes_[at(index_)]) return finish_conv(input, kernel, window, layout.wiring);
    if (is_int8())  // an add of its own would round twice
      return finish_conv(input, kernel, window, wiring_of(input.lanes, lanes_[at(index_)]));
    add_rearranged(input, kernel, window, layout);
  }
  void operator()(const FusedDense& dense) {
    const FusedNode& node = this_node();
    const net::Shape& in = network_.nodes[at(node.inputs[0])].shape;
    const Value input = values_[at(node.inputs[0])];
    finish_conv(input,
                {dense.weights, dense.bias, in.height, in.width, in.channels, node.shape.channels},
                {in.height, in.width, {}, {}, 1}, wiring_of(input.lanes, lanes_[at(index_)]));
  }
  void operator()(const FusedActivate& /*op*/) {
    add_by_lane(StepKind::Activate);
    if (is_int8()) file_.program.steps.back().parameters.weights = add_table();
  }
  void operator()(const FusedAdd& /*op*/) { add_by_lane(StepKind::Add); }
  void operator()(const FusedMultiply& /*op*/) { add_by_lane(StepKind::Multiply); }
  void operator()(const net::PoolTo& /*op*/) { add_by_lane(StepKind::AverageTo); }
  void operator()(const net::GlobalAveragePool& /*op*/) { add_by_lane(StepKind::AverageTo); }
  void operator()(const net::Softmax& /*op*/) { add_by_lane(StepKind::Softmax); }
  void operator()(const net::LayerNorm& /*op*/) { add_by_lane(StepKind::LayerNorm); }
  void operator()(const net::Upsample& upsample) {
    add_by_lane(
        upsample.mode == net::Upsample::Mode::Bilinear ? StepKind::Bilinear : StepKind::Upsample,
        {1, 1, {upsample.factor}, {upsample.factor}, 1});
  }
  void operator()(const net::Pool& pool) {
    add_by_lane(pool.kind == net::Pool::Kind::Max ? StepKind::MaxPool : StepKind::AveragePool,
                window_of(pool));
  }
  void operator()(const FusedChannels& moves) {
    const FusedNode& node = this_node();
    const Lanes& lanes = lanes_[at(index_)];
    if (node.inputs.size() == 1 && !is_output_[at(index_)]) {
      const Value& source = values_[at(node.inputs[0])];
      if (renamed(moves, source.lanes) == lanes && is_same_int8(node.inputs[0], index_)) {
        values_[at(index_)] = {source.tensor, lanes};
        return;
      }
    }
    add_gather(node.inputs, moves.sources);
  }

 private:
  /// A convolution that takes the caller's image as it is.
  bool reads_image(const FusedNode& node) const {
    const auto* conv = std::get_if<FusedConv>(&node.op);
    return conv != nullptr && node.inputs[0] == 0 && conv->groups == 1 && !conv->is_transposed &&
           (conv->dilation == 1 || conv->kernel == net::Sides(1)) && node.residual != 0 &&
           network_.nodes[0].shape.channels <= kMaxImageChannels;
  }
  bool image_is_stored() const {
    if (is_output_[0]) return true;
    return std::any_of(network_.nodes.begin() + 1, network_.nodes.end(), [&](const auto& node) {
      const bool reads = std::find(node.inputs.begin(), node.inputs.end(), 0) != node.inputs.end();
      return node.residual == 0 || (reads && !reads_image(node));
    });
  }

  bool pays_as_winograd(const Step& made) const {
    const format::Window& window = made.window;
    const format::Wiring& wiring = made.wiring;
    const net::Shape& shape = this_node().shape;
    return window.height == 3 && window.width == 3 && window.down.stride == 1 &&
           window.across.stride == 1 && window.dilation == 1 && wiring.groups == 1 &&
           wiring.interleave == 1 && wiring.depth() >= kWinogradChannels &&
           shape.channels >= kWinogradChannels && shape.height * shape.width >= kWinogradPixels;
  }
  /// Gives a convolution its wiring and weights.
  void wire(Step& made, const Kernel& kernel, const format::Wiring& wiring, const Lanes& in,
            const Lanes& out) {
    wire(made, kernel, wiring, in, out, is_int8() ? &quantisation_->weights[at(index_)] : nullptr);
  }
  void wire(Step& made, const Kernel& kernel, const format::Wiring& wiring, const Lanes& in,
            const Lanes& out, const WeightQuantisation* quantised) {
    made.wiring = wiring;
    if (is_int8()) {
      made.parameters =
          add_int8(packed_int8_conv(int8_layer(index_, *quantised), kernel, wiring, in, out));
      return;
    }
    const std::vector<float> bias = packed_bias(kernel, out);
    made.is_bf16 = precision_ == Precision::Bf16 && multiplies_in_bf16(network_, this_node());
    made.is_winograd = precision_ == Precision::F32 && pays_as_winograd(made);
    if (made.is_winograd) {
      made.parameters = weights_.add(packed_winograd(kernel, wiring, in, out), bias);
      return;
    }
    made.parameters =
        add_floats(packed_conv(kernel, wiring, in, out), wiring.depth(), made.is_bf16, bias);
  }

  void import() {
    index_ = 0;
    add(step(StepKind::Import, {}));
  }

  void add_by_lane(StepKind kind, const format::Window& window = {}) {
    std::vector<std::uint32_t> inputs;
    for (const int input : this_node().inputs)
      inputs.push_back(arranged(input, lanes_[at(index_)]).tensor);
    Step made = step(kind, std::move(inputs));
    made.window = window;
    add(std::move(made));
  }

  Kernel kernel_of(const FusedConv& conv) const {
    const int in = network_.nodes[at(this_node().inputs[0])].shape.channels;
    return {conv.weights,      conv.bias,        conv.kernel.height,
            conv.kernel.width, in / conv.groups, this_node().shape.channels / conv.groups};
  }

  /// One group that reads every block up to the last channel.
  static format::Wiring wiring_of(const Lanes& in, const Lanes& out) {
    const auto last = std::find_if(in.rbegin(), in.rend(), [](int c) { return c >= 0; });
    const auto used = static_cast<int>(in.rend() - last);
    const int blocks = (used + format::kLanes - 1) / format::kLanes;
    return {1, blocks, static_cast<int>(out.size()) / format::kLanes,
            used - (blocks - 1) * format::kLanes, 1};
  }
  void join(Step& made) {
    const FusedNode& node = this_node();
    if (node.residual < 0) return;
    made.residual = static_cast<std::int32_t>(arranged(node.residual, lanes_[at(index_)]).tensor);
    made.joined_activation = plain(node.joined_activation);
  }
  std::int64_t macs() const {
    const FusedNode& of = this_node();
    const auto* conv = std::get_if<FusedConv>(&of.op);
    if (conv == nullptr)
      return static_cast<std::int64_t>(std::get<FusedDense>(of.op).weights.size());
    const net::Shape& map = conv->is_transposed ? network_.nodes[at(of.inputs[0])].shape : of.shape;
    return static_cast<std::int64_t>(conv->weights.size()) * map.height * map.width;
  }

  void finish_conv(const Value& input, const Kernel& kernel, const format::Window& window,
                   const format::Wiring& wiring) {
    const Lanes& lanes = lanes_[at(index_)];
    Step made = step(StepKind::Conv, {input.tensor});
    made.window = window;
    wire(made, kernel, wiring, input.lanes, lanes);
    made.macs = macs();
    join(made);
    add(std::move(made));
  }
  /// The convolution writes in its own order; a copy brings that into the order of the others.
  void add_rearranged(const Value& input, const Kernel& kernel, const format::Window& window,
                      const GroupLayout& layout) {
    const FusedNode& node = this_node();
    Step made = step(StepKind::Conv, {input.tensor});
    made.window = window;
    wire(made, kernel, layout.wiring, input.lanes, layout.out);
    made.macs = macs();
    const std::uint32_t output = made.output;
    made.output = tensor(index_, layout.out);
    const std::uint32_t own = made.output;
    add(std::move(made));
    const Lanes& lanes = lanes_[at(index_)];
    const bool is_joined = node.residual >= 0;
    const std::uint32_t copy = is_joined ? tensor(index_, lanes) : output;
    add(gather_step({own}, lanes, {layout.out}, {}, copy, node.name + " (rearranged)"));
    if (!is_joined) return;
    Step sum;
    sum.kind = StepKind::Add;
    sum.name = node.name + " (joined)";
    sum.inputs = {copy, arranged(node.residual, lanes).tensor};
    sum.output = output;
    sum.activation = plain(node.joined_activation);
    add(std::move(sum));
  }
  /// A pointwise convolution to the channels of every tap, which a copy spreads over the pixels.
  void add_deconv(const FusedConv& conv) {
    const Lanes& lanes = lanes_[at(index_)];
    const Value input = values_[at(this_node().inputs[0])];
    const int side = conv.kernel.height, taps = side * side, channels = this_node().shape.channels;
    const auto times = static_cast<std::size_t>(taps);
    const std::vector<float> weights = tap_by_tap(conv.weights, times),
                             bias = repeated(conv.bias, times);
    Lanes wide_lanes;
    for (int tap = 0; tap < taps; ++tap)
      for (const int channel : lanes)
        wide_lanes.push_back(channel < 0 ? -1 : tap * channels + channel);
    Step made = step(StepKind::Conv, {input.tensor});
    const Kernel kernel{weights, bias, 1, 1, inputs_of(conv), taps * channels};
    WeightQuantisation quantised;
    if (is_int8()) {
      const WeightQuantisation& own = quantisation_->weights[at(index_)];
      quantised = {tap_by_tap(own.weights, times), repeated(own.scales, times),
                   repeated(own.bias, times)};
    }
    wire(made, kernel, wiring_of(input.lanes, wide_lanes), input.lanes, wide_lanes, &quantised);
    made.macs = macs();
    Step spread;
    spread.kind = StepKind::Spread;
    spread.name = made.name + " (spread)";
    spread.window.down.stride = spread.window.across.stride = side;
    spread.output = made.output;
    made.output = wide_tensor(made.output, wide_lanes, side);
    spread.inputs = {made.output};
    add(std::move(made));
    add(std::move(spread));
  }
  /// A tensor like that of a deconv's output, before its channels are spread.
  std::uint32_t wide_tensor(std::uint32_t like, const Lanes& lanes, int kernel) {
    format::Tensor made = file_.program.tensors[like];
    made.channels *= kernel * kernel;
    made.height /= kernel;
    made.width /= kernel;
    made.lanes = lanes;
    file_.program.tensors.push_back(std::move(made));
    return static_cast<std::uint32_t>(file_.program.tensors.size() - 1);
  }
  int inputs_of(const FusedConv& conv) const {
    return network_.nodes[at(this_node().inputs[0])].shape.channels / conv.groups;
  }
  void add_depthwise(const FusedConv& conv) {
    const Lanes& lanes = lanes_[at(index_)];
    const Kernel kernel = kernel_of(conv);
    Step made = step(StepKind::Depthwise, {arranged(this_node().inputs[0], lanes).tensor});
    made.window = window_of(conv);
    made.parameters =
        is_int8() ? add_int8(packed_int8_depthwise(int8_layer(index_), kernel, lanes))
                  : weights_.add(packed_depthwise(kernel, lanes), packed_bias(kernel, lanes));
    made.macs = macs();
    join(made);
    add(std::move(made));
  }
  void add_image_conv(const FusedConv& conv) {
    const Lanes& lanes = lanes_[at(index_)];
    const Kernel kernel = kernel_of(conv);
    Step made = step(StepKind::ImageConv, {});
    made.window = window_of(conv);
    made.wiring.out_blocks = static_cast<int>(lanes.size()) / format::kLanes;
    made.is_bf16 = precision_ == Precision::Bf16;
    made.parameters = is_int8()
                          ? add_int8(packed_int8_image_conv(int8_layer(index_), kernel, lanes))
                          : add_floats(packed_image_conv(kernel, lanes), kernel.width, made.is_bf16,
                                       packed_bias(kernel, lanes));
    made.macs = macs();
    join(made);
    add(std::move(made));
  }

  std::vector<bool> is_output_;
};

}  // namespace

format::ModelFile steps_of(const FusedNetwork& network, const LoweringOptions& options) {
  return Builder(network, options).build();
}

}  // namespace atto::deploy
