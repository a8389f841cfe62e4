#include "export/pytorch/facts.hpp"

#include "prototypes/network/shapes.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy::pytorch {
namespace {

double step_of(const net::Op& op) {
  if (const auto* conv = std::get_if<net::Conv>(&op)) return conv->stride.height;
  if (const auto* pool = std::get_if<net::Pool>(&op)) return pool->stride.height;
  if (const auto* zero = std::get_if<net::Zero>(&op)) return zero->stride.height;
  if (const auto* up = std::get_if<net::Upsample>(&op)) return 1.0 / up->factor;
  if (const auto* deconv = std::get_if<net::Deconv>(&op)) return 1.0 / deconv->kernel;
  return 1;
}

bool keeps_flat(const net::Op& op) {
  return std::holds_alternative<net::Activate>(op) || std::holds_alternative<net::Dropout>(op) ||
         std::holds_alternative<net::Softmax>(op);
}

}  // namespace

std::vector<int> read_values(const net::Layer& layer) {
  if (std::holds_alternative<net::PoolTo>(layer.op)) return {layer.inputs[0]};
  return layer.inputs;
}

Facts::Facts(const net::Network& network)
    : network_(network),
      shapes_(net::infer_shapes(network)),
      needed_(network.layers.size()),
      output_(network.layers.size()),
      flat_(network.layers.size()),
      readers_(network.layers.size()),
      reduction_(network.layers.size(), 1) {
  for (const net::Output& output : network.outputs)
    output_[static_cast<std::size_t>(output.layer)] = true;
  find_needed();
  for (int i = 1; i < size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const net::Op& op = layer(i).op;
    const auto first = static_cast<std::size_t>(layer(i).inputs[0]);
    flat_[at] = std::holds_alternative<net::Dense>(op) || (keeps_flat(op) && flat_[first]);
    // Joins go by the last input: a PoolTo's gives the size.
    reduction_[at] = reduction_[static_cast<std::size_t>(std::holds_alternative<net::PoolTo>(op)
                                                             ? layer(i).inputs.back()
                                                             : layer(i).inputs[0])] *
                     step_of(op);
    if (!needed_[at]) continue;
    for (const int from : read_values(layer(i)))
      readers_[static_cast<std::size_t>(from)].push_back(i);
  }
}

void Facts::find_needed() {
  needed_ = output_;
  needed_[0] = true;
  for (const net::WeightSpec& spec : net::weight_specs(network_))
    needed_[static_cast<std::size_t>(spec.layer)] = true;
  for (int i = size() - 1; i > 0; --i)
    if (needed_[static_cast<std::size_t>(i)])
      for (const int from : read_values(layer(i))) needed_[static_cast<std::size_t>(from)] = true;
}

std::string Facts::place(int index) const {
  const std::string& name = layer(index).name;
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

}  // namespace atto::deploy::pytorch
