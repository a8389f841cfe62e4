// atto inspect, generate and reopen: designs go from one to the next and keep their identity.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kMobileNet = kSource + "/prototypes/mobilenet_v2.json";

}  // namespace

TEST_CASE("inspect --json adds its layers up to the published counts") {
  const Scratch scratch;
  const json design = printed(scratch, "inspect --json " + kMobileNet + " --classes 50");
  CHECK(design.at("params") == 2287922);
  CHECK(design.at("macs").get<double>() == Approx(299.56e6).epsilon(1e-4));
  CHECK(design.at("hash").get<std::string>().size() == 16);
  std::int64_t params = 0, macs = 0, peak = 0;
  for (const json& layer : design.at("layers")) {
    params += layer.at("params").get<std::int64_t>();
    macs += layer.at("macs").get<std::int64_t>();
    peak = std::max(peak, layer.at("live_bytes").get<std::int64_t>());
    CHECK(layer.at("shape").size() == 3);
  }
  const json& first = design.at("layers").at(1);
  CHECK(first.at("fields") == json::parse(R"({"channels": 32, "kernel": 3, "stride": 2, "groups": 1,
                                              "dilation": 1, "bias": false, "padding": "same"})"));
  CHECK(design.at("layers").at(3).at("fields") == json{{"activation", "relu6"}});
  CHECK(design.at("layers").at(2).at("fields") == json::object());
  CHECK(params == design.at("params"));
  CHECK(macs == design.at("macs"));
  CHECK(peak == design.at("peak_activation_bytes"));
}

TEST_CASE("inspect --json gives the sides of a window as a pair where they differ") {
  const Scratch scratch;
  const json design = printed(scratch, "inspect --json " + kSource + "/prototypes/ds_cnn.json");
  const json& fields = design.at("layers").at(1).at("fields");
  CHECK(fields.at("kernel") == json::parse("[10, 4]"));
  CHECK(fields.at("stride") == 2);
}

TEST_CASE("inspect counts at another size and class count without touching the file") {
  const Scratch scratch;
  const json small =
      printed(scratch, "inspect --json " + kMobileNet + " --resolution 64 --classes 10");
  CHECK(small.at("input") == json({3, 64, 64}));
  CHECK(small.at("classes") == 10);
  CHECK(small.at("params") == 2287922 - 40 * 1281);
}

TEST_CASE("inspect prints a table, and a picture for Graphviz") {
  const Scratch scratch;
  const Ended table = run_atto(scratch, "inspect " + kMobileNet);
  CHECK(table.code == 0);
  CHECK(table.out.find("layer ") == 0);
  CHECK(table.out.find("\nhash ") != std::string::npos);
  const Ended dot = run_atto(scratch, "inspect --dot " + kMobileNet);
  CHECK(dot.code == 0);
  CHECK(dot.out.find("digraph") == 0);
  CHECK(dot.out.find("->") != std::string::npos);
  CHECK(run_atto(scratch, "inspect --dot --json " + kMobileNet).code == 2);
}

TEST_CASE("inspect refuses a prototype with holes and names them") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, "inspect " + kSource + "/prototypes/attonet_28.json");
  CHECK(ended.code == 2);
  CHECK(ended.err.find("attonet_28.json") != std::string::npos);
  CHECK(ended.err.find("hole") != std::string::npos);
}

TEST_CASE("generate --json gives distinct designs in the budget, equal for equal seeds") {
  const Scratch scratch;
  const std::string command = "generate " + tiny_spec() + " -n 40 --json";
  const json designs = printed(scratch, command);
  REQUIRE(designs.size() == 40);
  std::set<std::string> hashes;
  for (const json& design : designs) {
    hashes.insert(design.at("hash").get<std::string>());
    CHECK(design.at("params") <= 30000);
    CHECK(design.at("macs") <= 1000000);
    CHECK(design.at("use") >= 0.9);
    CHECK(design.at("peak_activation_bytes") > 0);
    CHECK(design.at("model_bytes") > 0);
  }
  CHECK(hashes.size() == 40);
  CHECK(printed(scratch, command + " --threads 1") == designs);
  CHECK(printed(scratch, command + " --seed 2") != designs);
}

TEST_CASE("A written design has the hash and the costs that generate printed") {
  const Scratch scratch;
  const json designs = printed(scratch, "generate " + tiny_spec() + " -n 3 --json --out made");
  for (const json& design : designs) {
    const std::string file = "made/" + design.at("hash").get<std::string>() + ".json";
    const json inspected = printed(scratch, "inspect --json " + file);
    for (const char* key : {"hash", "params", "macs", "peak_activation_bytes", "model_bytes"})
      CHECK(inspected.at(key) == design.at(key));
  }
}

