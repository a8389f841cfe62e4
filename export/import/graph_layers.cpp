// ONNX nodes with windows and weights.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "export/import/graph_reader.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy::import {
namespace {

constexpr float kEpsilon = 1e-5F;  // of the IR's batch norm

bool is_two(const std::vector<std::int64_t>& sides, std::int64_t low, std::int64_t high) {
  if (sides.size() != 2) return false;
  for (const std::int64_t side : sides)
    if (side < low || side > high) return false;
  return true;
}

net::Sides sides_of(const std::vector<std::int64_t>& sides) {
  return {static_cast<int>(sides[0]), static_cast<int>(sides[1])};
}

}  // namespace

/// Places of one side.
struct PlacesOfSide {
  std::int64_t before = 0;   ///< padding before the map
  std::int64_t outputs = 0;  ///< less than 1 where the window is larger than all
};
struct GraphReader::Places {
  PlacesOfSide rows, columns;
};

namespace {

bool are_of(const PlacesOfSide& places, const net::WindowSide& side, int length) {
  return places.before == side.before() && places.outputs == side.output(length);
}

/// Of a window of "same" padding that reads at these places, and at more.
struct Wider {
  int kernel = 0, first = 0;  ///< first: the tap that is the window's first
};
/// Returns the smallest; none where the maps would be others.
std::optional<Wider> wider(net::WindowSide side, int length, const PlacesOfSide& places) {
  constexpr int kLargest = 31;  // of the language
  const int taps = side.kernel;
  for (side.padding = net::Padding::Same; side.kernel <= kLargest; ++side.kernel) {
    const std::int64_t more = side.before() - places.before;
    if (side.output(length) == places.outputs && more >= 0 && more % side.dilation == 0 &&
        more / side.dilation + taps <= side.kernel)
      return Wider{side.kernel, static_cast<int>(more / side.dilation)};
  }
  return {};
}

}  // namespace

/// `more`: zeros that lie around the map already.
template <class Windowed>
GraphReader::Places GraphReader::places_of(const Windowed& op, int from, int dilation,
                                           const Pads& more, bool rounds_up) const {
  const net::Shape& in = shape(from);
  Sides pads = wholes("pads", {0, 0, 0, 0});
  const std::string automatic = text("auto_pad", "NOTSET");
  const bool is_same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (pads.size() != 4) refuse("pads must be four numbers");
  constexpr std::int64_t kMost = 1 << 16;
  for (const std::int64_t side : pads)
    if (side < 0 || side > kMost) refuse("pads must be from 0 to 65536");
  if (is_same && more != Pads{}) refuse("auto_pad must be none where zeros lie around the map");
  if (automatic == "VALID") pads = {0, 0, 0, 0};
  const auto placed = [&](int kernel, int stride, int length, std::int64_t before,
                          std::int64_t after) {
    const net::WindowSide side{kernel, stride, dilation, net::Padding::Same};
    if (is_same) {
      const int all =
          std::max((net::strided_side(length, stride) - 1) * stride + side.extent() - length, 0);
      before = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
      after = all - before;
    }
    const std::int64_t room = length + before + after - side.extent();
    if (room < 0) return PlacesOfSide{before, 0};
    return PlacesOfSide{before, (rounds_up ? (room + stride - 1) / stride : room / stride) + 1};
  };
  return {placed(op.kernel.height, op.stride.height, in.height, pads[0] + more.top,
                 pads[2] + more.bottom),
          placed(op.kernel.width, op.stride.width, in.width, pads[1] + more.left,
                 pads[3] + more.right)};
}

/// Sets the padding that these places mean: "same" where they lie as ours do, else none. Returns
/// whether one of them does.
template <class Windowed>
bool GraphReader::place_window(Windowed& op, int from, int dilation, const Places& places) const {
  const net::Shape& in = shape(from);
  for (const net::Padding padding : {net::Padding::Same, net::Padding::Valid}) {
    op.padding = padding;
    if (are_of(places.rows, {op.kernel.height, op.stride.height, dilation, padding}, in.height) &&
        are_of(places.columns, {op.kernel.width, op.stride.width, dilation, padding}, in.width))
      return true;
  }
  return false;
}

