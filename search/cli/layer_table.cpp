#include "search/cli/layer_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "prototypes/network/costs.hpp"
#include "prototypes/network/dot.hpp"
#include "prototypes/network/op_fields.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json as_json(const Value& value) {
  if constexpr (std::is_same_v<Value, net::Sides>)
    return {value.height, value.width};
  else
    return value;
}

}  // namespace

Json layers_json(const net::Network& network) {
  const std::vector<net::LayerCosts> layers = net::layer_costs(network);
  Json json = Json::array();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const net::Layer& layer = network.layers[i];
    const net::Shape& shape = layers[i].shape;
    Json inputs = Json::array();
    for (const int input : layer.inputs)
      inputs.push_back(network.layers[static_cast<std::size_t>(input)].name);
    Json fields = Json::object();
    for (const net::OpField& field : net::op_fields(layer.op))
      std::visit([&](const auto& value) { fields[field.name] = as_json(value); }, field.value);
    json.push_back({{"name", layer.name},
                    {"op", net::op_name(layer.op)},
                    {"text", net::op_text(layer.op)},
                    {"fields", fields},
                    {"inputs", inputs},
                    {"shape", {shape.channels, shape.height, shape.width}},
                    {"params", layers[i].params},
                    {"macs", layers[i].macs},
                    {"live_bytes", layers[i].live_bytes}});
  }
  return json;
}

Json outputs_json(const net::Network& network) {
  Json json = Json::array();
  for (const net::Output& output : network.outputs)
    json.push_back({{"name", output.name},
                    {"layer", network.layers[static_cast<std::size_t>(output.layer)].name}});
  return json;
}

std::string layer_table(const net::Network& network) {
  const std::vector<net::LayerCosts> layers = net::layer_costs(network);
  std::size_t name = 5, op = 2;
  for (const net::Layer& layer : network.layers) {
    name = std::max(name, layer.name.size());
    op = std::max(op, net::op_text(layer.op).size());
  }
  const auto row = [&](auto layer, auto kind, auto shape, auto params, auto macs, auto live) {
    return fmt::format("{:<{}}  {:<{}}  {:>14}  {:>10}  {:>13}  {:>9}\n", layer, name, kind, op,
                       shape, params, macs, live);
  };
  std::string text = row("layer", "op", "shape", "params", "macs", "live KiB");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const net::Shape& shape = layers[i].shape;
    text += row(network.layers[i].name, net::op_text(network.layers[i].op),
                fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width),
                layers[i].params, layers[i].macs,
                fmt::format("{:.1f}", static_cast<double>(layers[i].live_bytes) / 1024));
  }
  return text;
}

}  // namespace atto::cli
