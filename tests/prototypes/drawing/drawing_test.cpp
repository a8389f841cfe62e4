#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "prototypes/drawing/network_svg.hpp"
#include "prototypes/network/costs.hpp"

using namespace atto::net;

namespace {

Diagram diagram_of_file(const std::string& file) {
  const std::string path = std::string(ATTO_SOURCE_DIR "/") + file;
  return diagram_of(read_design(path), recorded(read_prototype(path).provenance()));
}

const DrawnCard& card(const Diagram& diagram, const std::string& stage, const std::string& title) {
  const auto found =
      std::find_if(diagram.cards.begin(), diagram.cards.end(),
                   [&](const DrawnCard& one) { return one.stage == stage && one.title == title; });
  REQUIRE(found != diagram.cards.end());
  return *found;
}

}  // namespace

TEST_CASE("A design is drawn as modules of blocks, with who settled what") {
  const Diagram diagram = diagram_of_file("tests/interop/winner/design.json");
  CHECK(diagram.cards.size() == 6);
  CHECK(diagram.params == 52034);
  CHECK(diagram.macs == 4622128);
  const DrawnCard& module = card(diagram, "stages[0]", "modules[0]");
  REQUIRE(module.blocks.size() == 5);
  CHECK(module.blocks[1].title == "grouped 3x3 /2");
  CHECK(module.blocks[1].detail == "24 channels, 8 groups, relu");
  CHECK(module.blocks[1].by == SettledBy::Machine);
  CHECK(module.blocks[2].by == SettledBy::Text);
  CHECK(module.by == SettledBy::Machine);
  CHECK(module.blocks[3].title == "pointwise /2");  // the shortcut, beside the chain
  CHECK(module.blocks[3].column == 1);
  CHECK(module.blocks[3].reads_card);
  CHECK(module.blocks[4].title == "add");
  CHECK(module.blocks[4].inputs == std::vector<int>{2, 3});
  CHECK(module.blocks[4].rank == 3);
  CHECK(card(diagram, "stages[0]", "modules[1]").blocks[2].title == "squeeze-excite");
  REQUIRE(diagram.stages.size() == 2);
  CHECK(diagram.stages[0].by == SettledBy::Machine);
}

TEST_CASE("Equal modules are drawn once, and nothing of a network is left out") {
  const Diagram diagram = diagram_of_file("prototypes/mobilenet_v2.json");
  CHECK(card(diagram, "stages[3]", "modules[1..3]").count == 3);
  for (const auto& entry : std::filesystem::directory_iterator(ATTO_SOURCE_DIR "/prototypes")) {
    if (entry.path().extension() != ".json") continue;
    if (entry.path().filename().string().find("schema") != std::string::npos) continue;
    const Prototype prototype = read_prototype(entry.path());
    if (!prototype.is_design() || prototype.is_detector()) continue;
    const Network network = read_design(entry.path());
    const Diagram drawn = diagram_of(network, {});
    INFO(entry.path());
    const Costs costs = count_costs(network);
    CHECK(drawn.params == costs.params);
    CHECK(drawn.macs == costs.macs);
    for (const DrawnCard& one : drawn.cards) {
      std::vector<std::pair<int, int>> spots;
      for (const DrawnBlock& block : one.blocks) {
        spots.emplace_back(block.rank, block.column);
        CHECK(block.by == SettledBy::Text);
        CHECK((block.reads_card || !block.inputs.empty() || !block.from_afar.empty()));
      }
      std::sort(spots.begin(), spots.end());
      CHECK(std::adjacent_find(spots.begin(), spots.end()) == spots.end());
    }
  }
}

TEST_CASE("A picture names its blocks and escapes what people wrote") {
  Diagram diagram = diagram_of_file("tests/interop/winner/design.json");
  diagram.name = "<script>&\"";
  const std::string svg = network_svg(diagram);
  CHECK(svg.find("<script>") == std::string::npos);
  CHECK(svg.find("&lt;script&gt;&amp;&quot;") != std::string::npos);
  CHECK(svg.find("depthwise 5x5") != std::string::npos);
  CHECK(svg.find("stages[0].modules[1].chain#1[1].kernel = 5, by the machine") !=
        std::string::npos);
  CHECK(svg.find("52,034 parameters, 4,622,128 multiply-adds") != std::string::npos);
}

TEST_CASE("Maps that are read from afar are named at both ends, and their cards stand alone") {
  const Prototype prototype(atto::spec::parse_json(R"({
    "name": "skips", "input": { "channels": 3, "height": 16, "width": 16 }, "classes": 10,
    "stages": [
      { "name": "down", "channels": 8, "modules": 2, "module": "m" },
      { "stride": 2, "channels": 8, "modules": 1, "module": "m" },
      { "channels": 8, "modules": [ { "chain": { "op": "upsample" } },
        { "module": "m", "from": { "maps": ["down", "previous"], "join": "concat" } } ] } ],
    "modules": { "m": { "chain": { "op": "conv" } } } })",
                                                   "skips.json"));
  const Diagram diagram = diagram_of(*realise(prototype, {}).network, {});
  const DrawnCard& source = card(diagram, "stages[0]", "modules[1]");
  CHECK(source.far_readers == std::vector<std::string>{"stages[2].modules[1]"});
  const DrawnCard& reader = card(diagram, "stages[2]", "modules[1]");
  CHECK(reader.blocks[0].title == "concat");
  CHECK(reader.blocks[0].from_afar == std::vector<std::string>{"stages[0].modules[1]"});
  const std::string svg = network_svg(diagram);
  CHECK(svg.find(">to stages[2].modules[1]") != std::string::npos);
  CHECK(svg.find(">from stages[0].modules[1]<") != std::string::npos);
}

TEST_CASE("A decision inside of a body in a chain belongs to the block that it settles") {
  const Diagram diagram =
      diagram_of(read_design(ATTO_SOURCE_DIR "/prototypes/ghostnet.json"),
                 {{"stages[0].modules[0].chain[1].branches[1][0].kernel", By::Machine, "3"},
                  {"stages[0].modules[0].chain[1].join", By::Machine, "concat"}});
  const DrawnCard& module = card(diagram, "stages[0]", "modules[0]");
  CHECK(module.blocks[1].title == "depthwise 3x3");
  CHECK(module.blocks[1].by == SettledBy::Machine);
  CHECK(module.blocks[2].title == "concat");
  CHECK(module.blocks[2].by == SettledBy::Machine);
  CHECK(module.by == SettledBy::Text);
}