void GraphReader::refuse_places(const net::Sides& kernel, const net::Sides& stride, int from,
                                const std::string& rule) const {
  const net::Shape& in = shape(from);
  refuse(rule, fmt::format("pads [{}] of a {}x{} window, stride {}x{}, on {}x{}",
                           fmt::join(wholes("pads", {0, 0, 0, 0}), ", "), kernel.height,
                           kernel.width, stride.height, stride.width, in.height, in.width));
}

/// Padding that is no one's here, uneven as other programs have it, is that of a larger window
/// whose further taps are 0. Returns its weights.
std::vector<float> GraphReader::widen(net::Conv& op, int from, const Places& places,
                                      const std::vector<float>& weights) {
  const net::Shape& in = shape(from);
  const net::Sides taps = op.kernel;
  const std::optional<Wider> rows = wider({taps.height, op.stride.height, op.dilation}, in.height,
                                          places.rows),
                             columns = wider({taps.width, op.stride.width, op.dilation}, in.width,
                                             places.columns);
  if (!rows || !columns)
    refuse_places(taps, op.stride, from,
                  "pads must give maps as large as \"same\" padding does, or be none");
  op.kernel = {rows->kernel, columns->kernel};
  op.padding = net::Padding::Same;
  made_.notes.push_back(
      fmt::format("node {}: its padding is that of a {}x{} window here, whose further taps are 0",
                  node_->name, op.kernel.height, op.kernel.width));
  const auto all = [](const net::Sides& sides) {
    return static_cast<std::size_t>(sides.height) * static_cast<std::size_t>(sides.width);
  };
  std::vector<float> wide(weights.size() / all(taps) * all(op.kernel));
  for (std::size_t w = 0; w < weights.size(); ++w) {
    const std::size_t tap = w % all(taps), across = static_cast<std::size_t>(taps.width);
    const std::size_t row = tap / across + static_cast<std::size_t>(rows->first),
                      column = tap % across + static_cast<std::size_t>(columns->first);
    wide[w / all(taps) * all(op.kernel) + row * static_cast<std::size_t>(op.kernel.width) +
         column] = weights[w];
  }
  return wide;
}

void GraphReader::conv() {
  Pads around;
  const int from = padded_map(0, around);
  const net::Tensor& weights = constant(1, "weights");
  std::vector<float> values = floats(1, "weights");
  if (weights.shape.size() != 4) refuse("must be a convolution of two dimensions");
  const Sides kernel = wholes("kernel_shape", {weights.shape[2], weights.shape[3]});
  const Sides strides = wholes("strides", {1, 1}), dilations = wholes("dilations", {1, 1});
  if (!is_two(kernel, 1, 63) || kernel[0] != weights.shape[2] || kernel[1] != weights.shape[3])
    refuse("kernel must be that of its weights, and at most 63");
  if (!is_two(strides, 1, 63) || !is_two(dilations, 1, 63) || dilations[0] != dilations[1])
    refuse("strides and dilations must be from 1 to 63, and dilations equal");
  const std::int64_t groups = whole("group", 1), outputs = weights.shape[0];
  if (groups < 1 || groups > shape(from).channels || outputs < 1 || outputs > (1 << 16))
    refuse("groups and outputs must fit its input");
  net::Conv op{static_cast<int>(outputs),
               sides_of(kernel),
               sides_of(strides),
               static_cast<int>(groups),
               static_cast<int>(dilations[0]),
               has(2)};
  const std::int64_t inputs = shape(from).channels / groups;
  if (static_cast<std::int64_t>(values.size()) != outputs * inputs * kernel[0] * kernel[1])
    refuse("weights must be those of its groups and inputs");
  const Places places = places_of(op, from, op.dilation, around, false);
  if (!place_window(op, from, op.dilation, places)) values = widen(op, from, places, values);
  const int layer = add(op, {from});
  set_weight(layer, ".weight", values, {outputs, inputs, op.kernel.height, op.kernel.width});
  if (has(2)) set_weight(layer, ".bias", floats(2, "bias"), {outputs});
  hand_on(layer);
}

