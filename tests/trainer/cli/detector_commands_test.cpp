// Detectors in the commands that train, search and judge: tiny ones, on scenes that need no files.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>
#include <tuple>

#include "tests/search/process/process.hpp"
#include "tests/trainer/cli/compared.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kScenes = "synthetic_instances:size=64,train=24,validation=8,test=8";

/// How a picture begins in a page: the first bytes of a PNG file.
constexpr const char* kPng = "src='data:image/png;base64,iVBORw0KGgo";

/// Levels of 16 and 8 cells; some ten thousand parameters.
json tiny_design() {
  return json::parse(R"({
    "format": 1, "name": "tiny", "input": { "channels": 3, "height": 64, "width": 64 },
    "classes": 3,
    "stem": [ { "op": "conv", "stride": 2, "channels": 8 } ],
    "stages": [
      { "name": "a", "modules": 1, "stride": 2, "channels": 12, "module": "m" },
      { "name": "b", "modules": 1, "stride": 2, "channels": 16, "module": "m" } ],
    "modules": { "m": { "chain": [ { "op": "conv" } ] } },
    "detector": {
      "pyramid": { "from": ["a", "b"], "channels": 12,
                   "lateral": [ { "op": "pointwise", "activation": "none" } ] },
      "proposals": { "tower": [ { "op": "conv" } ] },
      "box": { "crop": 7,
               "tower": [ { "op": "dense", "channels": 24, "activation": "relu" } ] },
      "mask": { "crop": 7, "tower": [ { "op": "conv", "channels": 12 } ], "enlarge": "upsample" },
      "settings": { "proposals": 20, "detections": 10 } } })");
}

json tiny_spec_of(const std::string& prototype) {
  return {{"name", "tiny"},
          {"prototype", prototype},
          {"task", {{"kind", "instance_segmentation"}, {"dataset", kScenes}}},
          {"require", {{"params", {{"max", "1M"}}}}},
          {"search", {{"candidates", 3}, {"rungs", {1, 2}}, {"finalists", 1}, {"band", 0}}},
          {"training", {{"final_epochs", 2}, {"final_seeds", 1}}}};
}

std::string train_text(const std::string& out, int epochs) {
  return "train d.json --data '" + kScenes + "' --device cpu --out " + out + " --epochs " +
         std::to_string(epochs);
}

}  // namespace

TEST_CASE("train and eval of a detector tell COCO's scores, and write files of COCO") {
  const Scratch scratch;
  write_text(scratch / "d.json", tiny_design().dump());
  const json trained = printed(scratch, train_text("run", 2) + " --json");
  CHECK(trained.at("recipe").at("clip_norm") == 5);
  CHECK(trained.at("epochs").at(1).contains("validation_mask_map50"));
  CHECK(trained.at("params") == printed(scratch, "inspect --json d.json").at("params"));
  const Ended log = run_atto(scratch, train_text("run", 2));
  CHECK(log.err.find("% of the training objects") != std::string::npos);
  CHECK(log.out.find("box AP50") != std::string::npos);

  const json judged = printed(scratch, "eval run --json --results r.json --truth t.json");
  for (const char* of : {"box", "mask"}) {
    const json& numbers = judged.at(std::string(of) + (std::string(of) == "box" ? "es" : "s"));
    CHECK(std::max(0.0, numbers.at("ap").get<double>()) ==
          Approx(trained.at("test_" + std::string(of) + "_map").get<double>()));
  }
  CHECK(printed(scratch, "eval --json --detections r.json --data t.json") == judged);
  CHECK(printed(scratch, "eval --json --detections r.json --data '" + kScenes + "'") == judged);
  const Ended table = run_atto(scratch, "eval run --split validation");
  CHECK(table.code == 0);
  for (const char* row : {"ap50", "ap_small", "ar100", "masks"})
    CHECK(table.out.find(row) != std::string::npos);
  CHECK(read_text(scratch / "run/weights.safetensors").find(R"(\"anchors\":{\"sizes\":[[)") !=
        std::string::npos);

  const Ended refused = run_atto(scratch, "eval run --confusion c.csv");
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--confusion: is for classifiers") != std::string::npos);
  CHECK(run_atto(scratch, "compare run run").code == 2);
  const Ended other = run_atto(scratch, "eval run --data fashion_scenes");
  CHECK(other.code == 2);
  CHECK(other.err.find("must have the network's 3 classes; got 10") != std::string::npos);

  // A boxes-only detector takes what fits of those weights.
  json boxes = tiny_design();
  boxes["detector"].erase("mask");
  write_text(scratch / "d.json", boxes.dump());
  const Ended begun = run_atto(scratch, train_text("boxes", 1) + " --from run");
  CHECK(begun.code == 0);
  CHECK(begun.err.find("begins with 100.0 % of its weights") != std::string::npos);
  CHECK(begun.out.find("mask") == std::string::npos);
}

