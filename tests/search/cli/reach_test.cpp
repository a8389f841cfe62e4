// What check, generate and search say of what a spec can reach: bounds, counts, seeds, formats,
// heads.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

json chain(std::initializer_list<json> operators) {
  return json::array_t(operators);
}

/// A prototype of two activations, tied, and of 2 x 24 or so structures.
json tied_prototype() {
  return json::parse(R"({
  "name": "tied", "input": { "channels": 1, "height": 28, "width": 28 }, "classes": 10,
  "let": { "act": { "choose": ["relu", "hard_swish"] } },
  "stem": [ { "op": "conv", "kernel": 3, "channels": { "range": [8, 16], "step": 4 }, "activation": "$act" } ],
  "stages": [
    { "name": "s1", "modules": { "range": [1, 2] }, "module": "any", "channels": { "range": [16, 32], "step": 8 }, "stride": 2 },
    { "name": "s2", "modules": { "range": [1, 3] }, "module": "any", "channels": { "range": [32, 64], "step": 8 }, "stride": 2 } ],
  "modules": {
    "any": { "choose": ["mb", "ghost", "plain"] },
    "mb": { "chain": [ { "op": "pointwise", "channels": { "times": { "choose": [2, 3, 4] }, "of": "input" }, "activation": "$act" },
                       { "op": "depthwise", "kernel": { "choose": [3, 5] }, "activation": "$act" },
                       { "choose": [ [], [ { "op": "squeeze_excite" } ] ] },
                       { "op": "pointwise", "activation": "none" } ], "shortcut": "identity" },
    "ghost": { "branches": [ [ { "op": "pointwise", "channels": { "times": 0.5, "of": "module" } } ],
                             [ { "op": "depthwise", "kernel": 3 }, { "op": "pointwise", "channels": { "times": 0.5, "of": "module" } } ] ], "join": "concat" },
    "plain": { "chain": [ { "op": "conv", "kernel": 3 } ], "shortcut": { "choose": ["none", "projection"] } } },
  "head": [ { "op": "global_average_pool" }, { "op": "dense" } ] })");
}

/// 48 designs: four widths, three kernels, two depths, two activations.
json small_prototype() {
  return json::parse(R"({
  "name": "small", "input": { "channels": 1, "height": 28, "width": 28 }, "classes": 10,
  "activation": { "choose": ["relu", "hard_swish"] },
  "stages": [ { "modules": { "range": [1, 2] }, "module": "m", "stride": 4,
                "channels": { "range": [8, 32], "step": 8 }, "let": { "k": { "choose": [3, 5, 7] } } } ],
  "modules": { "m": { "chain": [ { "op": "conv", "kernel": "$k" } ] } },
  "head": [ { "op": "global_average_pool" }, { "op": "dense" } ] })");
}

json spec_for(const json& require, int candidates = 6) {
  return {{"name", "asked"},
          {"prototype", "proto.json"},
          {"task", {{"dataset", "synthetic"}}},
          {"require", require},
          {"search",
           {{"strategy", "random"},
            {"candidates", candidates},
            {"rungs", {1}},
            {"finalists", 1},
            {"band", 0}}},
          {"training", {{"final_epochs", 1}, {"final_seeds", 1}}}};
}

struct Asked {
  const Scratch scratch;
  Asked(const json& prototype, const json& spec) {
    write_text(scratch / "proto.json", prototype.dump(1));
    write_text(scratch / "spec.json", spec.dump(1));
  }
  Ended atto(const std::string& arguments) const { return run_atto(scratch, arguments); }
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

json answer_of(const Ended& ended) {
  return json::parse(ended.out).at(0).at("requirements").at(0);
}

}  // namespace

TEST_CASE("A tie of activations breaks no bound") {
  for (const auto& [key, max, words] :
       {std::tuple<const char*, double, const char*>{"params", 500,
                                                     "the smallest network of this prototype has "},
        {"macs", 50e3, "the smallest network of this prototype needs "},
        {"peak_activation_kib", 8, "the smallest network of this prototype needs "}}) {
    const Asked asked(tied_prototype(), spec_for({{key, {{"max", max}}}}));
    const Ended ended = asked.atto("check spec.json");
    INFO(key << "\n" << ended.err << ended.out);
    CHECK(ended.code == 2);
    CHECK(says(ended.err, std::string("/require/") + key + "/max: " + words));
  }
}

TEST_CASE("A small space is counted out, and the nearest design is told") {
  const Asked asked(small_prototype(),
                    spec_for({{"params", {{"max", 1000}}}, {"macs", {{"min", 150e3}}}}));
  const Ended ended = asked.atto("check spec.json");
  INFO(ended.err << ended.out);
  CHECK(ended.code == 2);
  CHECK(says(ended.err, "/require"));
  CHECK(says(ended.out, "infeasible"));
  CHECK(asked.atto("search spec.json --evaluator fake --out run").code == 2);
  CHECK_FALSE(std::filesystem::exists(asked.scratch / "run"));
  CHECK(asked.atto("generate spec.json").code == 2);
}

