// Kills during real training, on the synthetic data set.
#include <catch2/catch.hpp>

#include "tests/search/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

constexpr const char* kFlags = " --device cpu --workers 2 --candidates 4";

}  // namespace

TEST_CASE(
    "Workers and coordinator killed during real training end with the undisturbed leaderboard") {
  const Scratch scratch;
  const Ended calm = run_atto(scratch, "search " + tiny_spec() + kFlags + " --out calm");
  INFO(calm.err);
  REQUIRE(calm.code == 0);
  const json board = boards_of(scratch, scratch / "calm");
  CHECK(std::filesystem::exists(scratch / "calm/winner/weights.safetensors"));
  CHECK(std::filesystem::exists(scratch / "calm/winner/reference.safetensors"));
  CHECK(std::filesystem::exists(scratch / "calm/winner/model.onnx"));
  CHECK(calm.out.find("  onnx  fp32  calm/winner/model.onnx") != std::string::npos);
  CHECK(calm.err.find("export: this version does not write c\n") != std::string::npos);
  {
    INFO("images for int8 come from the trainer, once, and so does a reference that is missing");
    std::filesystem::remove(scratch / "calm/winner/reference.safetensors");
    const Ended made = run_atto(scratch, "export calm --to onnx --int8 --json");
    INFO(made.err);
    REQUIRE(made.code == 0);
    CHECK(json::parse(made.out).at(0).at("file") == "calm/winner/model.int8.onnx");
    CHECK(std::filesystem::exists(scratch / "calm/winner/calibration.safetensors"));
    CHECK(std::filesystem::exists(scratch / "calm/winner/reference.safetensors"));
    CHECK(run_atto(scratch, "export calm --to onnx --int8 --calibrate nowhere").code == 4);
  }

  {
    INFO("workers in the middle of an epoch and before a commit");
    const Ended ended = run_atto(scratch, "search " + tiny_spec() + kFlags + " --out workers",
                                 "ATTO_FAULT=mid_epoch:6,before_commit:3");
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK(ended.err.find("killed by signal 9") != std::string::npos);
    CHECK(boards_of(scratch, scratch / "workers") == board);
  }
  {
    INFO("the coordinator, with its workers");
    Ended ended = run_atto(scratch, "search " + tiny_spec() + kFlags + " --out run",
                           "ATTO_FAULT=after_propose:5,after_epoch:2");
    CHECK(ended.code == 137);
    ended = run_atto(scratch, "resume run --workers 2", "ATTO_FAULT=after_finalist:3");
    CHECK(ended.code == 137);
    ended = run_atto(scratch, "resume run --workers 2");
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK(boards_of(scratch, scratch / "run") == board);
  }
}