TEST_CASE("A detector's training that is killed goes on as if it had not been") {
  const Scratch scratch;
  write_text(scratch / "d.json", tiny_design().dump());
  REQUIRE(run_atto(scratch, train_text("whole", 3)).code == 0);
  const int process = start_atto(
      scratch, "train d.json --data '" + kScenes + "' --device cpu --out killed --epochs 3");
  for (int i = 0; i < 1200 && !std::filesystem::exists(scratch / "killed/checkpoint.safetensors");
       ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ::kill(process, SIGKILL);
  wait_for(process);
  for (int i = 0; i < 10; ++i) {  // its trainer may live a moment longer
    if (run_atto(scratch, train_text("killed", 3)).code == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  CHECK(read_text(scratch / "killed/weights.safetensors") ==
        read_text(scratch / "whole/weights.safetensors"));
}

TEST_CASE("A list trains detectors by their own recipe") {
  const Scratch scratch;
  write_text(scratch / "d.json", tiny_design().dump());
  const json list = {{"format", 1},
                     {"data", kScenes},
                     {"trainings",
                      {{{"design", "d.json"},
                        {"epochs", 3},
                        {"training", {{"learning_rate", 0.01}, {"judge_every", 2}}}}}}};
  write_text(scratch / "list.json", list.dump());
  const json result =
      printed(scratch, "train list.json --out many --device cpu --json").at(0).at("result");
  CHECK(result.at("outcome") == "finished");
  CHECK(result.at("recipe").at("batch") == 8);
  CHECK(result.at("recipe").at("learning_rate") == 0.01);
  CHECK(result.at("recipe").at("judge_every") == 2);
  std::vector<bool> judged;
  for (const json& epoch : result.at("epochs"))
    judged.push_back(!epoch.at("validation_box_map").is_null());
  CHECK(judged == std::vector<bool>{false, true, true});
}

TEST_CASE("Detectors are compared by their weights as by what is kept of them") {
  const Scratch scratch;
  json wide = tiny_design(), boxes = tiny_design();
  wide["detector"]["pyramid"]["channels"] = 16;
  boxes["detector"].erase("mask");
  write_text(scratch / "d.json", tiny_design().dump());
  write_text(scratch / "wide.json", wide.dump());
  write_text(scratch / "boxes.json", boxes.dump());
  const json list = {{"format", 1},
                     {"data", kScenes},
                     {"results", "kept"},
                     {"trainings",
                      {{{"design", "d.json"}, {"epochs", 6}, {"seeds", {1, 2}}},
                       {{"design", "wide.json"}, {"epochs", 3}},
                       {{"design", "boxes.json"}, {"epochs", 1}}}}};
  write_text(scratch / "list.json", list.dump());
  REQUIRE(run_atto(scratch, "train list.json --out many --device cpu").code == 0);
  CHECK(std::filesystem::file_size(scratch / "kept/d-s1.json") < 10'000);

  const std::string kept = "kept/d-s1.json kept/wide-s1.json kept/d-s2.json";
  const json told = compared(scratch, kept);
  CHECK(told == compared(scratch, "many/d-s1 many/wide-s1 many/d-s2"));
  CHECK(told == compared(scratch, "many/d-s1 kept/wide-s1.json many/d-s2"));
  const json& scores = told.at(0).at("scores");
  CHECK(scores.size() == 4);
  const json judged = printed(scratch, "eval many/d-s1 --json");
  for (const auto& [score, part, number] :
       {std::tuple("mask_map", "masks", "ap"), {"box_map50", "boxes", "ap50"}}) {
    const json& by_seed = scores.at(score).at("by_seed");
    CHECK(by_seed.size() == 2);
    CHECK(by_seed.at(0) == judged.at(part).at(number));
  }
  CHECK(judged.at("boxes").at("ap50") > 0);
  CHECK_FALSE(told.at(1).at("scores").at("box_map").at("against_first").at("has_seeds"));
  const Ended text = run_atto(scratch, "compare " + kept);
  CHECK(text.out.find("mask AP50 %") != std::string::npos);
  CHECK(text.out.find("(1000 draws of them)") != std::string::npos);
  CHECK(printed(scratch, "compare many/d-s1 many/wide-s1 --split validation --json").at("images") ==
        8);

  const auto refused = [&](const std::string& what, const std::string& why) {
    const Ended ended = run_atto(scratch, "compare " + what);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, Catch::Contains(why));
  };
  refused("kept/d-s1.json kept/boxes-s1.json",
          "boxes-s1.json: must be of the task of the first, instance_segmentation; got detection");
  refused("many/d-s1 many/boxes-s1", "must be of the task of the first, instance_segmentation");
  refused("--split validation " + kept, "--split: results of trainings tell of the test images");
  refused("kept/d-s1.json many/d-s2", "must be of two designs at least");
  const json good = json::parse(read_text(scratch / "kept/wide-s1.json"));
  for (const auto& [place, value, why] : std::vector<std::tuple<std::string, json, std::string>>{
           {"/dataset_digest", "0123", "must be of the data set of the first"},
           {"/test_matches/pictures", 9, "must be of the data set of the first"},
           {"/test_matches/objects/0", "", "must be judged by the objects of the first"},
           {"/test_matches/boxes/1", "A", "/boxes/1: must not end within a number"},
           {"/test_matches/boxes/1", "AZ", "/boxes/1: must be right at 10 overlaps at most"},
           {"/test_matches/objects/1", "I", "/objects/1: must name pictures that there are"},
           {"/test_matches/masks", {"A"}, "/masks: must be a list with a text a class"},
           {"/test_matches", 1, "/test_matches: must be an object"}}) {
    json bad = good;
    bad[json::json_pointer(place)] = value;
    write_text(scratch / "bad.json", bad.dump());
    refused("kept/d-s1.json bad.json", why);
  }
}

TEST_CASE("A campaign of detectors is trained, killed, resumed, and its winner judged") {
  const Scratch scratch;
  json prototype = tiny_design();
  prototype["detector"]["mask"]["enlarge"] = {{"choose", {"deconv", "upsample"}}};
  prototype["detector"]["pyramid"]["channels"] = {{"range", {8, 16}}, {"step", 4}};
  write_text(scratch / "p.json", prototype.dump());
  json spec = tiny_spec_of("p.json");
  spec["export"] = {"atto", "onnx"};
  write_text(scratch / "s.json", spec.dump());
  const std::string search = "search s.json --workers 1 --device cpu --out ";
  const Ended whole = run_atto(scratch, search + "whole");
  INFO(whole.err << whole.out);
  // Barely trained, it is sure of nothing: in whole numbers it may find other objects (exit 1).
  REQUIRE(whole.code <= 1);
  const json judged = printed(scratch, "eval whole --json");
  CHECK(judged.contains("masks"));
  const Ended alone = run_atto(scratch, "compare whole whole/winner");
  CHECK(alone.code == 2);
  CHECK(alone.err.find("must be of two designs at least; got one, trained 2 times") !=
        std::string::npos);
  for (const char* file : {"model.atto", "model.onnx", "calibration.safetensors"})
    CHECK(std::filesystem::exists(scratch / "whole/winner" / file));
  CHECK(whole.out.find("onnx") != std::string::npos);
  REQUIRE(run_atto(scratch, "report whole").code == 0);
  const std::string page = read_text(scratch / "whole/report.html");
  std::size_t pictures = 0;
  for (auto at = page.find(kPng); at != std::string::npos; at = page.find(kPng, at + 1)) ++pictures;
  CHECK(pictures == 6);
  CHECK(page.find("What the winner finds") != std::string::npos);

  CHECK(run_atto(scratch, "reference whole --out again.safetensors").code == 0);
  CHECK(read_text(scratch / "again.safetensors") ==
        read_text(scratch / "whole/winner/reference.safetensors"));
  const json floats = printed(scratch, "export whole --to atto --json").at(0);
  CHECK(floats.at("mask_map").get<double>() ==
        Approx(floats.at("reference_mask_map").get<double>()).margin(1e-3));
  const Ended whole_numbers = run_atto(scratch, "export whole --to atto,onnx --int8 --json");
  INFO(whole_numbers.err);
  CHECK(whole_numbers.code <= 1);
  const json two = json::parse(whole_numbers.out);
  CHECK(two.at(0).at("precision") == "int8");
  CHECK(two.at(0).at("images") == 8);
  CHECK(two.at(1).at("precision") == "fp32");
  CHECK(std::filesystem::exists(scratch / "whole/winner/calibration.safetensors"));
  CHECK(run_atto(scratch, "data '" + kScenes + "' --plain --draw scenes --count 2").code == 0);
  const json found = printed(scratch, "run whole scenes --score 0.01 --draw found --json");
  CHECK(found.size() == 2);
  CHECK(std::filesystem::exists(scratch / "found/train_000000.png"));
  CHECK(std::filesystem::exists(scratch / "found/train_000001.png"));
  const std::filesystem::path model = scratch / "whole/winner/model.atto";
  std::string damaged = read_text(model);
  damaged[damaged.size() - 1] ^= 1;
  write_text(model, damaged);
  const Ended told = run_atto(scratch, "report whole");
  CHECK(told.code == 0);
  CHECK((told.out + told.err).find("no pictures of what the winner finds") != std::string::npos);

  CHECK(run_atto(scratch, search + "killed", "ATTO_FAULT=after_propose:2").code == 137);
  const Ended resumed = run_atto(scratch, "resume killed");
  INFO(resumed.err);
  CHECK(resumed.code == whole.code);
  CHECK(boards_of(scratch, "killed") == boards_of(scratch, "whole"));
  CHECK(printed(scratch, "eval killed --json") == judged);
}
