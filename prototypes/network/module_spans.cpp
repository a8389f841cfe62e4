#include "prototypes/network/module_spans.hpp"

#include <algorithm>

#include "prototypes/network/costs.hpp"

namespace atto::net {
namespace {

bool holds(const ModuleSpan& span, int layer) {
  return std::binary_search(span.layers.begin(), span.layers.end(), layer);
}

/// Sets the span's ends once its layers are known.
void find_ends(const Network& network, ModuleSpan& span) {
  span.input = network.layers[static_cast<std::size_t>(span.layers.front())].inputs.at(0);
  span.output = span.layers.back();
  int last = -1;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (holds(span, static_cast<int>(i))) continue;
    for (int input : network.layers[i].inputs)
      if (holds(span, input)) last = std::max(last, input);
  }
  for (const Output& output : network.outputs)
    if (holds(span, output.layer)) last = std::max(last, output.layer);
  if (last >= 0) span.output = last;
}

}  // namespace

std::string module_of(const std::string& layer_name) {
  constexpr std::string_view kModules = ".modules[";
  if (!layer_name.starts_with("stages[")) return "";
  const std::size_t at = layer_name.find(kModules);
  if (at == std::string::npos) return "";
  const std::size_t end = layer_name.find(']', at + kModules.size());
  return end == std::string::npos ? "" : layer_name.substr(0, end + 1);
}

std::vector<ModuleSpan> module_spans(const Network& network) {
  const std::vector<LayerCosts> costs = layer_costs(network);
  std::vector<ModuleSpan> spans;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const std::string path = module_of(network.layers[i].name);
    if (path.empty()) continue;
    auto found = std::find_if(spans.begin(), spans.end(),
                              [&](const ModuleSpan& span) { return span.path == path; });
    if (found == spans.end()) {
      spans.emplace_back();
      found = spans.end() - 1;
      found->path = path;
    }
    found->layers.push_back(static_cast<int>(i));
    found->params += costs[i].params;
    found->macs += costs[i].macs;
  }
  for (ModuleSpan& span : spans) find_ends(network, span);
  return spans;
}

}  // namespace atto::net
