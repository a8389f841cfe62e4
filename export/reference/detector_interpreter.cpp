#include "export/reference/detector_interpreter.hpp"

#include <cmath>
#include <memory>

#include "export/reference/interpreter.hpp"
#include "prototypes/detection/roi_align.hpp"
#include "prototypes/detection/rules.hpp"

namespace atto::deploy {
namespace {

/// From [channels, pixels] to [pixels, channels].
std::vector<float> turned(std::span<const float> from, std::size_t channels) {
  const std::size_t pixels = from.size() / channels;
  std::vector<float> to(from.size());
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t p = 0; p < pixels; ++p) to[p * channels + c] = from[c * pixels + p];
  return to;
}

det::PictureSize picture_size(const net::Shape& shape) {
  return {static_cast<float>(shape.height), static_cast<float>(shape.width)};
}

std::string level_name(std::size_t level) {
  return "proposals[" + std::to_string(level) + "]";
}

}  // namespace

DetectorInterpreter::RunPart interpreted(const net::DetectorParts& detector,
                                         const net::TensorFile& weights) {
  const auto parts = std::make_shared<std::map<std::string, Interpreter>>();
  const auto add = [&](const std::string& name, const net::Network& network) {
    net::TensorFile own;
    for (const net::WeightSpec& spec : net::weight_specs(network))
      own.tensors[spec.name] = weights.tensors.at(spec.name);
    parts->emplace(name, Interpreter(network, own));
  };
  add("trunk", detector.trunk);
  add("box", detector.box);
  if (detector.mask) add("mask", *detector.mask);
  const std::vector<net::Shape> levels = net::level_shapes(detector);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    net::Network proposal = detector.proposal;
    proposal.input = levels[i];
    add(level_name(i), proposal);
  }
  return [parts](const std::string& part, std::span<const float> input) {
    return parts->at(part).run(input);
  };
}

DetectorInterpreter::DetectorInterpreter(const net::DetectorParts& detector, RunPart run)
    : detector_(detector), shapes_(net::level_shapes(detector)), run_(std::move(run)) {}

DetectorInterpreter::DetectorInterpreter(const net::DetectorParts& detector,
                                         const net::TensorFile& weights)
    : DetectorInterpreter(detector, interpreted(detector, weights)) {}

DetectorInterpreter::Outputs DetectorInterpreter::said(const net::Network& network,
                                                       const std::string& part,
                                                       std::span<const float> input) const {
  std::vector<std::vector<float>> made = run_(part, input);
  Outputs outputs;
  for (std::size_t i = 0; i < made.size(); ++i)
    outputs[network.outputs.at(i).name] = std::move(made[i]);
  return outputs;
}

std::vector<det::Box> DetectorInterpreter::proposals(
    const std::vector<std::vector<float>>& levels) const {
  const det::PictureSize picture = picture_size(detector_.trunk.input);
  const auto shapes = static_cast<std::size_t>(detector_.settings.anchors.shapes_a_cell());
  std::vector<std::vector<det::Box>> anchors;
  std::vector<std::vector<float>> objectness, deltas;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Outputs of = said(detector_.proposal, level_name(i), levels[i]);
    anchors.push_back(det::anchors(det::anchor_level(detector_.settings.anchors, i, picture,
                                                     shapes_[i].height, shapes_[i].width)));
    objectness.push_back(turned(of.at(net::kObjectnessOutput), shapes));
    deltas.push_back(turned(of.at(net::kDeltasOutput), 4 * shapes));
  }
  std::vector<det::LevelAnswer> answers;
  for (std::size_t i = 0; i < levels.size(); ++i)
    answers.push_back({anchors[i], objectness[i].data(), deltas[i].data()});
  return det::proposals(answers, picture, det::proposal_rule(detector_.settings));
}

std::vector<float> DetectorInterpreter::cropped(const std::vector<std::vector<float>>& levels,
                                                const det::Box& box, int side) const {
  const det::PictureSize picture = picture_size(detector_.trunk.input);
  const det::LevelRule rule = det::level_rule(picture, shapes_[0].height, detector_.cropped_levels);
  const auto level = static_cast<std::size_t>(det::level_of(box, rule) - rule.lowest);
  const net::Shape& shape = shapes_[level];
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::vector<float> map = turned(levels[level], channels);
  std::vector<float> crop(channels * static_cast<std::size_t>(side * side));
  det::roi_align(map.data(), {shape.height, shape.width, shape.channels}, box,
                 {side, static_cast<float>(shape.height) / picture.height}, crop.data());
  return turned(crop, static_cast<std::size_t>(side * side));
}

void DetectorInterpreter::add_mask(const std::vector<std::vector<float>>& levels,
                                   const det::FoundObject& object,
                                   std::vector<float>& masks) const {
  const int side = (detector_.mask_follows_box ? detector_.box : *detector_.mask).input.height;
  std::vector<float> input = cropped(levels, object.box, side);
  if (detector_.mask_follows_box)
    input = said(detector_.box, "box", input).at(net::kFeaturesOutput);
  const std::vector<float> logits = said(*detector_.mask, "mask", input).at(net::kMasksOutput);
  const std::size_t pixels =
      logits.size() / (static_cast<std::size_t>(detector_.trunk.classes) + 1);
  for (std::size_t p = 0; p < pixels; ++p)
    masks.push_back(
        1 / (1 + std::exp(-logits[(static_cast<std::size_t>(object.category) + 1) * pixels + p])));
}

det::Found DetectorInterpreter::run(std::span<const float> picture) const {
  const std::vector<std::vector<float>> levels = run_("trunk", picture);
  const std::vector<det::Box> proposed = proposals(levels);
  std::vector<float> scores, deltas;
  for (const det::Box& box : proposed) {
    const Outputs of = said(detector_.box, "box", cropped(levels, box, detector_.box.input.height));
    const auto add = [&](const char* name, std::vector<float>& to) {
      to.insert(to.end(), of.at(name).begin(), of.at(name).end());
    };
    add(net::kScoresOutput, scores);
    add(net::kDeltasOutput, deltas);
  }
  det::Found found;
  found.objects = det::found_objects(proposed, scores.data(), deltas.data(),
                                     detector_.trunk.classes, picture_size(detector_.trunk.input),
                                     det::finding_rule(detector_.settings));
  if (detector_.mask)
    for (const det::FoundObject& object : found.objects) add_mask(levels, object, found.masks);
  return found;
}

}  // namespace atto::deploy
