// Tables and calibrations on the fake evaluator, through the binary.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;

namespace {

/// Nine designs of four modules' worth of decisions.
void write_spec(const Scratch& scratch) {
  write_text(scratch / "prototype.json", R"({
    "name": "small", "input": { "channels": 3, "height": 16, "width": 16 }, "classes": 10,
    "stem": [ { "op": "conv", "channels": 8, "stride": 2 } ],
    "stages": [ { "name": "s", "modules": 2, "channels": { "range": [8, 24], "step": 8 }, "module": "m" } ],
    "head": [ { "op": "global_average_pool" }, { "op": "dense" } ],
    "modules": { "m": { "shortcut": "identity",
      "chain": [ { "op": "conv", "kernel": { "choose": [1, 3] } } ] } } })");
  write_text(scratch / "spec.json", R"({
    "name": "small", "prototype": "prototype.json",
    "task": { "dataset": "synthetic:classes=10,size=16,channels=3,train=600,test=200" },
    "require": { "params": { "max": "100k" } },
    "search": { "rungs": [1, 3], "images": 400, "validation_images": 80, "band": 0 } })");
}

Ended tabulate(const Scratch& scratch, const std::string& flags,
               const std::string& environment = "") {
  return run_atto(scratch,
                  "tabulate " + (scratch / "spec.json").string() + " --evaluator fake " + flags,
                  environment);
}

}  // namespace

TEST_CASE("A table is the same however often it was killed and with any number of workers") {
  const Scratch scratch;
  write_spec(scratch);
  const Ended whole = tabulate(scratch, "--seeds 2 --more-seeds 1 --out one --table one.table");
  INFO(whole.err);
  REQUIRE(whole.code == 0);
  CHECK(whole.out.find("12 feasible designs") != std::string::npos);
  CHECK(whole.out.find("table: 12 designs, 36 runs") != std::string::npos);
  const std::string crash = "ATTO_FAULT=after_commit:5";
  for (int i = 0; i < 2; ++i)
    tabulate(scratch, "--seeds 2 --more-seeds 1 --out two --workers 3", crash);
  const Ended again =
      tabulate(scratch, "--seeds 2 --more-seeds 1 --out two --workers 3 --table two.table");
  REQUIRE(again.code == 0);
  // Fake trials take no time worth naming, but CPU-seconds differ: compare what was measured.
  const Ended gathered = tabulate(scratch, "--seeds 2 --out two --gather");
  CHECK(gathered.out.substr(gathered.out.find("seed deviation")) ==
        whole.out.substr(whole.out.find("seed deviation"),
                         gathered.out.size() - gathered.out.find("seed deviation")));
  CHECK(std::filesystem::exists(scratch / "one.table"));
}

TEST_CASE("A dry run measures five designs and leaves nothing") {
  const Scratch scratch;
  write_spec(scratch);
  const Ended dry = tabulate(scratch, "--seeds 3 --dry-run --out run");
  INFO(dry.err);
  CHECK(dry.code == 0);
  CHECK(dry.out.find("measured: 5 designs") != std::string::npos);
  CHECK(dry.out.find("estimate: 96 runs") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
}

TEST_CASE("A run folder takes one table only") {
  const Scratch scratch;
  write_spec(scratch);
  REQUIRE(tabulate(scratch, "--seeds 1 --more-seeds 0 --out run").code == 0);
  std::string text = read_text(scratch / "spec.json");
  text.replace(text.find("\"band\": 0"), 9, "\"band\": 0.1");
  write_text(scratch / "spec.json", text);
  const Ended other = tabulate(scratch, "--seeds 1 --more-seeds 0 --out run");
  CHECK(other.code == 2);
  CHECK(other.err.find("choose another --out") != std::string::npos);
}

TEST_CASE("A calibration reports every predictor and writes what it switches off") {
  const Scratch scratch;
  write_spec(scratch);
  const std::string spec = (scratch / "spec.json").string();
  const Ended ended =
      run_atto(scratch, "calibrate " + spec + " --evaluator fake --designs 10 --out cal --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const nlohmann::json json = nlohmann::json::parse(ended.out);
  CHECK(json.at("designs") == 10);
  CHECK(json.at("predictors").size() == 8);
  CHECK(json.at("predictors").at(0).at("name") == "params");
  CHECK(nlohmann::json::parse(read_text(scratch / "cal/calibration.json")) == json);
}
