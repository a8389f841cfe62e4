// Detectors on the command line: what works on them, and what says that it does not yet.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kMaskRcnn = kSource + "/prototypes/resnet50_mask_rcnn.json";

/// A spec of a small detector; its data needs no files.
json small_spec(const Scratch& scratch) {
  json prototype = json::parse(read_text(kSource + "/prototypes/atto_mask_rcnn.json"));
  prototype["stages"].erase(3);
  prototype["detector"]["pyramid"]["from"].erase(3);
  write_text(scratch / "p.json", prototype.dump());
  return {{"name", "small"},
          {"prototype", "p.json"},
          {"task",
           {{"kind", "instance_segmentation"},
            {"dataset", "synthetic_instances:size=64,train=40,validation=20,test=20"},
            {"resolution", 64},
            {"proposals", 50},
            {"detections", 10}}},
          {"require", {{"params", {{"max", "300k"}}}, {"macs", {{"max", "150M"}}}}},
          {"search", {{"candidates", 12}, {"rungs", {1}}, {"finalists", 1}, {"band", 0}}}};
}

}  // namespace

TEST_CASE("inspect prints each part's share of a detector, and the published counts") {
  const Scratch scratch;
  const json detector = printed(scratch, "inspect --json " + kMaskRcnn);
  CHECK(detector.at("params") == 44454513);
  CHECK(detector.at("macs") == 187586351616);
  CHECK(detector.at("macs_without_masks") == 134379721216);
  std::int64_t params = 0, macs = 0;
  for (const json& part : detector.at("parts")) {
    params += part.at("params").get<std::int64_t>();
    macs += part.at("macs").get<std::int64_t>();
    std::int64_t once = 0;
    for (const json& layer : part.at("layers")) once += layer.at("macs").get<std::int64_t>();
    CHECK(part.at("macs_once") == once);
  }
  CHECK(params == detector.at("params"));
  CHECK(macs == detector.at("macs"));
  const Ended text = run_atto(scratch, "inspect " + kMaskRcnn);
  CHECK(text.code == 0);
  for (const char* line : {"resnet50_mask_rcnn: 44454513 params, 187586351616 MACs",
                           "without masks: 134379721216 MACs", "\nproposals ", "\nmask "})
    CHECK(text.out.find(line) != std::string::npos);
  const Ended odd = run_atto(scratch, "inspect --resolution 100 " + kMaskRcnn);
  CHECK(odd.code == 2);
  CHECK(odd.err.find("an input of 96x96 or 128x128 would do") != std::string::npos);
}

TEST_CASE("Detectors are checked, generated within their budget, and reopened") {
  const Scratch scratch;
  write_text(scratch / "s.json", small_spec(scratch).dump());
  const json checked = printed(scratch, "check --json s.json")[0];
  CHECK(checked.at("proposals") == 50);
  CHECK(checked.at("requirements")[0].at("answer") == "feasible");
  const json designs = printed(scratch, "generate s.json -n 20 --json --out designs");
  CHECK(designs.size() == 20);
  for (const json& design : designs) {
    CHECK(design.at("params") <= 300000);
    CHECK(design.at("macs") <= 150000000);
  }
  const std::string hash = designs[0].at("hash");
  const std::string file = "designs/" + hash + ".json";
  json again = json::parse(read_text(scratch / file));
  again["input"] = {{"channels", 3}, {"height", 64}, {"width", 64}};
  again["detector"]["settings"] = {{"proposals", 50}, {"detections", 10}};
  again["classes"] = checked.at("classes");
  write_text(scratch / "again.json", again.dump());
  const json inspected = printed(scratch, "inspect --json again.json");
  CHECK(inspected.at("hash") == hash);
  CHECK(inspected.at("macs") == designs[0].at("macs"));
  const Ended reopened =
      run_atto(scratch, "reopen " + file + " --free detector.mask.crop --out open.json");
  INFO(reopened.err);
  CHECK(reopened.code == 0);
  CHECK(printed(scratch, "check --json open.json")[0].at("decisions") == 1);
}

TEST_CASE("A spec's kind and its prototype must agree") {
  const Scratch scratch;
  json spec = small_spec(scratch);
  spec["task"]["kind"] = "detection";
  write_text(scratch / "s.json", spec.dump(1));
  const Ended masks = run_atto(scratch, "check s.json");
  CHECK(masks.code == 2);
  CHECK(masks.err.find("/prototype: is of another kind than the task, detection: it has a "
                       "\"mask\" in its detector, which this kind has no use for") !=
        std::string::npos);
  spec["task"]["kind"] = "instance_segmentation";
  spec["task"]["anchors"] = {{"sizes", {8, 16}}};
  write_text(scratch / "s.json", spec.dump(1));
  CHECK(run_atto(scratch, "check s.json")
            .err.find("s.json: /task/anchors/sizes: must be one entry a level, of which there are "
                      "4; got 2") != std::string::npos);
  spec["task"] = {{"dataset", "synthetic"}};
  write_text(scratch / "s.json", spec.dump(1));
  const Ended head = run_atto(scratch, "generate s.json");
  CHECK(head.code == 2);
  CHECK(head.err.find("it has a \"detector\" in place of a head") != std::string::npos);
}

