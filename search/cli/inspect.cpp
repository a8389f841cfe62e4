// `atto inspect`: what a design is made of and what it costs, layer by layer.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "prototypes/drawing/network_svg.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/dot.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/footprint.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/inspect_detector.hpp"
#include "search/cli/inspect_model.hpp"
#include "search/cli/layer_table.hpp"
#include "search/cli/path_kind.hpp"

namespace atto::cli {
namespace {

struct InspectOptions {
  std::string file;
  int classes = 0, resolution = 0;
  bool is_json = false, is_dot = false, is_svg = false;
};

using Json = nlohmann::ordered_json;

/// Of the int8 C file, for the core that specs mean by default; nothing where C cannot express it.
std::optional<search::Footprint> device_sizes(const net::Network& network, std::string& refusal) {
  try {
    return search::footprint_of(network, std::string(spec::kCores.front()));
  } catch (const SpecError& error) {
    refusal = error.problems().front().rule;
    return {};
  }
}

std::string json_text(const net::Network& network) {
  const spec::Costs costs = net::count_costs(network);
  Json json = {{"name", network.name},
               {"hash", net::hash_text(net::structure_hash(network))},
               {"input", {network.input.channels, network.input.height, network.input.width}},
               {"classes", network.classes},
               {"params", costs.params},
               {"macs", costs.macs},
               {"peak_activation_bytes", costs.peak_activation_bytes},
               {"model_bytes", costs.model_bytes}};
  std::string refusal;
  const std::optional<search::Footprint> sizes = device_sizes(network, refusal);
  json["flash_kib"] = sizes ? Json(sizes->flash_kib) : Json(nullptr);
  json["ram_kib"] = sizes ? Json(sizes->ram_kib) : Json(nullptr);
  json["layers"] = layers_json(network);
  json["outputs"] = outputs_json(network);
  return spec::json_text(json, 2) + "\n";
}

std::string table_text(const net::Network& network) {
  const spec::Costs costs = net::count_costs(network);
  std::string refusal;
  const std::optional<search::Footprint> sizes = device_sizes(network, refusal);
  return layer_table(network) +
         fmt::format(
             "\n{}: {} layers, {} params, {} MACs, peak {:.1f} KiB, model {:.1f} KiB\n{}\nhash "
             "{}\n",
             network.name, network.layers.size(), costs.params, costs.macs,
             static_cast<double>(costs.peak_activation_bytes) / 1024,
             static_cast<double>(costs.model_bytes) / 1024,
             sizes ? fmt::format("in int8 C: flash {:.1f} KiB ({}), RAM {:.1f} KiB",
                                 sizes->flash_kib, spec::kCores.front(), sizes->ram_kib)
                   : "no int8 C: " + refusal,
             net::hash_text(net::structure_hash(network)));
}

std::string svg_text(const net::Network& network, const net::Prototype& design) {
  return net::network_svg(net::diagram_of(network, net::recorded(design.provenance())));
}

int inspect(const InspectOptions& options) {
  std::optional<spec::JsonFile> read =
      read_if_json(options.file, "atto inspect", {PathKind::Network, PathKind::Model});
  if (!read) {
    const std::string text = model_text(options.file, options.is_json);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  const net::Prototype prototype(std::move(read->document));
  net::TaskInput input = prototype.written_input();
  if (options.classes > 0) input.classes = options.classes;
  if (options.resolution > 0) input.input.height = input.input.width = options.resolution;
  const net::Realised realised = net::design_realised(prototype, input);
  if (realised.detector) {
    if (options.is_dot || options.is_svg) net::expect_one_network(prototype, "a picture");
    const std::string text =
        options.is_json ? detector_json(*realised.detector) : detector_table(*realised.detector);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  const net::Network& network = *realised.network;
  const std::string text = options.is_json  ? json_text(network)
                           : options.is_dot ? net::dot_text(network)
                           : options.is_svg ? svg_text(network, prototype)
                                            : table_text(network);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto options = std::make_shared<InspectOptions>();
  Command command(
      app, "inspect",
      "Show a design layer by layer (shapes, parameters, MACs, memory) or a model file");
  command.option("file", options->file, "a design, a prototype without holes, or an .atto model")
      .required();
  Option json = command.flag("--json", options->is_json, "print JSON");
  Option dot = command.flag("--dot", options->is_dot, "print a Graphviz picture");
  command.flag("--svg", options->is_svg, "print a picture: modules, widths, who decided what")
      .excludes(json)
      .excludes(dot.excludes(json));
  command.option("--classes", options->classes, "count with this many classes").range(1, 65536);
  command.option("--resolution", options->resolution, "count at this input side, in pixels")
      .range(1, 4096);
  command.footer(
      "Examples:\n"
      "  atto inspect prototypes/mobilenet_v2.json --classes 10 --resolution 64\n"
      "  atto inspect runs/quickstart-s1/winner/design.json --svg > winner.svg\n"
      "A prototype with holes has no layers yet: `atto generate` draws designs of it.");
  command.runs(action, [options] { return inspect(*options); });
}

}  // namespace atto::cli