TEST_CASE("generate honours pins, and says why where there is no design") {
  const Scratch scratch;
  const json pinned = printed(scratch, "generate " + tiny_spec() +
                                           " -n 5 --json --out made --pin "
                                           "'stages[*].modules[*].shortcut=projection'");
  for (const json& design : pinned) {
    const std::string list =
        run_atto(scratch, "reopen --list made/" + design.at("hash").get<std::string>() + ".json")
            .out;
    CHECK(list.find("human    stages[0].modules[0].shortcut = \"projection\"") !=
          std::string::npos);
  }
  const Ended wrong = run_atto(scratch, "generate " + tiny_spec() + " --pin stem[0].kernel=9");
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("stem[0].kernel") != std::string::npos);
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
  spec["require"] = {{"params", {{"max", 300}}}};
  write_text(scratch / "small.json", spec.dump());
  const Ended none = run_atto(scratch, "generate small.json");
  CHECK(none.code == 2);
  CHECK(none.err.find("300") != std::string::npos);
}

TEST_CASE("generate shows how decisions spread, as bars and as a picture") {
  const Scratch scratch;
  const Ended bars =
      run_atto(scratch, "generate " + tiny_spec() + " -n 60 --histogram --svg s.svg");
  CHECK(bars.code == 0);
  CHECK(bars.out.find("stages[0].modules[*].shortcut") != std::string::npos);
  CHECK(read_text(scratch / "s.svg").find("<svg") == 0);
}

TEST_CASE("A design with modules reopened is a prototype that keeps the rest") {
  const Scratch scratch;
  const json designs = printed(scratch, "generate " + tiny_spec() + " -n 1 --json --out made");
  const std::string file = "made/" + designs[0].at("hash").get<std::string>() + ".json";
  const Ended ended =
      run_atto(scratch, "reopen " + file + " --free 'stages[1].modules[*]' --out open.json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json open = printed(scratch, "check --json open.json").at(0);
  CHECK(open.at("kind") == "prototype");
  const int freed = open.at("decisions").get<int>();
  CHECK(freed >= 4);
  const json all =
      printed(scratch, "check --json " + kSource + "/tests/search/data/tiny_prototype.json").at(0);
  CHECK(freed < all.at("decisions").get<int>());
  SECTION("and what is freed shows on standard output without --out") {
    const Ended shown = run_atto(scratch, "reopen " + file + " --free 'stages[1].modules[*]'");
    CHECK(shown.out == read_text(scratch / "open.json"));
  }
}

TEST_CASE("reopen names a path that is not recorded, and wants to be told what to free") {
  const Scratch scratch;
  const json designs = printed(scratch, "generate " + tiny_spec() + " -n 1 --json --out made");
  const std::string file = "made/" + designs[0].at("hash").get<std::string>() + ".json";
  const Ended wrong = run_atto(scratch, "reopen " + file + " --free 'stages[7]'");
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("stages[7]") != std::string::npos);
  CHECK(run_atto(scratch, "reopen " + file).code == 2);
}

TEST_CASE("The first designs of the shipped specs are those that they always were") {
  // A change that draws others makes every campaign another one: its commit must say so.
  const std::map<std::string, std::vector<std::string>> first = {
      {"attonet_a", {"d7c1d10274526b83", "2228ebff5ae153b7"}},
      {"attonet_b", {"d44816009fafeb80", "6ccefdcf35f552fd"}},
      {"attonet_c", {"1b9c3f73a9a634f8", "bf4527cebfa0c105"}},
      {"attonet_d", {"ed49825a290fbf94", "630f725e01097563"}},
      {"cifar10_tiny", {"7ae08b4344e69300", "2b7d6ff368d8b447"}},
      {"quickstart", {"fd3afd798d1ba042", "74769058760caf35"}},
      {"table_fashion", {"5bd5b0658cfd20cc", "835554f419d2f838"}},
  };
  const Scratch scratch;
  for (const auto& [spec, hashes] : first) {
    const json drawn = printed(
        scratch, "generate " + kSource + "/design_specs/" + spec + ".json -n 2 --seed 1 --json");
    INFO(spec);
    REQUIRE(drawn.size() == hashes.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) CHECK(drawn[i].at("hash") == hashes[i]);
  }
}
