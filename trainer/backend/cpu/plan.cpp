#include "trainer/backend/cpu/plan.hpp"

#include <algorithm>
#include <map>

#include "prototypes/network/shapes.hpp"

namespace atto::train::cpu {
namespace {

class Planner {
 public:
  Planner(const net::Network& network, const BackendSettings& settings, const StepMaker& other_step)
      : network_(network),
        shapes_(net::infer_shapes(network)),
        settings_(settings),
        other_step_(other_step),
        is_output_(network.layers.size(), false),
        is_needed_(network.layers.size(), false),
        readers_(network.layers.size()),
        of_layer_(network.layers.size(), nullptr) {}

  Plan make() {
    find_needed();
    for (std::size_t i = 0; i < network_.layers.size(); ++i)
      if (is_needed_[i] && !of_layer_[i]) plan_layer(static_cast<int>(i));
    plan_.input = of_layer_[0];
    for (int output : settings_.outputs) {
      plan_.outputs.push_back(of_layer_[output_layer(output)]);
      ++plan_.outputs.back()->readers;
    }
    plan_.of_layer = of_layer_;
    place_gradients();
    return std::move(plan_);
  }

 private:
  const net::Layer& layer(int index) const {
    return network_.layers[static_cast<std::size_t>(index)];
  }

  std::size_t output_layer(int output) const {
    return static_cast<std::size_t>(network_.outputs.at(static_cast<std::size_t>(output)).layer);
  }

  void find_needed() {
    for (int output : settings_.outputs)
      is_needed_[output_layer(output)] = is_output_[output_layer(output)] = true;
    for (std::size_t i = network_.layers.size(); i-- > 0;) {
      if (!is_needed_[i]) continue;
      for (int input : network_.layers[i].inputs) {
        is_needed_[static_cast<std::size_t>(input)] = true;
        readers_[static_cast<std::size_t>(input)].push_back(static_cast<int>(i));
      }
    }
  }

  Feature* add_feature(const net::Shape& shape) {
    auto feature = std::make_unique<Feature>();
    const auto channels = static_cast<std::size_t>(shape.channels);
    feature->shape = shape;
    feature->raw = Buffer(static_cast<std::size_t>(shape.elements()) *
                          static_cast<std::size_t>(settings_.batch));
    plan_.bytes += feature->raw.size() * sizeof(float);
    feature->scale.assign(channels, 1.0F);
    feature->shift.assign(channels, 0.0F);
    feature->mean.assign(channels, 0.0F);
    feature->deviation.assign(channels, 1.0F);
    plan_.features.push_back(std::move(feature));
    return plan_.features.back().get();
  }

  /// Returns the layer's only reader, or -1.
  int only_reader(int index) const {
    const auto& readers = readers_[static_cast<std::size_t>(index)];
    return readers.size() == 1 && !is_output_[static_cast<std::size_t>(index)] ? readers[0] : -1;
  }

  /// Lets the map carry the batch norm and the activation that follow it and have no other source.
  void absorb(Feature* feature, int index, bool may_norm) {
    of_layer_[static_cast<std::size_t>(index)] = feature;
    int next = only_reader(index);
    if (may_norm && next >= 0 && std::holds_alternative<net::BatchNorm>(layer(next).op)) {
      feature->norm_layer = next;
      of_layer_[static_cast<std::size_t>(next)] = feature;
      next = only_reader(next);
    }
    if (next < 0) return;
    const auto* activate = std::get_if<net::Activate>(&layer(next).op);
    if (!activate || !is_cheap(activate->kind)) return;
    feature->act = activate->kind;
    of_layer_[static_cast<std::size_t>(next)] = feature;
  }

  Feature* add_step(std::unique_ptr<Step> step, int index) {
    for (int input : layer(index).inputs) {
      Feature* const from = of_layer_[static_cast<std::size_t>(input)];
      const bool gives_size_only =
          std::holds_alternative<net::PoolTo>(layer(index).op) && !step->inputs.empty();
      step->inputs.push_back(from);
      if (!gives_size_only) ++from->readers;
    }
    step->output = add_feature(shapes_[static_cast<std::size_t>(index)]);
    plan_.steps.push_back(std::move(step));
    return plan_.steps.back()->output;
  }

  ConvGeometry geometry(int index) const {
    ConvGeometry g;
    g.in = shapes_[static_cast<std::size_t>(layer(index).inputs.at(0))];
    g.out = shapes_[static_cast<std::size_t>(index)];
    g.layer = index;
    if (const auto* conv = std::get_if<net::Conv>(&layer(index).op)) {
      g.rows = net::rows_of(*conv);
      g.columns = net::columns_of(*conv);
      g.groups = conv->groups;
      g.has_bias = conv->bias;
    } else if (const auto* deconv = std::get_if<net::Deconv>(&layer(index).op)) {
      g.rows = g.columns = {deconv->kernel, deconv->kernel, 1, net::Padding::Valid};
      g.has_bias = deconv->bias;
    } else {  // dense: one kernel as large as the map
      g.rows = {g.in.height, 1, 1, net::Padding::Valid};
      g.columns = {g.in.width, 1, 1, net::Padding::Valid};
      g.has_bias = true;
    }
    return g;
  }