void GraphReader::deconv() {
  const int from = map(0);
  const net::Tensor& weights = constant(1, "weights");
  const std::vector<float> values = floats(1, "weights");
  const Sides& sides = weights.shape;
  if (sides.size() != 4 || sides[2] != sides[3] || sides[2] < 1 || sides[2] > 16)
    refuse("must have a square kernel of 1 to 16");
  const Sides zeros = {0, 0, 0, 0}, pads = wholes("pads", zeros);
  if (wholes("strides", {1, 1}) != Sides{sides[2], sides[2]} || pads != zeros ||
      whole("group", 1) != 1 || wholes("output_padding", {0, 0}) != Sides{0, 0} ||
      wholes("dilations", {1, 1}) != Sides{1, 1} || text("auto_pad", "NOTSET") != "NOTSET")
    refuse("stride must be the kernel, without padding, groups and dilation");
  if (sides[1] < 1 || sides[1] > (1 << 16)) refuse("outputs must be from 1 to 65536");
  const int layer =
      add(net::Deconv{static_cast<int>(sides[1]), static_cast<int>(sides[2]), has(2)}, {from});
  set_weight(layer, ".weight", values, {shape(from).channels, sides[1], sides[2], sides[2]});
  if (has(2)) set_weight(layer, ".bias", floats(2, "bias"), {sides[1]});
  hand_on(layer);
}

/// The IR's norm has one epsilon: another one moves into the variance.
void GraphReader::batch_norm() {
  const int from = map(0);
  const float epsilon = number("epsilon", 1e-5F);
  if (whole("training_mode", 0) != 0) refuse("must be exported for inference");
  const int layer = add(net::BatchNorm{}, {from});
  const std::int64_t channels = shape(from).channels;
  set_weight(layer, ".weight", floats(1, "scale"), {channels});
  set_weight(layer, ".bias", floats(2, "shift"), {channels});
  set_weight(layer, ".running_mean", floats(3, "mean"), {channels});
  std::vector<float> variance = floats(4, "variance");
  for (float& value : variance) {
    if (!(value + epsilon > 0)) refuse("variance must not be negative");
    if (epsilon != kEpsilon) value += epsilon - kEpsilon;
  }
  set_weight(layer, ".running_var", variance, {channels});
  hand_on(layer);
}

void GraphReader::expect_outputs(std::int64_t outputs) const {
  if (outputs < 1 || outputs > (1 << 16)) refuse("outputs must be from 1 to 65536");
}

void GraphReader::dense(int from, const std::vector<float>& weights, std::int64_t outputs,
                        const std::vector<float>& bias) {
  const int layer = add(net::Dense{static_cast<int>(outputs)}, {from});
  set_weight(layer, ".weight", weights, {outputs, shape(from).elements()});
  set_weight(layer, ".bias", bias, {outputs});
  hand_on(layer);
}

