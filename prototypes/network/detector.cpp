#include "prototypes/network/detector.hpp"

#include <algorithm>
#include <limits>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::net {
namespace {

std::int64_t multiply_saturated(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max()
                                                : product;
}

PartCosts repeated(std::string_view name, const Network& network, std::int64_t runs) {
  const Costs once = count_costs(network);
  return {name, &network, once, runs, multiply_saturated(once.macs, runs)};
}

/// The weights are the same at every level, the maps are not.
PartCosts proposals(const Network& network, const std::vector<Shape>& levels) {
  PartCosts costs = repeated("proposals", network, static_cast<std::int64_t>(levels.size()));
  Network there = network;
  costs.macs = 0;
  for (const Shape& level : levels) {
    there.input = level;
    costs.macs = add_saturated(costs.macs, count_costs(there).macs);
  }
  return costs;
}

}  // namespace

std::vector<const Network*> networks_of(const DetectorParts& detector) {
  std::vector<const Network*> parts = {&detector.trunk, &detector.proposal, &detector.box};
  if (detector.mask) parts.push_back(&*detector.mask);
  return parts;
}

std::vector<Shape> level_shapes(const DetectorParts& detector) {
  const std::vector<Shape> shapes = infer_shapes(detector.trunk);
  std::vector<Shape> levels;
  for (const Output& output : detector.trunk.outputs)
    levels.push_back(shapes.at(static_cast<std::size_t>(output.layer)));
  return levels;
}

std::vector<PartCosts> part_costs(const DetectorParts& detector) {
  const DetectorSettings& settings = detector.settings;
  const int masks_boxes = detector.mask && detector.mask_follows_box ? settings.detections : 0;
  std::vector<PartCosts> parts = {
      repeated("trunk", detector.trunk, 1), proposals(detector.proposal, level_shapes(detector)),
      repeated("box", detector.box, std::int64_t{settings.proposals} + masks_boxes)};
  if (detector.mask) parts.push_back(repeated("mask", *detector.mask, settings.detections));
  return parts;
}

Costs count_costs(const DetectorParts& detector) {
  const std::vector<Shape> levels = level_shapes(detector);
  std::int64_t kept = 0;
  for (const Shape& level : levels) kept += kBytesPerValue * level.elements();
  Costs sum;
  for (const PartCosts& part : part_costs(detector)) {
    sum.params = add_saturated(sum.params, part.once.params);
    sum.macs = add_saturated(sum.macs, part.macs);
    sum.model_bytes = add_saturated(sum.model_bytes, part.once.model_bytes);
    // The levels live beside the later parts; the proposals read one of them.
    const std::int64_t beside = part.network == &detector.trunk ? 0
                                : part.network == &detector.proposal
                                    ? kept - kBytesPerValue * levels.front().elements()
                                    : kept;
    sum.peak_activation_bytes =
        std::max(sum.peak_activation_bytes, beside + part.once.peak_activation_bytes);
  }
  return sum;
}

std::uint64_t structure_hash(const DetectorParts& detector) {
  const std::vector<const Network*> parts = networks_of(detector);
  std::size_t layers = 0;
  for (const Network* part : parts) layers += part->layers.size();
  StructureHasher hasher(detector.trunk.input, detector.trunk.classes, layers);
  std::vector<Shape> inputs;
  std::vector<int> outputs, numbered;
  int first = 0;
  for (const Network* part : parts) {
    for (const Layer& layer : part->layers) {
      numbered.clear();
      for (const int input : layer.inputs) numbered.push_back(first + input);
      hasher.add(layer.op, numbered);
    }
    for (const Output& output : part->outputs) outputs.push_back(first + output.layer);
    if (part != parts.front()) inputs.push_back(part->input);
    first += static_cast<int>(part->layers.size());
  }
  return detector_hash(hasher.finish(outputs), inputs, detector.cropped_levels,
                       detector.mask_follows_box);
}

std::uint64_t detector_hash(std::uint64_t layers, std::span<const Shape> inputs,
                            std::size_t cropped_levels, bool mask_follows_box) {
  std::uint64_t hash = layers;
  const auto mix = [&](std::int64_t value) {
    hash = spec::mix64(hash ^ spec::mix64(static_cast<std::uint64_t>(value)));
  };
  for (const Shape& input : inputs)
    for (const int side : {input.channels, input.height, input.width}) mix(side);
  mix(static_cast<std::int64_t>(cropped_levels));
  mix(mask_follows_box ? 1 : 0);
  return hash;
}

}  // namespace atto::net