TEST_CASE("A floor at the printed maximum has its witness, and so has a ceiling at the minimum") {
  for (const std::string file : {"tied", "attonet_28"}) {
    const json prototype = file == "tied"
                               ? tied_prototype()
                               : json::parse(read_text(kSource + "/prototypes/" + file + ".json"));
    const Asked asked(prototype, spec_for(json::object()));
    const json reach = json::parse(asked.atto("check spec.json --json").out).at(0).at("params");
    for (const bool is_floor : {true, false}) {
      const json bound =
          is_floor ? json{{"min", reach.at("largest")}} : json{{"max", reach.at("smallest")}};
      write_text(asked.scratch / "spec.json", spec_for({{"params", bound}}).dump(1));
      const Ended ended = asked.atto("check spec.json --json");
      INFO(file << " " << bound << ended.err << ended.out);
      CHECK(ended.code == 0);
      CHECK(answer_of(ended).at("answer") == "feasible");
      CHECK(answer_of(ended).at("witness").at("params") ==
            reach.at(is_floor ? "largest" : "smallest"));
    }
  }
}

TEST_CASE("A prototype of fewer designs than candidates says how many there are") {
  const Asked asked(small_prototype(), spec_for({{"params", {{"max", 700}}}}, 60));
  const Ended checked = asked.atto("check spec.json");
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
  const json answer = answer_of(asked.atto("check spec.json --json"));
  const int designs = answer.at("designs").get<int>();
  CHECK(designs > 0);
  CHECK(designs < 60);
  CHECK(says(checked.out, "only " + std::to_string(designs) + " distinct feasible designs"));
  const Ended searched = asked.atto("search spec.json --evaluator fake --workers 1 --out run");
  INFO(searched.err);
  CHECK(searched.code == 0);
  CHECK(says(searched.err, "the prototype has only " + std::to_string(designs) +
                               " distinct feasible designs; search.candidates asks for 60"));
}

TEST_CASE("A band says whether it holds: where no width is free it does nothing") {
  json fixed = small_prototype();
  fixed["stages"][0]["channels"] = 16;
  const auto with_band = [](const json& band) {
    json spec = spec_for({{"params", {{"max", "5k"}}}}, 4);
    spec["search"]["band"] = band;
    return spec;
  };
  const std::string no_width = "/search/band has no effect: no width is free";
  SECTION("no width is free: every design within the ceilings, and each command says so") {
    for (const json& band : {json(0.9), json{{"params", 0.9}}}) {
      const Asked asked(fixed, with_band(band));
      CHECK(says(asked.atto("check spec.json").out, "band           " + no_width));
      const json answer = answer_of(asked.atto("check spec.json --json"));
      CHECK_FALSE(answer.at("band").at("is_in_force").get<bool>());
      CHECK(answer.at("band").at("reason").get<std::string>().find(no_width) == 0);
      const Asked free(fixed, with_band(0));
      const Ended without = free.atto("check spec.json");
      CHECK_FALSE(says(without.out, "  band "));
      CHECK(answer.at("designs") == answer_of(free.atto("check spec.json --json")).at("designs"));
      CHECK(says(asked.atto("generate spec.json -n 2").err, no_width));
      CHECK(says(asked.atto("search spec.json --evaluator fake --workers 1 --out run").err,
                 no_width));
    }
  }
  SECTION("a free width: it holds, and fewer designs are left") {
    const Asked asked(small_prototype(), with_band(0.5)), free(small_prototype(), with_band(0));
    CHECK(says(asked.atto("check spec.json").out, "band           at least 50 % of some ceiling"));
    CHECK(says(Asked(small_prototype(), with_band({{"params", 0.25}})).atto("check spec.json").out,
               "band           at least 25 % of the params"));
    const json answer = answer_of(asked.atto("check spec.json --json"));
    CHECK(answer.at("band").at("is_in_force").get<bool>());
    CHECK(answer.at("designs").get<int>() <
          answer_of(free.atto("check spec.json --json")).at("designs").get<int>());
  }
  SECTION("no ceiling: the default asks for nothing, and nothing is said") {
    json spec = spec_for(json::object(), 4);
    spec["search"].erase("band");
    CHECK_FALSE(says(Asked(fixed, spec).atto("check spec.json").out, "  band "));
  }
}

