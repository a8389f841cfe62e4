// atto eval --detections: COCO's numbers of results that some program wrote.
#include <catch2/catch.hpp>
#include <cmath>

#include "design_specs/files.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

/// Writes a golden case of pycocotools as two files, and returns what is to come of them.
json write_case(const Scratch& scratch, const std::string& name) {
  const json file = json::parse(atto::spec::read_file(
      std::string(ATTO_SOURCE_DIR) + "/tests/data/detection/coco/" + name + ".json"));
  std::filesystem::create_directories(scratch / "set");
  write_text(scratch / "set/instances_train.json", file.at("ground_truth").dump());
  write_text(scratch / "set/instances_val.json", file.at("ground_truth").dump());
  write_text(scratch / "set/instances_test.json", file.at("ground_truth").dump());
  write_text(scratch / "results.json", file.at("detections").dump());
  return file.at("expected");
}

}  // namespace

TEST_CASE("detections of a file are judged as pycocotools judges them") {
  const Scratch scratch;
  const json expected = write_case(scratch, "crowd");
  for (const char* data : {"set", "set/instances_train.json"}) {
    const Ended ended =
        run_atto(scratch, std::string("eval --detections results.json --data ") + data + " --json");
    REQUIRE(ended.code == 0);
    const json got = json::parse(ended.out);
    CHECK(std::abs(got.at("boxes").at("ap").get<double>() -
                   expected.at("bbox").at("stats")[0].get<double>()) < 1e-12);
    CHECK(std::abs(got.at("masks").at("ap75").get<double>() -
                   expected.at("segm").at("stats")[2].get<double>()) < 1e-12);
    CHECK(std::abs(got.at("boxes").at("classes")[0].at("ap").get<double>() -
                   expected.at("bbox").at("ap_per_class")[0].get<double>()) < 1e-12);
  }
  const Ended text = run_atto(scratch, "eval --detections results.json --data set");
  CHECK(text.out.find("ap50                  0.6028") != std::string::npos);
  CHECK(text.out.find("ap by class") != std::string::npos);
}

TEST_CASE("what cannot be judged is refused with the reason") {
  const Scratch scratch;
  write_case(scratch, "plain");
  CHECK(run_atto(scratch, "eval --detections results.json").err.find("--data is required") !=
        std::string::npos);
  CHECK(run_atto(scratch, "eval").err.find("weights is required") != std::string::npos);
  CHECK(run_atto(scratch, "eval --detections results.json --data nowhere").code == 4);
  CHECK(run_atto(scratch, "eval --detections none.json --data set").code == 4);
  write_text(scratch / "results.json", "[{\"image_id\":1}]");
  const Ended ended = run_atto(scratch, "eval --detections results.json --data set");
  CHECK(ended.code == 2);
  CHECK(ended.err.find("results.json:1:2: /0: missing key \"category_id\"") != std::string::npos);
}
