#include "tests/export/onnx/detectors.hpp"

#include <algorithm>
#include <utility>

#include "design_specs/reading/json.hpp"
#include "prototypes/language/prototype.hpp"
#include "tests/export/random_weights.hpp"

namespace atto::test {
namespace {

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

}  // namespace

std::string small_design(DetectorKind kind) {
  std::string text = kTrunk;
  if (kind == DetectorKind::Crops)
    text += kCrops + settings("[[12, 30]]");
  else
    text += kPyramid + std::string(kind == DetectorKind::Masks ? kMask : "") +
            settings("[[8], [16], [32], [60]]");
  return text;
}

net::DetectorParts small_detector(DetectorKind kind) {
  const net::Prototype design(spec::parse_json(small_design(kind), "small.json"));
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

}  // namespace atto::test