TEST_CASE("A campaign of detectors runs on the fake evaluator, is explained and steered") {
  const Scratch scratch;
  json spec = small_spec(scratch);
  spec["search"]["strategy"] = "generative_synthesis";
  write_text(scratch / "s.json", spec.dump());
  const Ended ran = run_atto(scratch, "search s.json --evaluator fake --out run");
  INFO(ran.err << ran.out);
  CHECK(ran.code == 0);
  CHECK(run_atto(scratch, "status run").code == 0);
  CHECK(run_atto(scratch, "explain run").out.find("detector.") != std::string::npos);
  CHECK(run_atto(scratch, "report run").code == 0);
  const Ended steered =
      run_atto(scratch, "steer run --require macs.max=120M --forbid detector.mask.crop=14");
  INFO(steered.err);
  CHECK(steered.code == 0);
  const Ended tried = run_atto(scratch, "steer run --try " + kSource + "/prototypes/resnet50.json");
  CHECK(tried.code == 2);
  CHECK(tried.err.find("is of another kind than the task, instance_segmentation: it has no "
                       "\"detector\"") != std::string::npos);
}

TEST_CASE("Detectors that are too slow are refused before training, and the others' times shown") {
  const Scratch scratch;
  json spec = small_spec(scratch);
  const std::string exact = "ATTO_FAKE_LATENCY_EXACT=1";  // a millisecond for a million MACs
  spec["require"]["latency_ms"] = {{"max", 100}, {"threads", 1}, {"precision", "int8"}};
  write_text(scratch / "s.json", spec.dump());
  CHECK(run_atto(scratch, "check s.json").out.find("at most 100 ms on 1 thread in int8") !=
        std::string::npos);
  spec["require"]["latency_ms"].erase("precision");
  write_text(scratch / "s.json", spec.dump());
  const Ended ran = run_atto(scratch, "search s.json --evaluator fake --out run", exact);
  INFO(ran.err << ran.out);
  CHECK(ran.code == 0);
  int trained = 0, refused = 0;
  const json boards = boards_of(scratch, scratch / "run");
  for (const json& entry : boards.at(0).at("leaderboard")) {
    const double ms = entry.at("latency_ms").get<double>();
    CHECK(ms == Approx(1e-6 * entry.at("macs").get<double>()));
    const bool is_refused = entry.at("refused").get<bool>();
    CHECK(is_refused == ms > 100);
    ++(is_refused ? refused : trained);
    if (is_refused)
      CHECK(entry.at("trouble").get<std::string>().find(" ms > 100 ms") != std::string::npos);
  }
  CHECK(trained == 12);
  CHECK(refused > 0);
  CHECK(run_atto(scratch, "report run --out out.html").code == 0);
  CHECK(read_text(scratch / "out.csv").find(",latency_ms,") != std::string::npos);
}

TEST_CASE("calibrate --latency predicts detectors from what their networks take") {
  const Scratch scratch;
  write_text(scratch / "s.json", small_spec(scratch).dump());
  const Ended ended =
      run_atto(scratch, "calibrate s.json --latency --designs 12 --evaluator fake --json",
               "ATTO_FAKE_LATENCY_EXACT=1");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json said = json::parse(ended.out);
  CHECK(said.at("designs").size() == 12);
  CHECK(said.at("judged") == 4);
  CHECK(said.at("tail_error").get<double>() < 1e-3);
}

TEST_CASE("What does not know detectors yet says so in one line") {
  const Scratch scratch;
  json spec = small_spec(scratch);
  spec["export"] = {"atto", "c"};
  write_text(scratch / "s.json", spec.dump());
  for (const std::string command : {"check s.json", "search s.json --evaluator fake --out run"}) {
    const Ended ended = run_atto(scratch, command);
    CHECK(ended.code == 2);
    CHECK(ended.err.find("/export/1: must be of atto, onnx; got \"c\"") != std::string::npos);
  }
  for (const std::string command : {"inspect --svg ", "inspect --dot "}) {
    const Ended ended = run_atto(scratch, command + kMaskRcnn);
    INFO(command << ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.err.find("/detector: ") != std::string::npos);
  }
}

TEST_CASE("bench times each part of a detector, on a picture as full as its settings allow") {
  const Scratch scratch;
  const std::string file = kSource + "/tests/data/fuzz/detector/pyramid_int8.atto";
  const json bench = printed(scratch, "bench --rounds 3 --threads 2 --json " + file);
  CHECK(bench.at("precision") == "int8");
  CHECK(bench.at("runs") == 3);
  CHECK(bench.at("low_ms").get<double>() <= bench.at("median_ms").get<double>());
  std::int64_t macs = 0;
  std::vector<std::pair<std::string, int>> runs;
  for (const json& part : bench.at("parts")) {
    macs += part.at("macs").get<std::int64_t>();
    CHECK(part.at("median_ms").get<double>() > 0);
    runs.emplace_back(part.at("name"), part.at("runs"));
  }
  CHECK(macs == bench.at("macs"));
  CHECK(runs == std::vector<std::pair<std::string, int>>{
                    {"trunk", 1}, {"proposals", 2}, {"box", 6}, {"mask", 4}});
  const Ended text = run_atto(scratch, "bench --rounds 1 " + file);
  CHECK(text.code == 0);
  for (const char* line :
       {"\ntrunk ", "\nmask ", "as full as the settings allow: median ", "GOP/s"})
    CHECK(text.out.find(line) != std::string::npos);
  const Ended steps = run_atto(scratch, "bench --profile " + file);
  CHECK(steps.code == 2);
  CHECK(steps.err.find("--profile: is of single networks; this is a detector") !=
        std::string::npos);
}
