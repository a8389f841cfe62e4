// atto check: exit codes, what it prints, and the keys of its JSON.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

/// The tiny spec with its prototype named absolutely, for a test to spoil.
json tiny_json() {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
  return spec;
}

}  // namespace

TEST_CASE("check says of a spec how large its space is and that it can be met") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, "check " + tiny_spec());
  CHECK(ended.code == 0);
  CHECK(ended.err.empty());
  CHECK(ended.out.find("tiny.json: design spec tiny, valid\n") != std::string::npos);
  for (const char* name : {"  free decisions ", "  design space   10^", "  params ", "  MACs ",
                           "  peak bytes ", "  requirements   feasible, for example "})
    CHECK(ended.out.find(name) != std::string::npos);
}

TEST_CASE("check says that a latency is judged by measuring, and how") {
  const Scratch scratch;
  json spec = tiny_json();
  spec["require"]["latency_ms"] = {{"max", 12}, {"threads", 2}, {"precision", "int8"}};
  write_text(scratch / "fast.json", spec.dump(1));
  const Ended ended = run_atto(scratch, "check fast.json");
  CHECK(ended.code == 0);
  CHECK(
      ended.out.find("  latency        at most 12 ms on 2 threads in int8, judged by measuring on "
                     "the campaign's host, before training\n") != std::string::npos);
  const json answer = json::parse(run_atto(scratch, "check fast.json --json").out)
                          .at(0)
                          .at("requirements")
                          .at(0)
                          .at("latency_ms");
  CHECK(answer.at("max") == 12);
  CHECK(answer.at("threads") == 2);
  CHECK(answer.at("precision") == "int8");
}

TEST_CASE("check --json gives one object a file with the same answers") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, "check --json " + tiny_spec() + " " + kSource +
                                            "/prototypes/mobilenet_v2.json " + kSource +
                                            "/prototypes/attonet.json");
  REQUIRE(ended.code == 0);
  const json files = json::parse(ended.out);
  REQUIRE(files.size() == 3);
  const json& spec = files[0];
  CHECK(spec.at("kind") == "spec");
  CHECK(spec.at("decisions").get<int>() > 10);
  CHECK(spec.at("log10_size").get<double>() > 5);
  for (const char* cost : {"params", "macs", "peak_activation_bytes"})
    CHECK(spec.at(cost).at("smallest") < spec.at(cost).at("largest"));
  const json& answer = spec.at("requirements").at(0);
  CHECK(answer.at("answer") == "feasible");
  CHECK(answer.at("witness").at("params") <= 30000);
  CHECK(answer.at("witness").at("hash").get<std::string>().size() == 16);
  CHECK(files[1].at("kind") == "design");
  CHECK(files[1].at("decisions") == 0);
  CHECK(files[1].at("params") > 2000000);
  CHECK(files[1].at("hash").get<std::string>().size() == 16);
  CHECK(files[2].at("kind") == "prototype");
}

TEST_CASE("check warns of a hole in let that no key takes, once a place in the file") {
  const Scratch scratch;
  const json kernels = {{"choose", {3, 5}}};
  json net = {{"name", "tied"},
              {"input", {{"channels", 3}, {"height", 8}, {"width", 8}}},
              {"classes", 2},
              {"let", {{"used", kernels}, {"idle", kernels}}},
              {"stages", {{{"modules", 2}, {"channels", 4}, {"module", "m"}}}},
              {"head", {{{"op", "global_average_pool"}}, {{"op", "dense"}}}}};
  net["modules"]["m"] = {
      {"let", {{"own", kernels}, {"spare", kernels}}},
      {"chain",
       {{{"op", "conv"}, {"kernel", "$used"}}, {{"op", "depthwise"}, {"kernel", "$own"}}}}};
  write_text(scratch / "net.json", net.dump(1));
  const Ended ended = run_atto(scratch, "check net.json --json");
  CHECK(ended.code == 0);
  const json warnings = json::parse(ended.out).at(0).at("warnings");
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].at("path") == "/let/idle");
  CHECK(warnings[1].at("path") == "/modules/m/let/spare");
}

TEST_CASE("check refuses a prototype none of whose choices fit together, and says what breaks") {
  const Scratch scratch;
  json large = {
      {"name", "large"},
      {"input", {{"channels", 3}, {"height", 8}, {"width", 8}}},
      {"classes", 2},
      {"stem",
       {{{"op", "conv"},
         {"kernel", {{"choose", {9, 11}}}},
         {"padding", "valid"},
         {"channels", 4}}}},
      {"stages", {{{"modules", 1}, {"channels", 4}, {"module", {{"chain", {{{"op", "conv"}}}}}}}}},
      {"head", {{{"op", "global_average_pool"}}, {{"op", "dense"}}}}};
  write_text(scratch / "large.json", large.dump(1));
  const Ended refused = run_atto(scratch, "check large.json");
  CHECK(refused.code == 2);
  CHECK(refused.err.find("large.json: no choices of this prototype fit together; of one, stem[0]: "
                         "the window is larger than the map") == 0);
  CHECK(refused.out.find("0 to 0") == std::string::npos);
  large["stem"][0]["kernel"]["choose"] = {7, 9};
  write_text(scratch / "large.json", large.dump(1));
  CHECK(run_atto(scratch, "check large.json").code == 0);
}

