// Detectors: shipped ones have the counts of others' tools, and are cut into plain networks.

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"
#include "tests/prototypes/language/sampling.hpp"

using namespace atto;

namespace {

net::DetectorParts shipped(const std::string& name, const spec::StatedSettings& stated = {}) {
  const net::Prototype prototype =
      net::read_prototype(std::string(ATTO_SOURCE_DIR) + "/prototypes/" + name + ".json");
  net::TaskInput input = prototype.written_input();
  input.detector = stated;
  return net::design_realised(prototype, input).detector.value();
}

net::Prototype atto_prototype() {
  return net::read_prototype(ATTO_SOURCE_DIR "/prototypes/atto_mask_rcnn.json");
}

std::vector<std::string> outputs_of(const net::Network& network) {
  const std::vector<net::Shape> shapes = net::infer_shapes(network);
  std::vector<std::string> texts;
  for (const net::Output& output : network.outputs) {
    const net::Shape& shape = shapes.at(static_cast<std::size_t>(output.layer));
    texts.push_back(output.name + " " + std::to_string(shape.channels) + "x" +
                    std::to_string(shape.height) + "x" + std::to_string(shape.width));
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("Mask R-CNN on ResNet-50 has exactly torchvision's counts") {
  // maskrcnn_resnet50_fpn: named_parameters() without the frozen norms' share, and _ops = 134.38.
  net::DetectorParts detector = shipped("resnet50_mask_rcnn");
  net::Costs costs = net::count_costs(detector);
  CHECK(costs.params == 44'454'513);
  CHECK(costs.macs == 187'586'351'616);
  const std::vector<net::PartCosts> parts = net::part_costs(detector);
  REQUIRE(parts.size() == 4);
  CHECK(parts[0].once.params == 23'508'032 + 3'344'384);
  CHECK(parts[0].macs == 52'131'840'000 + 36'249'600'000);
  CHECK(parts[1].once.params == 593'935);
  CHECK(parts[1].macs == 31'638'729'216);
  CHECK(parts[2].once.params == 14'362'055);
  CHECK(parts[2].macs == 14'359'552'000);
  CHECK(parts[3].once.params == 2'646'107);
  CHECK(parts[3].macs == 53'206'630'400);
  detector.mask.reset();
  CHECK(net::count_costs(detector).macs == 134'379'721'216);
}

TEST_CASE("Other shipped detectors have their counts") {
  const net::Costs mobile = net::count_costs(shipped("mobilenet_v2_fpn"));
  CHECK(mobile.params == 21'895'985);
  CHECK(mobile.macs == 134'543'711'616);
  CHECK(net::count_costs(shipped("resnet50_c4")).params == 36'076'205);
  // detectron2's, at the size that it tests with.
  const net::Prototype prototype =
      net::read_prototype(ATTO_SOURCE_DIR "/prototypes/resnet50_c4.json");
  net::TaskInput input = prototype.written_input();
  input.input.width = 1344;
  input.detector.proposals = 300;
  CHECK(net::design_realised(prototype, input).costs().macs == 445'000'192'000);
}

TEST_CASE("Proposals and detections of a task take the place of a detector's own") {
  spec::StatedSettings stated;
  stated.proposals = 300;
  stated.detections = 20;
  const net::DetectorParts detector = shipped("resnet50_mask_rcnn", stated);
  const net::DetectorParts written = shipped("resnet50_mask_rcnn");
  const std::vector<net::PartCosts> few = net::part_costs(detector),
                                    many = net::part_costs(written);
  CHECK(few[2].macs * 10 == many[2].macs * 3);
  CHECK(few[3].macs * 5 == many[3].macs);
  CHECK(net::structure_hash(detector) == net::structure_hash(written));
  stated.anchors = spec::AnchorSettings{{}, {0.5, 1}};
  const net::DetectorParts flat = shipped("resnet50_mask_rcnn", stated);
  CHECK(net::count_costs(flat).params == net::count_costs(written).params - 5 * 257);
}

TEST_CASE("A detector is cut into networks whose outputs are named") {
  const net::DetectorParts detector = shipped("resnet50_mask_rcnn");
  CHECK(outputs_of(detector.trunk) == Texts{"level[0] 256x200x200", "level[1] 256x100x100",
                                            "level[2] 256x50x50", "level[3] 256x25x25",
                                            "level[4] 256x13x13"});
  CHECK(outputs_of(detector.proposal) == Texts{"objectness 3x200x200", "deltas 12x200x200"});
  CHECK(outputs_of(detector.box) == Texts{"scores 91x1x1", "deltas 364x1x1"});
  CHECK(outputs_of(detector.mask.value()) == Texts{"masks 91x28x28"});
  CHECK(detector.cropped_levels == 4);
  CHECK_FALSE(detector.mask_follows_box);
  CHECK(detector.settings.proposals == 1000);
}

TEST_CASE("Without a pyramid the last stage looks at crops, and masks go on from there") {
  const net::DetectorParts detector = shipped("resnet50_c4");
  CHECK(outputs_of(detector.trunk) == Texts{"level[0] 1024x50x50"});
  CHECK(outputs_of(detector.proposal) == Texts{"objectness 15x50x50", "deltas 60x50x50"});
  CHECK(outputs_of(detector.box) == Texts{"scores 91x1x1", "deltas 364x1x1", "features 2048x7x7"});
  CHECK(outputs_of(detector.mask.value()) == Texts{"masks 91x14x14"});
  CHECK(detector.mask_follows_box);
  const std::vector<net::PartCosts> parts = net::part_costs(detector);
  CHECK(parts[2].runs == 1100);  // one more a detection, on its own box
  CHECK(parts[2].macs == 1100 * parts[2].once.macs);
}

TEST_CASE("A trunk's weights are called as those of the same stages in a classifier") {
  const net::Network classifier = net::read_design(ATTO_SOURCE_DIR "/prototypes/resnet50.json");
  std::set<std::string> names;
  for (const net::Layer& layer : shipped("resnet50_mask_rcnn").trunk.layers)
    names.insert(layer.name);
  for (const net::Layer& layer : classifier.layers)
    if (!layer.name.starts_with("head")) CHECK(names.contains(layer.name));
}

TEST_CASE("Random detectors are well-formed, their layers' names unique, and survive their text") {
  const net::Prototype prototype = atto_prototype();
  spec::Random random(3);
  for (int i = 0; i < 40; ++i) {
    const net::Assignment assignment = test::random_assignment(prototype, random);
    const net::Realised realised = net::realise(prototype, assignment);
    REQUIRE(realised.broken.empty());
    std::set<std::string> names = {"input"};
    std::int64_t params = 0;
    for (const net::Network* part : test::networks_of(realised)) {
      REQUIRE(net::malformed(*part).empty());
      params += net::count_costs(*part).params;
      for (const net::Layer& layer : part->layers)
        if (layer.name != "input") REQUIRE(names.insert(layer.name).second);
    }
    CHECK(realised.costs().params == params);
    const net::Prototype design(
        spec::parse_json(net::design_text(prototype, assignment), "design.json"));
    REQUIRE(design.is_design());
    CHECK(net::realise(design, {}).hash() == realised.hash());
  }
}

TEST_CASE("Detectors that differ in one choice have other hashes") {
  const net::Prototype prototype = atto_prototype();
  const net::Assignment first = test::taken(prototype, [](const net::Decision&) { return 0; });
  std::set<std::uint64_t> hashes = {net::realise(prototype, first).hash()};
  std::size_t designs = 1;
  for (const net::Decision& decision : prototype.decisions()) {
    if (!decision.path.starts_with("detector") || decision.parent != net::kNoDecision) continue;
    const net::Assignment other = test::taken(prototype, [&](const net::Decision& one) {
      return &one == &decision ? one.alternatives - 1 : 0;
    });
    hashes.insert(net::realise(prototype, other).hash());
    ++designs;
  }
  CHECK(designs > 6);
  CHECK(hashes.size() == designs);
}

TEST_CASE("A pyramid whose levels do not halve is refused with the sizes that would do") {
  const net::Prototype prototype = atto_prototype();
  net::TaskInput input = prototype.written_input();
  input.input.height = input.input.width = 100;
  CHECK_THROWS_WITH(net::expect_output(prototype, input, net::FirstOutput::Logits),
                    Catch::Contains("/detector/pyramid: the levels of a pyramid must halve in side "
                                    "from one to the next (7x7 over 4x4); an input of 96x96 or "
                                    "128x128 would do"));
  const net::TaskInput written = prototype.written_input();
  spec::Requirements require;
  require.macs.at = 224;
  CHECK_NOTHROW(net::expect_levels_at(prototype, written, require));
  require.macs.at = 100;
  CHECK_THROWS_WITH(net::expect_levels_at(prototype, written, require),
                    Catch::Contains("an input of 96x96 or 128x128 would do"));
  input.input.height = 96;
  input.input.width = 160;
  CHECK_NOTHROW(net::expect_output(prototype, input, net::FirstOutput::Logits));
}

TEST_CASE("Who knows one network says so of a detector, at its place") {
  CHECK_THROWS_WITH(
      net::read_design(ATTO_SOURCE_DIR "/prototypes/resnet50_c4.json"),
      Catch::Contains("resnet50_c4.json:17:15: /detector: this command knows networks "
                      "with a head, and no detectors yet"));
}
