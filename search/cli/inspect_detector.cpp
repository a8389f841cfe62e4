#include "search/cli/inspect_detector.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/json_text.hpp"
#include "prototypes/network/identity.hpp"
#include "search/cli/layer_table.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

/// What the detector costs that says boxes alone.
std::int64_t macs_without_masks(const net::DetectorParts& detector) {
  net::DetectorParts boxes = detector;
  boxes.mask.reset();
  return net::count_costs(boxes).macs;
}

Json anchors_json(const spec::AnchorSettings& anchors) {
  if (anchors.are_fitted()) return "auto";
  return {{"sizes", anchors.sizes}, {"ratios", anchors.ratios}};
}

std::string level_text(const net::DetectorParts& detector) {
  std::vector<std::string> levels;
  for (const net::Shape& level : net::level_shapes(detector))
    levels.push_back(fmt::format("{}x{}x{}", level.channels, level.height, level.width));
  return fmt::format("levels {}; crops of the first {}; {} anchors a cell", fmt::join(levels, ", "),
                     detector.cropped_levels, detector.settings.anchors.shapes_a_cell());
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string detector_table(const net::DetectorParts& detector) {
  const std::vector<net::PartCosts> parts = net::part_costs(detector);
  const spec::Costs costs = net::count_costs(detector);
  std::string text;
  for (const net::PartCosts& part : parts)
    text += fmt::format("{}\n{}\n", part.name, layer_table(*part.network));
  text += fmt::format("{:<10}  {:>10}  {:>7}  {:>15}  {:>6}  {:>16}  {:>7}\n", "part", "params", "",
                      "MACs of a run", "runs", "MACs", "");
  for (const net::PartCosts& part : parts)
    text += fmt::format("{:<10}  {:>10}  {:>5.1f} %  {:>15}  {:>6}  {:>16}  {:>5.1f} %\n",
                        part.name, part.once.params, share(part.once.params, costs.params),
                        part.once.macs, part.runs, part.macs, share(part.macs, costs.macs));
  text += "The proposals run once a level; the MACs of a run are those of the first.\n";
  const spec::DetectorSettings& settings = detector.settings;
  text += fmt::format("\n{}: {} params, {} MACs, peak {:.1f} KiB, model {:.1f} KiB\n",
                      detector.trunk.name, costs.params, costs.macs,
                      static_cast<double>(costs.peak_activation_bytes) / 1024,
                      static_cast<double>(costs.model_bytes) / 1024);
  if (detector.mask) text += fmt::format("without masks: {} MACs\n", macs_without_masks(detector));
  return text +
         fmt::format("{} classes and the background; {} proposals, {} detections\n{}\nhash {}\n",
                     detector.trunk.classes, settings.proposals, settings.detections,
                     level_text(detector), net::hash_text(net::structure_hash(detector)));
}

std::string detector_json(const net::DetectorParts& detector) {
  const spec::Costs costs = net::count_costs(detector);
  const spec::DetectorSettings& settings = detector.settings;
  const net::Shape& input = detector.trunk.input;
  Json json = {{"name", detector.trunk.name},
               {"hash", net::hash_text(net::structure_hash(detector))},
               {"input", {input.channels, input.height, input.width}},
               {"classes", detector.trunk.classes},
               {"params", costs.params},
               {"macs", costs.macs},
               {"macs_without_masks", macs_without_masks(detector)},
               {"peak_activation_bytes", costs.peak_activation_bytes},
               {"model_bytes", costs.model_bytes},
               {"settings",
                {{"anchors", anchors_json(settings.anchors)},
                 {"proposals", settings.proposals},
                 {"detections", settings.detections},
                 {"score", settings.score},
                 {"nms", settings.nms}}},
               {"cropped_levels", detector.cropped_levels},
               {"mask_follows_box", detector.mask_follows_box}};
  json["parts"] = Json::array();
  for (const net::PartCosts& part : net::part_costs(detector))
    json["parts"].push_back({{"name", part.name},
                             {"params", part.once.params},
                             {"macs_once", part.once.macs},
                             {"runs", part.runs},
                             {"macs", part.macs},
                             {"layers", layers_json(*part.network)},
                             {"outputs", outputs_json(*part.network)}});
  return spec::json_text(json, 2) + "\n";
}

}  // namespace atto::cli