TEST_CASE("Seeds that no seed can be are refused by every command") {
  const Asked asked(small_prototype(), spec_for(json::object()));
  for (const std::string seed : {"-1", "18446744073709551616", "1.5", "x"})
    for (const std::string command : {"generate", "search", "search --dry-run"}) {
      const Ended ended = asked.atto(command + " spec.json --seed " + seed);
      INFO(command << " " << seed);
      CHECK(ended.code == 2);
      CHECK(says(ended.err, seed));
    }
  CHECK(asked.atto("generate spec.json -n 1 --seed 9223372036854775807").code == 0);
  for (const std::string seed : {"-1", "18446744073709551616", "1.5"}) {
    std::string text = spec_for(json::object()).dump();
    text.insert(text.find("\"strategy\""), "\"seed\": " + seed + ", ");
    write_text(asked.scratch / "spec.json", text);
    CHECK(says(asked.atto("check spec.json").err, "/search/seed: "));
    CHECK(asked.atto("generate spec.json").code == 2);
  }
}

TEST_CASE("A tier that is not there is refused by steer as by generate") {
  const Asked asked(small_prototype(), spec_for(json::object(), 2));
  REQUIRE(asked.atto("search spec.json --evaluator fake --workers 1 --out run").code == 0);
  for (const std::string command :
       {"steer run --tier x", "steer run --tier x --note y", "generate spec.json --tier x"}) {
    const Ended ended = asked.atto(command);
    INFO(command << "\n" << ended.err);
    CHECK(ended.code == 2);
    CHECK(says(ended.err, "--tier"));
  }
}

TEST_CASE("A format that nothing writes is refused before anything runs") {
  json spec = spec_for(json::object());
  spec["export"] = {"atto", "keras", "C"};
  const Asked asked(small_prototype(), spec);
  for (const std::string command :
       {"check spec.json", "search spec.json --evaluator fake --out run",
        "search spec.json --evaluator fake --dry-run"}) {
    const Ended ended = asked.atto(command);
    INFO(command << "\n" << ended.err);
    CHECK(ended.code == 2);
    CHECK(says(ended.err,
               "/export/1: must be of atto, onnx, c, pytorch, web, tflite; got \"keras\""));
    CHECK(says(ended.err, "/export/2: must be of atto, onnx, c, pytorch, web, tflite; got \"C\""));
    CHECK(ended.err.find("spec.json:") == 0);
  }
  CHECK_FALSE(std::filesystem::exists(asked.scratch / "run"));
  const json schema = json::parse(read_text(kSource + "/design_specs/design_spec.schema.json"));
  for (const json& format : schema.at("properties").at("export").at("items").at("enum")) {
    spec["export"] = {format};
    write_text(asked.scratch / "spec.json", spec.dump(1));
    CHECK(asked.atto("check spec.json").code == 0);
  }
}

TEST_CASE("What a format takes and is not there is missed before a search, not at its end") {
  json spec = spec_for(json::object());
  spec["export"] = {"atto", "web"};
  const Asked asked(small_prototype(), spec);
  ::setenv("ATTO_WASM", "/no/such/engine.wasm", 1);
  const Ended ended = asked.atto("search spec.json --evaluator fake --out run");
  ::unsetenv("ATTO_WASM");
  CHECK(ended.code == 4);
  CHECK(says(ended.err, "/no/such/engine.wasm"));
  CHECK_FALSE(std::filesystem::exists(asked.scratch / "run"));
}

TEST_CASE("A head that does not give one score a class is refused wherever a task is") {
  json prototype = small_prototype();
  prototype["head"] = chain({{{"op", "global_average_pool"}}, {{"op", "dense"}, {"channels", 9}}});
  const Asked asked(prototype, spec_for(json::object()));
  for (const std::string command : {"check proto.json", "check spec.json", "generate spec.json",
                                    "search spec.json --evaluator fake --out run",
                                    "tabulate spec.json --evaluator fake --out run",
                                    "calibrate spec.json --evaluator fake --out run"}) {
    const Ended ended = asked.atto(command);
    INFO(command << "\n" << ended.err);
    CHECK(ended.code == 2);
    CHECK(says(ended.err, "/head: must give 10 x 1 x 1; got 9 x 1 x 1"));
  }
  json design = prototype;
  design["activation"] = "relu";
  design["stages"][0]["modules"] = 1;
  design["stages"][0]["channels"] = 8;
  design["stages"][0]["let"]["k"] = 3;
  write_text(asked.scratch / "design.json", design.dump(1));
  CHECK(asked.atto("inspect design.json").code == 0);
  CHECK(asked.atto("check design.json").code == 2);
  write_text(asked.scratch / "proto.json", small_prototype().dump(1));
  for (const std::string command :
       {"search spec.json --evaluator fake --out run --include design.json"}) {
    const Ended ended = asked.atto(command);
    INFO(command << "\n" << ended.err);
    CHECK(ended.code == 2);
    CHECK(says(ended.err, "/head: must give 10 x 1 x 1; got 9 x 1 x 1"));
  }
  REQUIRE(asked.atto("search spec.json --evaluator fake --workers 1 --out run").code == 0);
  CHECK(asked.atto("steer run --try design.json").code == 2);
}
