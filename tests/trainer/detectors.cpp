#include "tests/trainer/detectors.hpp"

#include "tests/trainer/networks.hpp"

namespace atto::test {
namespace {

constexpr int kChannels = 24, kShapes = 3;

/// Layer names are unique among all parts.
net::Network named(net::Network network, const std::string& part, int classes) {
  network.name = part;
  network.classes = classes;
  for (net::Layer& layer : network.layers) layer.name = part + "." + layer.name;
  return network;
}

int biased(NetworkBuilder& b, int from, int channels, int kernel) {
  return b.add(net::Conv{channels, kernel, 1, 1, 1, true}, {from});
}

net::Network trunk(int classes, net::Activation act) {
  NetworkBuilder b({3, 64, 64}, classes);
  const int c1 = b.unit(0, 16, 3, 2, 1, act), c2 = b.unit(c1, 24, 3, 2, 1, act),
            c3 = b.unit(c2, 32, 3, 2, 1, act), c4 = b.unit(c3, 48, 3, 2, 1, act);
  const int p4 = biased(b, c4, kChannels, 1);
  const int p3 = b.add(net::Add{}, {biased(b, c3, kChannels, 1), b.add(net::Upsample{2}, {p4})});
  const int p2 = b.add(net::Add{}, {biased(b, c2, kChannels, 1), b.add(net::Upsample{2}, {p3})});
  b.network.outputs = {{"level[0]", p2}, {"level[1]", p3}, {"level[2]", p4}};
  net::Network trunk = named(b.network, "trunk", classes);
  for (int i = c2 + 1; i <= c3; ++i) {
    std::string& name = trunk.layers[static_cast<std::size_t>(i)].name;
    name = "stages[0].modules[0]." + name;
  }
  return trunk;
}

net::Network proposal(int classes, net::Activation act) {
  NetworkBuilder b({kChannels, 16, 16}, classes);
  const int tower = b.add(net::Activate{act}, {biased(b, 0, kChannels, 3)});
  b.network.outputs = {{net::kObjectnessOutput, biased(b, tower, kShapes, 1)},
                       {net::kDeltasOutput, biased(b, tower, 4 * kShapes, 1)}};
  return named(b.network, "proposal", classes);
}

net::Network box(int classes, MaskInput mask, net::Activation act) {
  NetworkBuilder b({kChannels, 7, 7}, classes);
  const int features = mask == MaskInput::BoxFeatures ? b.unit(0, kChannels, 3, 1, 1, act) : 0;
  const int tower = b.add(net::Activate{act}, {b.add(net::Dense{64}, {features})});
  b.network.outputs = {{net::kScoresOutput, b.add(net::Dense{classes + 1}, {tower})},
                       {net::kDeltasOutput, b.add(net::Dense{4 * (classes + 1)}, {tower})}};
  if (mask == MaskInput::BoxFeatures) b.network.outputs.push_back({net::kFeaturesOutput, features});
  return named(b.network, "box", classes);
}

net::Network mask(int classes, net::Activation act) {
  NetworkBuilder b({kChannels, 7, 7}, classes);
  int at = b.unit(0, kChannels, 3, 1, 1, act);
  at = b.add(net::Activate{act}, {b.add(net::Deconv{kChannels, 2, true}, {at})});
  b.network.outputs = {{net::kMasksOutput, biased(b, at, classes + 1, 1)}};
  return named(b.network, "mask", classes);
}

}  // namespace

net::DetectorParts tiny_detector(int classes, MaskInput input, bool is_smooth) {
  const net::Activation act = is_smooth ? net::Activation::Tanh : net::Activation::Relu;
  net::DetectorParts parts;
  parts.trunk = trunk(classes, act);
  parts.proposal = proposal(classes, act);
  parts.box = box(classes, input, act);
  if (input != MaskInput::None) parts.mask = mask(classes, act);
  parts.mask_follows_box = input == MaskInput::BoxFeatures;
  parts.cropped_levels = 3;
  parts.settings.anchors.sizes = {{12}, {20}, {32}};
  parts.settings.proposals = 40;
  parts.settings.detections = 20;
  return parts;
}

}  // namespace atto::test
