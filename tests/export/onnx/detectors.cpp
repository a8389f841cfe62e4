#include "tests/export/onnx/detectors.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "design_specs/reading/json.hpp"
#include "export/reference/interpreter.hpp"
#include "prototypes/detection/roi_align.hpp"
#include "prototypes/detection/rules.hpp"
#include "prototypes/language/prototype.hpp"
#include "tests/export/random_weights.hpp"

namespace atto::test {
namespace {

using Maps = std::vector<std::vector<float>>;

constexpr const char* kTrunk = R"({
  "name": "small", "input": { "channels": 3, "height": 64, "width": 96 }, "classes": 3,
  "stem": [ { "op": "conv", "stride": 2, "channels": 8 } ],
  "stages": [
    { "name": "a", "modules": 1, "stride": 2, "channels": 8, "module": "m" },
    { "name": "b", "modules": 1, "stride": 2, "channels": 16, "module": "m" },
    { "name": "c", "modules": 1, "stride": 2, "channels": 16, "module": "m" } ],
  "modules": { "m": { "chain": [ { "op": "conv" } ] } },
  "detector": )";
constexpr const char* kPyramid = R"({
  "pyramid": { "from": ["a", "b", "c"], "channels": 12, "extra": 1,
    "lateral": [ { "op": "pointwise", "activation": "none" } ],
    "smooth": [ { "op": "depthwise" }, { "op": "pointwise" } ] },
  "proposals": { "tower": [ { "op": "conv" } ] },
  "box": { "crop": 5, "tower": [ { "op": "dense", "channels": 24, "activation": "relu" } ] },)";
constexpr const char* kMask = R"(
  "mask": { "crop": 6, "tower": [ { "op": "conv" } ], "enlarge": "deconv", "channels": 8 },)";
constexpr const char* kCrops = R"({
  "features": "b", "proposals": { "tower": [ { "op": "conv", "channels": 12 } ] },
  "box": { "crop": 6, "tower": "c" }, "mask": { "tower": "box", "channels": 8 },)";

std::string settings(const char* sizes) {
  return std::string(R"("settings": { "proposals": 40, "detections": 12, "anchors": { "sizes": )") +
         sizes + R"(, "ratios": [0.5, 1, 2] } } } })";
}

/// [channels, pixels] and back.
std::vector<float> turned(std::span<const float> from, std::size_t rows, std::size_t columns) {
  std::vector<float> to(from.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < columns; ++k) to[k * rows + i] = from[i * columns + k];
  return to;
}

std::size_t plane(const net::Shape& shape) {
  return static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width);
}

/// A detector at work on one picture.
class Reference {
 public:
  Reference(const net::DetectorParts& parts, const net::TensorFile& weights,
            std::span<const float> picture)
      : parts_(parts),
        weights_(weights),
        size_{static_cast<float>(parts.trunk.input.height),
              static_cast<float>(parts.trunk.input.width)},
        shapes_(net::level_shapes(parts)),
        levels_(run(parts.trunk, picture)) {}

  det::Found find() const {
    const std::vector<det::Box> proposed = proposals();
    const int labels = parts_.trunk.classes + 1;
    std::vector<float> scores, deltas;
    for (const det::Box& box : proposed) {
      const Maps said = run(parts_.box, crop(box, parts_.box.input.height));
      scores.insert(scores.end(), said[0].begin(), said[0].end());
      deltas.insert(deltas.end(), said[1].begin(), said[1].end());
    }
    det::Found found;
    found.objects = det::found_objects(proposed, scores.data(), deltas.data(), labels - 1, size_,
                                       det::finding_rule(parts_.settings));
    if (parts_.mask)
      for (const det::FoundObject& object : found.objects) {
        const std::vector<float> mask = mask_of(object);
        found.masks.insert(found.masks.end(), mask.begin(), mask.end());
      }
    return found;
  }

 private:
  Maps run(net::Network network, std::span<const float> map) const {
    net::TensorFile own;
    for (const net::WeightSpec& spec : net::weight_specs(network))
      own.tensors[spec.name] = weights_.tensors.at(spec.name);
    return deploy::Interpreter(std::move(network), own).run(map);
  }

