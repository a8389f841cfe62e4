// ONNX nodes that move values, join tensors or work on each value.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "export/import/graph_reader.hpp"

namespace atto::deploy::import {

void GraphReader::flatten() {
  const int from = any(0);
  if (node_->op == "Flatten" && whole("axis", 1) != 1) refuse("axis must be 1");
  if (node_->op == "Squeeze" && shape(from).height * shape(from).width != 1)
    refuse("must take away sides of 1");
  hand_on(from, Form::Flat);
}

void GraphReader::reshape() {
  const Known& value = in(0);
  const Sides target = integers(1, "shape");
  if (value.layer < 0 || value.pads != Pads{})
    refuse("must reshape what is computed from the input, without zeros around it");
  const net::Shape& of = shape(value.layer);
  const std::int64_t plane = std::int64_t{of.height} * of.width;
  // The first side is the batch's, whatever it says.
  Sides sides(target.begin() + (target.empty() ? 0 : 1), target.end());
  if (sides.size() == 3 || sides.size() == 4) {
    const Sides now = {of.channels, of.height, of.width};
    for (std::size_t i = 0; i < sides.size() && sides.size() == 3; ++i)
      if (sides[i] == 0) sides[i] = now[i];
  }
  std::int64_t known = 1, open = 0;
  for (const std::int64_t side : sides) {
    if (side < -1 || side == 0 || side > of.elements()) refuse("shape does not fit its input");
    side == -1 ? ++open : known *= side;
    if (known > of.elements()) refuse("shape does not fit its input");
  }
  if (open > 1 || of.elements() % known != 0) refuse("shape does not fit its input");
  for (std::int64_t& side : sides)
    if (side == -1) side = of.elements() / known;
  if (sides.size() == 1 && sides[0] == of.elements() && value.form != Form::Turned)
    return hand_on(value.layer, Form::Flat);
  if (sides == Sides{of.channels, of.height, of.width}) {
    if (value.form == Form::Turned) return hand_on(add(net::Shuffle{value.groups}, {value.layer}));
    if (value.form != Form::Flat || plane == 1) return hand_on(value.layer);
  }
  if (sides.size() == 4 && value.form == Form::Map && sides[2] == of.height &&
      sides[3] == of.width && sides[0] * sides[1] == of.channels) {
    hand_on(value.layer, Form::Grouped);
    known_[node_->outputs.at(0)].groups = static_cast<int>(sides[0]);
    return;
  }
  refuse("must flatten a map, or be part of a channel shuffle",
         fmt::format("[{}]", fmt::join(target, ", ")));
}

void GraphReader::transpose() {
  const Known& value = in(0);
  const Sides order = wholes("perm", {});
  if (value.layer < 0 || value.form != Form::Grouped || order != Sides{0, 2, 1, 3, 4})
    refuse("is known as part of a channel shuffle alone",
           fmt::format("perm [{}]", fmt::join(order, ", ")));
  const int groups = value.groups, layer = value.layer;
  hand_on(layer, Form::Turned);
  known_[node_->outputs.at(0)].groups = groups;
}

/// What was joined before is taken as one: a dense block joins all of its maps again and again.
void GraphReader::concat() {
  std::int64_t axis = whole("axis", 1);
  std::vector<int> inputs;
  for (std::size_t i = 0; i < node_->inputs.size(); ++i) inputs.push_back(any(i));
  const bool is_flat = form_of(0) == Form::Flat;
  if (axis < 0) axis += is_flat ? 2 : 4;
  if (axis != 1) refuse("axis must be 1: that of channels");
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if ((form_of(i) == Form::Flat) != is_flat &&
        shape(inputs[i]).height * shape(inputs[i]).width > 1)
      refuse("must not join maps and flat vectors");
  if (inputs.size() == 1) return hand_on_same();
  const std::vector<int> all = inputs;
  for (std::size_t length = inputs.size() - 1; length > 1; --length) {
    const auto known = concats_.find({inputs.begin(), inputs.begin() + static_cast<long>(length)});
    if (known == concats_.end()) continue;
    inputs.erase(inputs.begin(), inputs.begin() + static_cast<long>(length) - 1);
    inputs[0] = known->second;
    break;
  }
  const int layer = add(net::Concat{}, inputs);
  concats_[all] = layer;
  hand_on(layer, is_flat ? Form::Flat : Form::Map);
}

void GraphReader::split() {
  const int from = map(0);
  const int channels = shape(from).channels;
  std::int64_t axis = whole("axis", 0);
  if (axis < 0) axis += 4;
  if (axis != 1) refuse("axis must be 1: that of channels");
  const auto count = static_cast<std::int64_t>(node_->outputs.size());
  Sides parts = has(1) ? integers(1, "split") : wholes("split", {});
  if (parts.empty()) {
    const std::int64_t each = (channels + count - 1) / count;
    for (std::int64_t left = channels; left > 0; left -= each)
      parts.push_back(std::min(each, left));
  }
  if (static_cast<std::int64_t>(parts.size()) != count) refuse("must have a part for each output");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] < 1 || begin + parts[i] > channels) refuse("parts must be those of its input");
    hand_on(add(net::Slice{static_cast<int>(begin), static_cast<int>(begin + parts[i])}, {from}),
            Form::Map, i);
    begin += parts[i];
  }
}

