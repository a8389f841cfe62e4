#include "export/lowering/step_list.hpp"

#include <algorithm>

#include "export/lowering/bf16.hpp"
#include "export/lowering/passes.hpp"

namespace atto::deploy {

using format::Step;
using format::StepKind;

StepList::StepList(const FusedNetwork& network, const LoweringOptions& options)
    : network_(network),
      quantisation_(options.quantisation),
      precision_(options.precision),
      lanes_(choose_lanes(network, precision_)),
      values_(network.nodes.size()) {}

bool StepList::is_same_int8(int a, int b) const {
  if (!is_int8()) return true;
  const TensorQuantisation &one = quantisation_->tensors[at(a)],
                           &other = quantisation_->tensors[at(b)];
  return one.scale == other.scale && one.zero_point == other.zero_point;
}

std::uint64_t StepList::add_table() {
  const auto table =
      int8_table(this_node().activation, quantisation_->tensors[at(this_node().inputs[0])],
                 quantisation_->tensors[at(index_)]);
  return weights_.add_bytes(std::as_bytes(std::span(table)));
}

Int8Layer StepList::int8_layer(int node) const {
  return int8_layer(node, quantisation_->weights[at(node)]);
}

Int8Layer StepList::int8_layer(int node, const WeightQuantisation& weights) const {
  return {weights, quantisation_->tensors[at(network_.nodes[at(node)].inputs[0])],
          quantisation_->tensors[at(node)]};
}

format::Parameters StepList::add_int8(const PackedInt8& packed) {
  const std::uint64_t first = weights_.add_bytes(packed.weights);
  return {first, weights_.add_bytes(packed.bias)};
}

format::Parameters StepList::add_floats(const std::vector<float>& weights, int depth, bool is_bf16,
                                        const std::vector<float>& bias) {
  return is_bf16 ? weights_.add(as_bf16(with_channels_together(weights, depth, 2)), bias)
                 : weights_.add(weights, bias);
}

std::uint32_t StepList::tensor(int node, const Lanes& lanes) {
  const net::Shape& shape = network_.nodes[at(node)].shape;
  format::Tensor made;
  if (is_int8() && !std::holds_alternative<net::Softmax>(network_.nodes[at(node)].op)) {
    made.element = format::Element::U8;
    made.scale = quantisation_->tensors[at(node)].scale;
    made.zero_point = quantisation_->tensors[at(node)].zero_point;
  }
  made.channels = shape.channels;
  made.height = shape.height;
  made.width = shape.width;
  if (lanes != identity_lanes(shape.channels)) made.lanes = lanes;
  file_.program.tensors.push_back(std::move(made));
  return static_cast<std::uint32_t>(file_.program.tensors.size() - 1);
}

Step StepList::step(StepKind kind, std::vector<std::uint32_t> inputs) {
  Step made;
  made.kind = kind;
  made.name = this_node().name;
  made.inputs = std::move(inputs);
  made.output = tensor(index_, lanes_[at(index_)]);
  made.activation = plain(this_node().activation);
  values_[at(index_)] = {made.output, lanes_[at(index_)]};
  return made;
}

Value StepList::arranged(int node, const Lanes& lanes) {
  const Value& value = values_[at(node)];
  if (value.lanes == lanes) return value;
  const std::uint32_t copy = tensor(node, lanes);
  add(gather_step({value.tensor}, lanes, {value.lanes}, {}, copy,
                  network_.nodes[at(node)].name + " (rearranged)"));
  return {copy, lanes};
}

Step StepList::gather_step(std::vector<std::uint32_t> inputs, const Lanes& lanes,
                           const std::vector<Lanes>& input_lanes,
                           const std::vector<ChannelSource>& sources, std::uint32_t output,
                           std::string name) const {
  std::vector<std::vector<std::int32_t>> lane_of;
  for (const Lanes& of : input_lanes) {
    const auto channels = *std::max_element(of.begin(), of.end()) + 1;
    lane_of.push_back(lane_of_channel(of, channels));
  }
  Step made;
  made.kind = StepKind::Gather;
  made.name = std::move(name);
  made.inputs = std::move(inputs);
  made.output = output;
  for (const std::int32_t channel : lanes) {
    if (channel < 0) {
      made.gather.push_back({-1, 0});
      continue;
    }
    const ChannelSource from = sources.empty() ? ChannelSource{0, channel} : sources[at(channel)];
    made.gather.push_back({from.input, lane_of[at(from.input)][at(from.channel)]});
  }
  return made;
}

void StepList::add_gather(const std::vector<int>& from, const std::vector<ChannelSource>& sources) {
  std::vector<std::uint32_t> inputs;
  std::vector<Lanes> input_lanes;
  for (const int input : from) {
    inputs.push_back(values_[at(input)].tensor);
    input_lanes.push_back(values_[at(input)].lanes);
  }
  const Lanes& lanes = lanes_[at(index_)];
  const std::uint32_t output = tensor(index_, lanes);
  add(gather_step(std::move(inputs), lanes, input_lanes, sources, output, this_node().name));
  values_[at(index_)] = {output, lanes};
}

}  // namespace atto::deploy
