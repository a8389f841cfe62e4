// Processes that die at named points: the campaign must end as if nothing had happened.
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

constexpr const char* kFlags = " --evaluator fake --workers 2 --candidates 20";
// Long enough for 25 kills, however many jobs pass between two of them.
constexpr const char* kLongFlags = " --evaluator fake --workers 2 --candidates 32";

json undisturbed(const Scratch& scratch, const std::string& flags = kFlags) {
  REQUIRE(run_atto(scratch, "search " + tiny_spec() + flags + " --out calm").code == 0);
  return boards_of(scratch, scratch / "calm");
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("Workers killed at every named point, more than 25 times in all, change nothing") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  int kills = 0;
  for (const std::string fault :
       {"after_claim:4", "mid_epoch:5", "after_epoch:3", "before_commit:4", "after_commit:4",
        "after_claim:9,mid_epoch:11,before_commit:6"}) {
    const std::string folder = "run" + std::to_string(kills);
    const Ended ended = run_atto(scratch, "search " + tiny_spec() + kFlags + " --out " + folder,
                                 "ATTO_FAULT=" + fault);
    INFO(fault << "\n" << ended.err);
    REQUIRE(ended.code == 0);
    CHECK(boards_of(scratch, scratch / folder) == calm);
    const int here = count_of(ended.err, "killed by signal 9");
    CHECK(here > 0);
    kills += here;
  }
  CHECK(kills >= 25);
}

TEST_CASE("A coordinator and its workers killed 25 times over one campaign change nothing") {
  const Scratch scratch;
  const json calm = undisturbed(scratch, kLongFlags);
  const std::vector<std::string> faults = {"after_propose:1",
                                           "before_spawn:1",
                                           "before_spawn:3,after_claim:2",
                                           "after_propose:2,mid_epoch:4",
                                           "before_spawn:2",
                                           "after_propose:1,before_commit:2"};
  int kills = 0;
  Ended ended = run_atto(scratch, "search " + tiny_spec() + kLongFlags + " --out run",
                         "ATTO_FAULT=after_propose:3");
  CHECK(ended.code == 137);
  for (std::size_t i = 0; ended.code == 137 && kills < 24; ++i) {
    kills += 1 + count_of(ended.err, "killed by signal 9");
    ended = run_atto(scratch, "resume run --workers 2", "ATTO_FAULT=" + faults[i % faults.size()]);
  }
  for (const std::string fault : {"before_finalists:1", "after_finalist:2", "before_winner:1"}) {
    ended = run_atto(scratch, "resume run --workers 2", "ATTO_FAULT=" + fault);
    if (ended.code == 137) ++kills;
  }
  CHECK(kills >= 25);
  ended = run_atto(scratch, "resume run --workers 2");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  CHECK(std::filesystem::exists(scratch / "run/winner/design.json"));
}

TEST_CASE("A trial whose workers always die fails with a reason, and the campaign goes on") {
  const Scratch scratch;
  const Ended ended = run_atto(
      scratch, "search " + tiny_spec() + " --evaluator fake --workers 1 --candidates 2 --out run",
      "ATTO_FAULT=after_claim:1!");
  CHECK(ended.code == 1);
  const json entry = boards_of(scratch, scratch / "run").at(0).at("leaderboard").at(0);
  CHECK(entry.at("trouble").get<std::string>().find(
            "its worker died 3 times in epoch 1: killed by signal 9") == 0);
}

TEST_CASE("What an attempt that lost its job writes is never read, and nothing of it stays") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  const Ended ended = run_atto(scratch, "search " + tiny_spec() + kFlags + " --out run",
                               "ATTO_FAULT=after_epoch:2,before_commit:7");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  // A folder an attempt; of those that died none is left where a later one was done.
  for (const auto& design : std::filesystem::directory_iterator(scratch / "run/trials"))
    for (const auto& phase : std::filesystem::directory_iterator(design))
      CHECK(std::distance(std::filesystem::directory_iterator(phase), {}) <= 1);
}

TEST_CASE("A gentle stop says how to go on, and going on ends the same") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  const Ended ended =
      run_atto(scratch, "search " + tiny_spec() + kFlags + " --out run",
               "ATTO_FAKE_EPOCH_SECONDS=0.4 timeout --signal=INT --preserve-status 4");
  INFO(ended.err);
  CHECK(ended.code == 130);
  CHECK(ended.err.find("stopped; continue with: atto resume run") != std::string::npos);
  const json status = json::parse(run_atto(scratch, "status run --json").out);
  CHECK(status.at("state") == "stopped");
  CHECK(status.at("jobs").at("claimed") == 0);
  REQUIRE(run_atto(scratch, "resume run --workers 2").code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
}
