// Kills during real training, on the synthetic data set.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/search/process/process.hpp"

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
  CHECK(calm.out.find("calm/winner/model.onnx ") != std::string::npos);
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

TEST_CASE(
    "A disk that fills during real training ends the campaign with a message, and it goes on") {
  const Scratch scratch;
  // A file system of 500 KiB where this process may mount one; elsewhere files of at most 100 KiB.
  const std::string atto = ATTO_BIN_DIR "/atto ";
  const std::string flags = " --device cpu --workers 1 --candidates 3";
  write_text(scratch / "fill.sh",
             "mkdir -p disk\n"
             "if mount -t tmpfs -o size=500k none disk 2>mount.err; then echo tmpfs >how\n"
             "else echo limit >how; fi\n"
             "(if [ $(cat how) = limit ]; then ulimit -f 200; trap '' XFSZ; fi\n" +
                 atto + "search " + tiny_spec() + flags + " --out disk/run >/dev/null 2>err)\n" +
                 "echo $? >code\n"
                 "[ $(cat how) = limit ] || mount -o remount,size=64m disk\n" +
                 atto + "resume disk/run --workers 1 >/dev/null 2>err2; echo $? >code2\n" + atto +
                 "status disk/run --json >status.json\n"
                 "[ $(cat how) = limit ] || umount disk\n");
  const std::string run = "cd '" + (scratch / "").string() + "' && sh fill.sh";
  const std::string alone = "unshare -rm sh -c \"" + run + "\" 2>/dev/null || (" + run + ")";
  REQUIRE(std::system(alone.c_str()) == 0);
  WARN("filled by: " << read_text(scratch / "how"));
  INFO(read_text(scratch / "err") << "\n" << read_text(scratch / "err2"));
  CHECK(read_text(scratch / "code") == "4\n");
  const std::string error = read_text(scratch / "err");
  CHECK(error.find("atto resume disk/run") != std::string::npos);
  CHECK((error.find("No space left on device") != std::string::npos ||
         error.find("disk is full") != std::string::npos ||
         error.find("File too large") != std::string::npos));
  CHECK(read_text(scratch / "code2") == "0\n");

  REQUIRE(run_atto(scratch, "search " + tiny_spec() + flags + " --out calm").code == 0);
  const json calm = boards_of(scratch, scratch / "calm");
  const json after = json::parse(read_text(scratch / "status.json")).at("tiers");
  CHECK(after.at(0).at("digest") == calm.at(0).at("digest"));
}