void GraphReader::gemm() {
  const int from = any(0);
  const net::Tensor& matrix = constant(1, "weights");
  std::vector<float> weights = floats(1, "weights");
  if (form_of(0) != Form::Flat && shape(from).height * shape(from).width != 1)
    refuse("needs a flat vector");
  if (matrix.shape.size() != 2 || whole("transA", 0) != 0) refuse("weights must be a matrix");
  const bool is_transposed = whole("transB", 0) != 0;
  const std::int64_t outputs = matrix.shape[is_transposed ? 0 : 1],
                     inputs = matrix.shape[is_transposed ? 1 : 0];
  expect_outputs(outputs);
  if (!is_transposed) {
    const std::vector<float> as_written = weights;
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t o = 0; o < outputs; ++o)
        weights[static_cast<std::size_t>(o * inputs + i)] =
            as_written[static_cast<std::size_t>(i * outputs + o)];
  }
  for (float& weight : weights) weight *= number("alpha", 1);
  std::vector<float> bias(static_cast<std::size_t>(outputs));
  if (has(2)) {
    std::vector<float> written = floats(2, "bias");
    if (written.size() == 1) written.assign(bias.size(), written[0]);
    if (written.size() != bias.size()) refuse("bias must have a value an output");
    for (std::size_t o = 0; o < bias.size(); ++o) bias[o] = written[o] * number("beta", 1);
  }
  dense(from, weights, outputs, bias);
}

void GraphReader::mat_mul() {
  const int from = any(0);
  const net::Tensor& matrix = constant(1, "weights");
  const std::vector<float> written = floats(1, "weights");
  if (matrix.shape.size() != 2) refuse("weights must be a matrix");
  if (form_of(0) != Form::Flat && shape(from).height * shape(from).width != 1)
    refuse("needs a flat vector");
  expect_outputs(matrix.shape[1]);
  const auto inputs = static_cast<std::size_t>(matrix.shape[0]),
             outputs = static_cast<std::size_t>(matrix.shape[1]);
  std::vector<float> weights(written.size());
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t o = 0; o < outputs; ++o) weights[o * inputs + i] = written[i * outputs + o];
  dense(from, weights, matrix.shape[1], std::vector<float>(outputs));
}

void GraphReader::pool() {
  const int from = map(0);
  const Sides kernel = wholes("kernel_shape", {}), strides = wholes("strides", {1, 1});
  if (!is_two(kernel, 1, 63) || !is_two(strides, 1, 63))
    refuse("kernel and strides must be two numbers from 1 to 63");
  const Sides pads = wholes("pads", {0, 0, 0, 0});
  const bool is_max = node_->op == "MaxPool";
  if (wholes("dilations", {1, 1}) != Sides{1, 1}) refuse("dilations must be 1");
  if (node_->outputs.size() > 1 && !node_->outputs[1].empty()) refuse("indices are not known here");
  if (!is_max && whole("count_include_pad", 0) != 0 && pads != Sides{0, 0, 0, 0})
    refuse("count_include_pad must be 0: averages count what lies on the map");
  net::Pool op{is_max ? net::Pool::Kind::Max : net::Pool::Kind::Average, sides_of(kernel),
               sides_of(strides)};
  if (op.kernel == net::Sides(shape(from).height, shape(from).width) && !is_max &&
      pads == Sides{0, 0, 0, 0})
    return hand_on(add(net::GlobalAveragePool{}, {from}));
  const bool rounds_up = whole("ceil_mode", 0) != 0;
  if (!place_window(op, from, 1, places_of(op, from, 1, {}, rounds_up)))
    refuse_places(op.kernel, op.stride, from,
                  rounds_up ? "ceil_mode must give the windows of \"same\" or \"valid\" padding"
                            : "pads must be those of \"same\" padding, or none");
  hand_on(add(op, {from}));
}

void GraphReader::global_pool() {
  hand_on(add(net::GlobalAveragePool{}, {map(0)}));
}

void GraphReader::reduce_mean() {
  Sides axes = wholes("axes", {});
  if (axes.empty() && has(1)) axes = integers(1, "axes");
  for (std::int64_t& axis : axes)
    if (axis < 0) axis += 4;
  std::sort(axes.begin(), axes.end());
  if (axes != Sides{2, 3}) refuse("must be the mean over height and width");
  hand_on(add(net::GlobalAveragePool{}, {map(0)}),
          whole("keepdims", 1) != 0 ? Form::Map : Form::Flat);
}

}  // namespace atto::deploy::import