void GraphReader::slice() {
  const int from = map(0);
  const int channels = shape(from).channels;
  const Sides starts = has(1) ? integers(1, "starts") : wholes("starts", {});
  const Sides ends = has(2) ? integers(2, "ends") : wholes("ends", {});
  Sides axes = has(3) ? integers(3, "axes") : wholes("axes", {});
  const Sides steps = has(4) ? integers(4, "steps") : Sides{1};
  if (axes.size() == 1 && axes[0] < 0) axes[0] += 4;
  if (starts.size() != 1 || ends.size() != 1 || axes != Sides{1} || steps != Sides{1})
    refuse("must take channels that follow on each other");
  const auto placed = [&](std::int64_t at) {
    return static_cast<int>(std::clamp<std::int64_t>(at < 0 ? at + channels : at, 0, channels));
  };
  const int begin = placed(starts[0]), end = placed(ends[0]);
  if (begin == 0 && end == channels) return hand_on_same();
  if (end <= begin) refuse("must take one channel at least");
  hand_on(add(net::Slice{begin, end}, {from}));
}

/// A bias that stands behind its matrix: of a dense layer that nothing else has read so far.
bool GraphReader::add_bias(const Known& a, const Known& b) {
  const Known& matrix = a.is_constant() ? b : a;
  const Known& bias = a.is_constant() ? a : b;
  if (matrix.layer < 0 || !bias.is_constant()) return false;
  const net::Layer& layer = made_.network.layers[static_cast<std::size_t>(matrix.layer)];
  if (!std::holds_alternative<net::Dense>(layer.op)) return false;
  const std::optional<std::vector<float>> values = floats_of(*bias.constant);
  const std::string name = layer.name + ".bias";
  std::vector<float> sum = *floats_of(made_.weights.tensors.at(name));
  if (!values || values->size() != sum.size()) return false;
  for (const net::Layer& other : made_.network.layers)
    if (std::find(other.inputs.begin(), other.inputs.end(), matrix.layer) != other.inputs.end())
      return false;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += (*values)[i];
  set_weight(matrix.layer, ".bias", sum, {static_cast<std::int64_t>(sum.size())});
  hand_on(matrix.layer, Form::Flat);
  return true;
}

void GraphReader::join() {
  if (node_->inputs.size() == 2 && add_one(in(0), in(1))) return;
  if (node_->inputs.size() == 2 && add_bias(in(0), in(1))) return;
  std::vector<int> inputs;
  for (std::size_t i = 0; i < node_->inputs.size(); ++i) inputs.push_back(any(i));
  for (std::size_t i = 1; i < inputs.size(); ++i)
    if (shape(inputs[i]) != shape(inputs[0])) refuse("must add tensors of one shape");
  if (inputs.size() == 1) return hand_on_same();
  hand_on(add(net::Add{}, inputs), form_of(0));
}