TEST_CASE("check passes every shipped file, and passes over the schemas among them") {
  const Scratch scratch;
  const Ended ended = run_atto(
      scratch, "check " + kSource + "/design_specs/*.json " + kSource + "/prototypes/*.json");
  CHECK(ended.err == "");  // no doubts either
  CHECK(ended.code == 0);
  CHECK(ended.out.find("design_spec.schema.json: a JSON Schema, passed over\n") !=
        std::string::npos);
  CHECK(ended.out.find("prototype.schema.json: a JSON Schema, passed over\n") != std::string::npos);
}

TEST_CASE("check doubts a width \"input\" where \"here\" was probably meant, and passes the file") {
  const Scratch scratch;
  const auto bottleneck = [&](const json& chain) {
    json network = json::parse(read_text(kSource + "/prototypes/resnext50.json"));
    network["modules"]["bottleneck"]["chain"] = chain;
    write_text(scratch / "net.json", network.dump(1));
    return run_atto(scratch, "check net.json --json");
  };
  const json narrow = {{"op", "pointwise"}, {"channels", {{"times", 0.5}, {"of", "module"}}}};
  const json wide = {{"op", "pointwise"}, {"channels", "module"}, {"activation", "none"}};
  const auto grouped = [](const json& channels) {
    return json{{"op", "grouped"}, {"groups", 32}, {"channels", channels}};
  };
  SECTION("as wide as what enters the module, between two narrow ends") {
    const Ended ended = bottleneck({narrow, grouped("input"), wide});
    CHECK(ended.code == 0);
    CHECK(ended.err.find("warning: net.json:") == 0);
    CHECK(ended.err.find(
              ": /modules/bottleneck/chain/1: the chain's \"input\" makes this 256 wide, but 128 "
              "channels enter it; did you mean \"here\"?\n") != std::string::npos);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    const json warnings = json::parse(ended.out).at(0).at("warnings");
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].at("path") == "/modules/bottleneck/chain/1");
    CHECK(warnings[0].at("line") > 1);
  }
  SECTION("under one choice of a hole alone") {
    const Ended ended = bottleneck({narrow, grouped({{"choose", {"here", "input"}}}), wide});
    CHECK(ended.code == 0);
    CHECK(ended.err.find("warning: net.json:") == 0);
  }
  SECTION("not where it is the first or the last width of its chain, or equal anyway") {
    const json conv = {{"op", "conv"}, {"channels", "input"}};
    for (const json& chain :
         {json{narrow, grouped("here"), wide}, json{narrow, conv},
          json{{{"op", "conv"}, {"channels", {{"times", 4}, {"of", "input"}}}}, wide},
          json{{{"op", "depthwise"}},
               {{"op", "conv"}, {"channels", {{"times", 2}, {"of", "input"}}}},
               wide}}) {
      const Ended ended = bottleneck(chain);
      CHECK(ended.err == "");
      CHECK(json::parse(ended.out).at(0).at("warnings").empty());
    }
  }
}

TEST_CASE("A spec that no design can meet is refused at the line of its bound") {
  const Scratch scratch;
  json spec = tiny_json();
  spec["require"]["params"]["max"] = 300;
  write_text(scratch / "small.json", spec.dump(1));
  const Ended ended = run_atto(scratch, "check small.json --json");
  CHECK(ended.code == 2);
  CHECK(ended.err.find("small.json:") == 0);
  CHECK(ended.err.find("/require/params/max: the smallest network of this prototype has ") !=
        std::string::npos);
  const json answer = json::parse(ended.out).at(0).at("requirements").at(0);
  CHECK(answer.at("answer") == "infeasible");
  CHECK(answer.at("reason").get<std::string>().find("300") != std::string::npos);
}

TEST_CASE("check reports every problem of every file and goes on after a bad one") {
  const Scratch scratch;
  json spec = tiny_json();
  spec["serach"] = 1;
  spec["training"]["threads"] = 0;
  write_text(scratch / "bad.json", spec.dump());
  write_text(scratch / "worse.json", "{ \"name\": ");
  const Ended ended = run_atto(scratch, "check bad.json worse.json " + tiny_spec());
  CHECK(ended.code == 2);
  CHECK(ended.err.find("/serach: unknown key; did you mean \"search\"?") != std::string::npos);
  CHECK(ended.err.find("/training/threads: must be >= 1; got 0") != std::string::npos);
  CHECK(ended.err.find("worse.json:1:") != std::string::npos);
  CHECK(ended.out.find("design spec tiny, valid") != std::string::npos);
}

TEST_CASE(
    "A file that is not there is the environment's fault; a command line that is wrong is not") {
  const Scratch scratch;
  const Ended ended = run_atto(scratch, "check nowhere.json");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("nowhere.json") != std::string::npos);
  CHECK(run_atto(scratch, "check").code == 2);
  CHECK(run_atto(scratch, "chekc x.json").code == 2);
  const Ended version = run_atto(scratch, "--version");
  CHECK(version.code == 0);
  CHECK(version.out.find("atto ") == 0);
}
