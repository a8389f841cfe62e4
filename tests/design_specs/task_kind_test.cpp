// What a task's scores are to a spec, shown with tasks that no spec of ours has.
#include <catch2/catch.hpp>
#include <limits>

#include "design_specs/errors.hpp"
#include "design_specs/requirements/design_spec.hpp"

using namespace atto;
using namespace atto::spec;

namespace {

const Score kError{"error", "error", "mean error", Unit::Number, Better::Less, 0, 4, true};
const Score kHits{"hits", "hits", "hit rate", Unit::Share, Better::More, 0, 1, true};
const Score kDepth{"depth", "depth", "depth", Unit::Number, Better::More, -1, 1, false};

const std::vector<TaskKind>& kinds() {
  static const std::vector<TaskKind> kKinds = {{"counting", {kError, kHits, kDepth}},
                                               {"finding", {kHits, kError}}};
  return kKinds;
}

DesignSpec read(const std::string& more) {
  const std::string text =
      R"({ "name": "x", "prototype": "p.json")" + (more.empty() ? "" : ", " + more) + " }";
  return read_design_spec(parse_json(text, "x.json"), "x.json", {}, kinds());
}

std::string refused(const std::string& more) {
  try {
    (void)read(more);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A task's first score is what its specs maximise, whatever its direction") {
  CHECK(read("").maximise.score == kError);
  const DesignSpec spec = read(R"("task": { "kind": "finding" })");
  CHECK(spec.task.kind.name == "finding");
  CHECK(spec.maximise.score == kHits);
  CHECK(read(R"("maximise": "hits")").maximise.score == kHits);
  CHECK(read_design_spec(parse_json(R"({"name": "x", "prototype": "p.json"})", "x"), "x")
            .maximise.score.name == task_kinds().front().main_score().name);
}

TEST_CASE("A spec may bound the goals of its own task, each on its bad side and within its range") {
  const DesignSpec spec = read(R"("require": { "error": { "max": 2 }, "hits": { "min": 0.5 } },
      "tiers": [ { "name": "A", "require": { "error": { "max": 3 } } } ])");
  CHECK(spec.require.scores.at("error").max == 2);
  CHECK(spec.tiers[0].require.scores.at("error").max == 3);
  CHECK(spec.tiers[0].require.scores.at("hits").min == 0.5);
  CHECK_THAT(refused(R"("require": { "error": { "min": 2 } })"),
             Catch::Contains("/require/error/min: unknown key; known here: max"));
  CHECK_THAT(refused(R"("require": { "error": { "max": 5 } })"),
             Catch::Contains("/require/error/max: must be a number from 0 to 4; got 5"));
  CHECK_THAT(refused(R"("require": { "depth": { "min": 0 } })"),
             Catch::Contains(
                 "/require/depth: unknown key; known here: params, macs, "
                 "peak_activation_kib, model_kib, latency_ms, flash_kib, ram_kib, error, hits"));
  CHECK_THAT(refused(R"("require": { "top1": { "min": 0 } })"),
             Catch::Contains("/require/top1: unknown key"));
  CHECK_THAT(refused(R"("task": { "kind": "sorting" })"),
             Catch::Contains(R"(/task/kind: must be one of counting, finding; got "sorting")"));
}

TEST_CASE("NetScore weighs only shares that grow") {
  CHECK_THAT(refused(R"("maximise": { "netscore": {} })"),
             Catch::Contains(R"(/maximise: must be "error" or "hits"; got)"));
  const DesignSpec spec =
      read(R"("task": { "kind": "finding" }, "maximise": { "netscore": { "alpha": 1 } })");
  CHECK(spec.maximise.is_netscore);
  CHECK(objective_value(spec.maximise, {{1'000'000, 1'000'000'000, 0, 0}, {{"hits", 0.1}}, {}}) ==
        Approx(20));
}

TEST_CASE("A value ranks by what it gains over the worst, and what has no value ranks last") {
  const Objective objective = read("").maximise;
  const auto value = [&](double error) {
    return objective_value(objective, {{}, {{"error", error}, {"hits", 0.3}}, {}});
  };
  CHECK(value(1) == 3);
  CHECK(value(0.5) > value(1));
  CHECK(value(4) == 0);
  CHECK(value(5) == -std::numeric_limits<double>::infinity());
  CHECK(objective_value(objective, {{}, {{"hits", 0.3}}, {}}) ==
        -std::numeric_limits<double>::infinity());
}

TEST_CASE("Missed scores are told by name") {
  Requirements require;
  require.scores["error"].max = 2;
  Metrics metrics{{}, {{"error", 2.5}}, {}};
  REQUIRE(misses(require, 0, metrics).size() == 1);
  CHECK(misses(require, 0, metrics)[0].text == "error: 2.5 > max 2");
  metrics.scores["error"] = 2;
  CHECK(misses(require, 0, metrics).empty());
  metrics.scores.clear();
  CHECK(misses(require, 0, metrics)[0].text == "error: not measured");
}

TEST_CASE("Shares are shown in percent, numbers as they are") {
  CHECK(shown(kHits, 0.652) + std::string(unit_text(kHits)) == "65.20 %");
  CHECK(shown(kError, 0.652) + std::string(unit_text(kError)) == "0.652");
}

TEST_CASE("Settings of detectors are a text that is read again") {
  DetectorSettings settings;
  for (const bool is_stated : {false, true}) {
    if (is_stated) settings.anchors = {{{8.25}, {static_cast<double>(17.1F)}}, {0.5, 1.3}};
    settings.score = 0.1;
    const std::string text = settings_text(settings);
    const DetectorSettings again = read_settings_text(text, "here").over({});
    CHECK(again == settings);
    CHECK(settings_text(again) == text);
  }
  CHECK_THROWS_WITH(
      read_settings_text(R"({"nms":2,"size":1})", "here"),
      Catch::Contains("here:1:8: /nms: must be <= 1") && Catch::Contains("/size: unknown key"));
  CHECK_THROWS_AS(read_settings_text("8 9", "here"), SpecError);
}

TEST_CASE("Specs of detectors train by their own recipe unless they say another") {
  const auto recipe = [](const std::string& training) {
    const std::string text =
        R"({"name": "n", "prototype": "p.json", "task": {"kind": "detection"})" + training + "}";
    return read_design_spec(parse_json(text, "s.json"), "s.json").training.recipe;
  };
  CHECK(recipe("").name == "detection");
  CHECK(recipe("").batch == 8);
  CHECK(recipe(R"(, "training": { "batch": 4 })").clip_norm == 5);
  CHECK(recipe(R"(, "training": { "recipe": "default" })").batch == 128);
  CHECK(recipe("").judge_every == 1);
  CHECK(recipe(R"(, "training": { "judge_every": 4 })").judge_every == 4);
  CHECK_THROWS_WITH(recipe(R"(, "training": { "judge_every": 0 })"),
                    Catch::Contains("/training/judge_every: must be"));
}

TEST_CASE("Specs of detectors bound and maximise their scores, and say how detectors are run") {
  const auto read_shipped = [](const std::string& more) {
    const std::string text = R"({ "name": "x", "prototype": "p.json", )" + more + " }";
    return read_design_spec(parse_json(text, "x.json"), "x.json");
  };
  const auto refusal = [&](const std::string& more) -> std::string {
    try {
      (void)read_shipped(more);
    } catch (const SpecError& error) {
      return error.what();
    }
    return "";
  };
  const DesignSpec boxes = read_shipped(
      R"("task": { "kind": "detection", "proposals": 300, "nms": 0.6 }, "require": { "box_map50": { "min": 0.5 } })");
  CHECK(boxes.maximise.score.name == "box_map");
  CHECK(boxes.task.dataset == "fashion_scenes");
  CHECK(boxes.require.scores.at("box_map50").min == 0.5);
  CHECK(boxes.task.detector.proposals == 300);
  CHECK_FALSE(boxes.task.detector.detections);
  DetectorSettings own;
  own.proposals = 7;
  own.detections = 9;
  const DetectorSettings settings = boxes.task.detector.over(own);
  CHECK((settings.proposals == 300 && settings.detections == 9 && settings.nms == 0.6));
  const DesignSpec masks = read_shipped(
      R"("task": { "anchors": { "sizes": [8, 16] }, "kind": "instance_segmentation" }, "maximise": "mask_map50")");
  CHECK(masks.maximise.score.name == "mask_map50");
  CHECK(masks.task.detector.anchors->shapes_a_cell() == 3);
  CHECK(masks.task.kind.find_goal("box_map") != nullptr);
  CHECK(read_shipped(R"("task": { "kind": "instance_segmentation" })").maximise.score.name ==
        "mask_map");
  CHECK(refusal(R"("require": { "mask_map": { "min": 0.5 } })") ==
        "x.json:1:52: /require/mask_map: unknown key of kind classification: it is one of kind "
        "instance_segmentation");
  CHECK(refusal(R"("task": { "proposals": 10 })") ==
        "x.json:1:49: /task/proposals: unknown key of kind classification: it is one of kind "
        "detection or instance_segmentation");
  CHECK_THAT(
      refusal(
          R"("require": { "top1": { "min": 0.5 }, "ram_kib": { "max": 9 } }, "task": { "kind": "detection" })"),
      Catch::Contains("unknown key of kind detection: it is one of kind classification") &&
          Catch::Contains("/require/ram_kib: is not known of what finds objects"));
  CHECK_THAT(
      refusal(
          R"("require": { "latency_ms": { "max": 9, "precision": "bf16" } }, "task": { "kind": "detection" })"),
      Catch::Contains(R"(/require/latency_ms/precision: must be fp32 or int8: no bf16 file is )"
                      R"(written of what finds objects; got "bf16")"));
  CHECK_THAT(refusal(R"("task": { "kind": "detection" }, "maximise": "mask_map")"),
             Catch::Contains(R"(/maximise: must be "box_map" or "box_map50")"));
  CHECK_THAT(refusal(R"("task": { "kind": "detection", "proposals": 0, "anchors": "best" })"),
             Catch::Contains("/task/proposals: must be >= 1; got 0") &&
                 Catch::Contains(R"(/task/anchors: must be "auto" or)"));
}