  std::vector<det::Box> proposals() const {
    Maps kept;
    std::vector<std::vector<det::Box>> anchors;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      net::Network there = parts_.proposal;
      there.input = shapes_[i];
      const Maps said = run(there, levels_[i]);
      anchors.push_back(det::anchors(det::anchor_level(parts_.settings.anchors, i, size_,
                                                       shapes_[i].height, shapes_[i].width)));
      const auto shapes = static_cast<std::size_t>(parts_.settings.anchors.shapes_a_cell());
      kept.push_back(turned(said[0], shapes, plane(shapes_[i])));
      kept.push_back(turned(said[1], 4 * shapes, plane(shapes_[i])));
    }
    std::vector<det::LevelAnswer> answers;
    for (std::size_t i = 0; i < shapes_.size(); ++i)
      answers.push_back({anchors[i], kept[2 * i].data(), kept[2 * i + 1].data()});
    return det::proposals(answers, size_, det::proposal_rule(parts_.settings));
  }

  std::vector<float> crop(const det::Box& box, int side) const {
    const det::LevelRule rule =
        det::level_rule(size_, shapes_.front().height, parts_.cropped_levels);
    const auto level = static_cast<std::size_t>(det::level_of(box, rule) - rule.lowest);
    const net::Shape& shape = shapes_[level];
    const auto channels = static_cast<std::size_t>(shape.channels);
    const auto pixels = static_cast<std::size_t>(side * side);
    std::vector<float> crop(pixels * channels);
    det::roi_align(turned(levels_[level], channels, plane(shape)).data(),
                   {shape.height, shape.width, shape.channels}, box,
                   {side, static_cast<float>(shape.height) / size_.height}, crop.data());
    return turned(crop, pixels, channels);
  }

  std::vector<float> mask_of(const det::FoundObject& object) const {
    const net::Network& first = parts_.mask_follows_box ? parts_.box : *parts_.mask;
    std::vector<float> map = crop(object.box, first.input.height);
    if (parts_.mask_follows_box) map = run(parts_.box, map).at(2);
    const std::vector<float> logits = run(*parts_.mask, map).at(0);
    const std::size_t pixels = logits.size() / (static_cast<std::size_t>(parts_.trunk.classes) + 1);
    std::vector<float> mask;
    for (std::size_t p = 0; p < pixels; ++p)
      mask.push_back(
          1 /
          (1 + std::exp(-logits[(static_cast<std::size_t>(object.category) + 1) * pixels + p])));
    return mask;
  }

  const net::DetectorParts& parts_;
  const net::TensorFile& weights_;
  const det::PictureSize size_;
  const std::vector<net::Shape> shapes_;
  const Maps levels_;
};

}  // namespace

net::DetectorParts small_detector(DetectorKind kind) {
  std::string text = kTrunk;
  if (kind == DetectorKind::Crops)
    text += kCrops + settings("[[12, 30]]");
  else
    text += kPyramid + std::string(kind == DetectorKind::Masks ? kMask : "") +
            settings("[[8], [16], [32], [60]]");
  const net::Prototype design(spec::parse_json(text, "small.json"));
  return net::design_realised(design, design.written_input()).detector.value();
}

net::TensorFile random_weights(const net::DetectorParts& detector, std::uint64_t seed) {
  net::TensorFile all;
  for (const net::Network* part : {&detector.trunk, &detector.proposal, &detector.box,
                                   detector.mask ? &*detector.mask : nullptr})
    if (part) all.tensors.merge(random_weights(*part, ++seed).tensors);
  return all;
}

net::TensorFile undecided(const net::DetectorParts& detector, net::TensorFile weights) {
  for (const auto& [network, output] :
       {std::pair{&detector.proposal, net::kObjectnessOutput}, {&detector.box, net::kScoresOutput}})
    for (const net::Output& one : network->outputs)
      if (one.name == output)
        for (const char* part : {".weight", ".bias"}) {
          const net::Layer& layer = network->layers[static_cast<std::size_t>(one.layer)];
          std::vector<std::uint8_t>& bytes = weights.tensors.at(layer.name + part).bytes;
          std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
        }
  return weights;
}

det::Found find_by_reference(const net::DetectorParts& detector, const net::TensorFile& weights,
                             std::span<const float> picture) {
  return Reference(detector, weights, picture).find();
}

}  // namespace atto::test