/// Whether `b` is a gate of `a` itself: x * sigmoid(x).
int GraphReader::gated(int a, int b) const {
  const net::Layer& gate = made_.network.layers[static_cast<std::size_t>(b)];
  const auto* activate = std::get_if<net::Activate>(&gate.op);
  if (!activate || gate.inputs[0] != a) return -1;
  if (activate->kind == net::Activation::Sigmoid) return static_cast<int>(net::Activation::Swish);
  if (activate->kind == net::Activation::HardSigmoid)
    return static_cast<int>(net::Activation::HardSwish);
  return -1;
}

/// A map times one number, or one a channel.
void GraphReader::scale(std::size_t map_at, std::vector<float> factors) {
  const int from = map(map_at);
  const int channels = shape(from).channels;
  const Sides& sides = constant(1 - map_at, "factors").shape;
  const bool is_by_channel =
      factors.size() == 1 || (static_cast<int>(factors.size()) == channels && sides.size() >= 3 &&
                              sides[sides.size() - 3] == channels && sides.back() == 1);
  if (!is_by_channel) refuse("a constant factor must be one, or one a channel");
  const bool is_one = factors.size() == 1;
  const float factor = factors[0];
  if (is_one) factors.assign(static_cast<std::size_t>(channels), factor);
  const int layer = add(net::LayerScale{}, {from});
  set_weight(layer, ".weight", factors, {channels});
  hand_on(layer, form_of(map_at));
  if (!is_one || node_->outputs.empty()) return;
  Known& made = known_[node_->outputs[0]];
  made.scaled = from;
  made.factor = factor;
}

void GraphReader::divide() {
  if (!in(1).is_constant()) refuse("must divide by a constant");
  std::vector<float> factors = floats(1, "divisor");
  for (float& factor : factors) factor = 1 / factor;
  if (factors.size() == 1 && scale_gelu(in(0), factors[0])) return;
  scale(0, std::move(factors));
}

void GraphReader::multiply() {
  if (multiply_gelu(in(0), in(1))) return;
  if (in(0).is_constant() || in(1).is_constant()) {
    const std::size_t map_at = in(0).is_constant() ? 1 : 0;
    return scale(map_at, floats(1 - map_at, "factors"));
  }
  int a = any(0), b = any(1);
  const Form form = form_of(0);
  for (const auto& [value, gate] : {std::pair(a, b), std::pair(b, a)})
    if (const int kind = gated(value, gate); kind >= 0)
      return hand_on(add(net::Activate{static_cast<net::Activation>(kind)}, {value}), form);
  const auto is_pixel = [&](int layer) { return shape(layer).height * shape(layer).width == 1; };
  if (is_pixel(a) && !is_pixel(b)) std::swap(a, b);
  if (shape(a).channels != shape(b).channels || (!is_pixel(b) && shape(a) != shape(b)))
    refuse("must multiply tensors of one shape, or a map by one number a channel");
  hand_on(add(net::Multiply{}, {a, b}), form);
}

void GraphReader::clip() {
  const auto bound = [&](std::size_t input, const char* name, float otherwise) {
    if (!has(input)) return number(name, otherwise);
    const std::vector<float> values = floats(input, name);
    if (values.size() != 1) refuse(fmt::format("{} must be one number", name));
    return values[0];
  };
  constexpr float kFar = 3e38F;
  const float low = bound(1, "min", -INFINITY), high = bound(2, "max", INFINITY);
  if (low == 0 && high == 6) return activate(net::Activation::Relu6);
  if (low == 0 && high > kFar) return activate(net::Activation::Relu);
  refuse("must be from 0 to 6, which is relu6, or from 0 on", fmt::format("{} to {}", low, high));
}

void GraphReader::leaky_relu() {
  if (std::fabs(number("alpha", 0.01F) - 0.1F) > 1e-7F)
    refuse("the slope of leaky_relu is 0.1", fmt::format("{}", number("alpha", 0.01F)));
  activate(net::Activation::LeakyRelu);
}

void GraphReader::hard_sigmoid() {
  const float alpha = number("alpha", 0.2F), beta = number("beta", 0.5F);
  if (std::fabs(alpha - 1.0F / 6) > 1e-6F || beta != 0.5F)
    refuse("hard_sigmoid is clamp(x / 6 + 1/2)", fmt::format("alpha {}, beta {}", alpha, beta));
  activate(net::Activation::HardSigmoid);
}