  static bool suits_depthwise_step(const ConvGeometry& g) {
    return g.rows == g.columns && g.rows.kernel % 2 == 1 && g.rows.dilation == 1 &&
           g.rows.padding == net::Padding::Same;
  }
  void plan_conv(int index) {
    const ConvGeometry g = geometry(index);
    const bool is_depthwise =
        g.groups == g.in.channels && g.groups == g.out.channels && suits_depthwise_step(g);
    const auto make = std::holds_alternative<net::Deconv>(layer(index).op) ? make_deconv_step
                      : is_depthwise                                       ? make_depthwise_step
                                                                           : make_conv_step;
    Feature* const out = add_step(make(g, settings_.threads), index);
    if (g.has_bias) out->bias_layer = index;
    absorb(out, index, !g.has_bias);
  }

  /// Whether a layer multiplies a map by one value a channel.
  bool is_gate(int index) const {
    if (!std::holds_alternative<net::Multiply>(layer(index).op)) return false;
    const net::Shape& gate = shapes_[static_cast<std::size_t>(layer(index).inputs.at(1))];
    return gate.height == 1 && gate.width == 1;
  }

  void plan_layer(int index) {
    const net::Op& op = layer(index).op;
    const auto* activation = std::get_if<net::Activate>(&op);
    if (std::holds_alternative<net::InputLayer>(op)) {
      Feature* const input = add_feature(shapes_[0]);
      input->needs_gradient = settings_.gives_image_slopes;
      of_layer_[0] = input;
    } else if (has_kernel(op)) {
      plan_conv(index);
    } else if (std::holds_alternative<net::Add>(op)) {
      absorb(add_step(make_add_step(), index), index, true);
    } else if (is_gate(index)) {
      absorb(add_step(make_gate_step(), index), index, true);
    } else if (std::holds_alternative<net::GlobalAveragePool>(op)) {
      absorb(add_step(make_global_pool_step(), index), index, false);
    } else if (std::holds_alternative<net::BatchNorm>(op)) {
      Feature* const copy = add_step(make_add_step(), index);
      copy->norm_layer = index;
      absorb(copy, index, false);
    } else if (activation && is_cheap(activation->kind)) {
      Feature* const copy = add_step(make_add_step(), index);
      copy->act = activation->kind;
      of_layer_[static_cast<std::size_t>(index)] = copy;
    } else {
      absorb(add_step(other_step_(layer(index), index), index), index, true);
    }
  }

  /// A map's gradient lives from its last reader's backward step to its own maker's: places are
  /// given in that order, and taken back after it.
  void place_gradients() {
    std::multimap<std::size_t, std::size_t> free;  // size -> place
    std::map<Feature*, std::size_t> held;
    std::size_t end = 0;
    const auto take = [&](Feature* feature) {
      if (!feature->needs_gradient || held.contains(feature)) return;
      const std::size_t size = (feature->raw.size() + kLanes - 1) / kLanes * kLanes;
      const auto place = free.lower_bound(size);
      if (place == free.end()) {
        feature->gradient_at = end;
        held[feature] = size;
        end += size;
      } else {
        feature->gradient_at = place->second;
        held[feature] = place->first;
        free.erase(place);
      }
    };
    for (Feature* output : plan_.outputs) take(output);
    for (std::size_t i = plan_.steps.size(); i-- > 0;) {
      for (Feature* input : plan_.steps[i]->inputs) take(input);
      Feature* const done = plan_.steps[i]->output;
      free.emplace(held.at(done), done->gradient_at);
    }
    plan_.gradients = Buffer(end);
    plan_.bytes += end * sizeof(float);
    for (const auto& feature : plan_.features)
      feature->gradient = plan_.gradients.data() + feature->gradient_at;
  }

  const net::Network& network_;
  const std::vector<net::Shape> shapes_;
  const BackendSettings& settings_;
  const StepMaker& other_step_;
  std::vector<bool> is_output_, is_needed_;
  std::vector<std::vector<int>> readers_;
  std::vector<Feature*> of_layer_;
  Plan plan_;
};

}  // namespace

std::size_t planned_bytes(const net::Network& network, int batch) {
  // A map for every layer that is no batch norm or activation, and half as much again for
  // gradients.
  const std::vector<net::Shape> shapes = net::infer_shapes(network);
  double elements = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const net::Op& op = network.layers[i].op;
    if (!std::holds_alternative<net::BatchNorm>(op) && !std::holds_alternative<net::Activate>(op))
      elements += static_cast<double>(shapes[i].elements());
  }
  return static_cast<std::size_t>(1.5 * sizeof(float) * elements * batch);
}

Plan make_plan(const net::Network& network, const BackendSettings& settings,
               const StepMaker& other_step) {
  return Planner(network, settings, other_step).make();
}

}  // namespace atto::train::cpu