void GraphReader::softmax() {
  std::int64_t axis = whole("axis", -1);
  if (axis < 0) axis += form_of(0) == Form::Flat ? 2 : 4;
  const net::Shape& of = shape(any(0));
  if (axis != 1 && of.height * of.width != 1) refuse("must be over channels");
  hand_on(add(net::Softmax{}, {any(0)}), form_of(0));
}

void GraphReader::resize() {
  const int from = map(0);
  const net::Shape& of = shape(from);
  const std::string mode = text("mode", "nearest"),
                    place = text("coordinate_transformation_mode",
                                 node_->op == "Upsample" ? "asymmetric" : "half_pixel");
  const std::size_t last = node_->inputs.size() - 1;
  std::vector<double> sides;
  if (has(last) && last > 0) {
    const net::Tensor& written = constant(last, "scales or sizes");
    if (const auto scales = floats_of(written); scales && scales->size() == 4)
      sides = {(*scales)[2], (*scales)[3]};
    if (const auto sizes = wholes_of(written); sizes && sizes->size() == 4)
      sides = {double((*sizes)[2]) / of.height, double((*sizes)[3]) / of.width};
  }
  if (sides.size() != 2 || sides[0] != sides[1] || sides[0] != std::floor(sides[0]) ||
      sides[0] < 1 || sides[0] > 64)
    refuse("must enlarge both sides by one whole factor");
  net::Upsample op{static_cast<int>(sides[0])};
  if (mode == "linear" && (place == "half_pixel" || place == "pytorch_half_pixel"))
    op.mode = net::Upsample::Mode::Bilinear;
  else if (mode != "nearest" || (place != "asymmetric" && place != "half_pixel") ||
           (place == "asymmetric" && node_->op == "Resize" &&
            text("nearest_mode", "round_prefer_floor") != "floor"))
    refuse("must be nearest, or linear between the middles of pixels", mode + ", " + place);
  if (op.factor == 1) return hand_on_same();
  hand_on(add(op, {from}));
}

void GraphReader::plain() {
  using net::Activation;
  activate(node_->op == "Relu"      ? Activation::Relu
           : node_->op == "Sigmoid" ? Activation::Sigmoid
           : node_->op == "Tanh"    ? Activation::Tanh
                                    : Activation::HardSwish);
}

void GraphReader::same() {
  hand_on_same();
}

void GraphReader::constant_node() {
  const auto found = node_->attributes.find("value");
  const auto* tensor =
      found == node_->attributes.end() ? nullptr : std::get_if<net::Tensor>(&found->second);
  if (!tensor) refuse("must have a tensor as its value");
  known_[node_->outputs.at(0)].constant = *tensor;
}

void GraphReader::shape_node() {
  const net::Shape& of = shape(any(0));
  Sides sides = {1, of.channels, of.height, of.width};
  if (form_of(0) == Form::Flat) sides = {1, of.elements()};
  known_[node_->outputs.at(0)].constant =
      tensor_of(sides, {static_cast<std::int64_t>(sides.size())});
}

/// Zeros around a map, which the convolution behind takes for its own.
void GraphReader::pad() {
  const Sides pads = has(1) ? integers(1, "pads") : wholes("pads", {});
  if (std::all_of(pads.begin(), pads.end(), [](std::int64_t side) { return side == 0; }))
    return hand_on_same();
  constexpr std::int64_t kMost = 1 << 16;
  const bool is_around = pads.size() == 8 && pads[0] == 0 && pads[1] == 0 && pads[4] == 0 &&
                         pads[5] == 0 &&
                         std::all_of(pads.begin(), pads.end(),
                                     [](std::int64_t side) { return side >= 0 && side <= kMost; });
  float value = number("value", 0);
  if (has(2)) {
    const std::vector<float> given = floats(2, "value");
    value = given.size() == 1 ? given[0] : NAN;
  }
  if (!is_around || value != 0 || text("mode", "constant") != "constant")
    refuse("must put zeros around maps", fmt::format("[{}]", fmt::join(pads, ", ")));
  Pads all;
  const int from = padded_map(0, all);
  hand_on(from);
  known_[node_->outputs.at(0)].pads = {all.top + pads[2], all.left + pads[3], all.bottom + pads[6],
                                       all.right + pads[7]};
}

}  // namespace atto::deploy::import
