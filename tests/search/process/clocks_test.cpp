// Times of day that differ, jump and go back; workers that people add, that die, stand still or
// wait; requests to stop at bad moments.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "search/ledger/open_ledger.hpp"
#include "tests/search/process/process.hpp"
#include "tests/search/unit/ledger_folder.hpp"

using namespace atto::test;
using namespace atto::search;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

constexpr const char* kFlags = " --evaluator fake --workers 1 --candidates 8 --out ";
// The coordinator's own worker is so slow that one which is added, quicker, comes in time on any
// machine.
constexpr const char* kSlow = " ATTO_FAKE_EPOCH_SECONDS=0.5";
constexpr const char* kQuicker = " ATTO_FAKE_EPOCH_SECONDS=0.1";
constexpr const char* kForLong = " ATTO_FAKE_EPOCH_SECONDS=100";

std::string search(const std::string& folder) {
  return "search " + tiny_spec() + kFlags + folder;
}

/// Waits for what other processes do, for a minute at most; shows what they said where it was in
/// vain.
template <class Condition>
bool becomes(const Scratch& scratch, Condition&& is_true) {
  for (int i = 0; i < 6000; ++i) {
    if (is_true()) return true;
    ::usleep(10000);
  }
  WARN(read_text(scratch / "log"));
  return false;
}

/// A worker's jobs, those that it has done too: a look may come late.
std::size_t jobs_of(const fs::path& run, const std::string& worker) {
  const auto ledger = open_ledger(run);
  std::size_t count = 0;
  for (const Stage stage : {Stage::Search, Stage::Final})
    for (const JobRow& row : ledger->jobs(0, stage)) count += row.worker == worker;
  return count;
}

std::vector<JobRow> claimed_by(const fs::path& run, const std::string& worker) {
  std::vector<JobRow> rows;
  if (ledger_in(run).empty()) return rows;
  for (JobRow& row : open_ledger(run)->jobs_in_state(State::Claimed))
    if (row.worker == worker) rows.push_back(std::move(row));
  return rows;
}

/// The environment in which a program sees the time of day that a file tells, and the machine's own
/// monotonic clock, as programs do where somebody sets the clock.
std::string time_of(const fs::path& file) {
  return "ASAN_OPTIONS=verify_asan_link_order=0 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE=" +
         file.string() + " FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 LD_PRELOAD=" +
         "/usr/'$LIB'/faketime/libfaketime.so.1";
}

}  // namespace

TEST_CASE(
    "Clocks an hour ahead and behind, which jump meanwhile, change nothing and fail no trial") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("calm")).code == 0);
  const json calm = boards_of(scratch, scratch / "calm");
  const auto set = [&](const char* clock, const char* text) {
    write_text(scratch / "setting", text);
    fs::rename(scratch / "setting", scratch / clock);
  };
  for (const auto& [ours, theirs] : {std::pair("+1h", "-1h"), std::pair("-1h", "+60")}) {
    INFO(ours << " and " << theirs);
    const std::string run = std::string("run") + ours;
    set("ours", ours), set("theirs", theirs);
    {
      INFO("the clocks are other clocks");
      const std::string date = "cd '" + (scratch / "").string() + "' && env " +
                               time_of(scratch / "ours") + " date +%s >told";
      REQUIRE(std::system(date.c_str()) == 0);
      CHECK(std::abs(std::stoll(read_text(scratch / "told")) - ::time(nullptr)) > 3000);
    }
    const int coordinator = start_atto(scratch, search(run), time_of(scratch / "ours") + kSlow);
    REQUIRE(becomes(scratch, [&] { return !ledger_in(scratch / run).empty(); }));
    const int worker = start_atto(scratch, "worker " + run + " --fake --name hand",
                                  time_of(scratch / "theirs") + kQuicker);
    REQUIRE(becomes(scratch, [&] { return jobs_of(scratch / run, "hand") > 0; }));
    set("ours", theirs), set("theirs", ours);
    REQUIRE(becomes(scratch, [&] { return open_ledger(scratch / run)->totals().done >= 7; }));
    set("ours", ours), set("theirs", theirs);
    CHECK(wait_for(coordinator) == 0);
    CHECK(wait_for(worker) == 0);
    INFO(read_text(scratch / "log"));
    CHECK(boards_of(scratch, scratch / run) == calm);
    const auto ledger = open_ledger(scratch / run);
    CHECK(ledger->totals().failed == 0);
    CHECK(ledger->totals().wasted_cpu_seconds == 0);
    CHECK(ledger->events(10).empty());  // nobody was taken for dead
  }
}

TEST_CASE("A lease far ahead of the clock, as older versions wrote it, is no wait") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("calm")).code == 0);
  REQUIRE(run_atto(scratch, search("run"), "ATTO_FAULT=after_propose:3").code == 137);
  open_ledger(scratch / "run")->claim("by hand", 1, 0).value();
  kTestedDatabase.set_claims(scratch / "run", "", now_ms() + 3600000);
  CHECK(wait_for(start_atto(scratch, "resume run --workers 1")) == 0);
  CHECK(boards_of(scratch, scratch / "run") == boards_of(scratch, scratch / "calm"));
  CHECK(open_ledger(scratch / "run")->totals().failed == 0);
}

TEST_CASE("An added worker that is killed is missed at once; one that stands still keeps its job") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("calm")).code == 0);
  const int coordinator = start_atto(scratch, search("run"), kSlow);
  REQUIRE(becomes(scratch, [&] { return !ledger_in(scratch / "run").empty(); }));
  int worker = start_atto(scratch, "worker run --fake --name first", kForLong);
  REQUIRE(becomes(scratch, [&] { return !claimed_by(scratch / "run", "first").empty(); }));
  ::kill(worker, SIGKILL);
  CHECK(wait_for(worker) == 137);
  // Sooner than any lease: the campaign does not wait for the others.
  CHECK(becomes(scratch, [&] { return claimed_by(scratch / "run", "first").empty(); }));
  worker = start_atto(scratch, "worker run --fake --name second", kQuicker);
  REQUIRE(becomes(scratch, [&] { return jobs_of(scratch / "run", "second") > 0; }));
  ::kill(worker, SIGSTOP);
  const auto held = claimed_by(scratch / "run", "second");
  if (!held.empty()) {  // else it stopped between two jobs
    kTestedDatabase.set_claims(scratch / "run", held.front().process, 0);
    CHECK(becomes(scratch, [&] {
      return read_text(scratch / "log")
                 .find("worker second gives no sign of life, but its process") != std::string::npos;
    }));
    CHECK(claimed_by(scratch / "run", "second").size() == 1);
  }
  ::kill(worker, SIGCONT);
  CHECK(wait_for(coordinator) == 0);
  CHECK(wait_for(worker) == 0);
  INFO(read_text(scratch / "log"));
  CHECK(read_text(scratch / "log").find("worker first: its process has ended") !=
        std::string::npos);
  CHECK(boards_of(scratch, scratch / "run") == boards_of(scratch, scratch / "calm"));
}

TEST_CASE("A worker that waits has one connection and hardly asks, and takes what comes at once") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, search("run"), "ATTO_FAULT=after_propose:1").code == 137);
  const auto ledger = open_ledger(scratch / "run");
  const int worker = start_atto(scratch, "worker run --fake --name hand");
  REQUIRE(becomes(scratch, [&] { return ledger->totals().done == 1; }));
  ::sleep(7);  // until it waits longer and longer
  const fs::path process = fs::path("/proc") / std::to_string(worker);
  int connections = 0;
  for (const auto& entry : fs::directory_iterator(process / "fd")) {
    std::error_code gone;
    connections += fs::read_symlink(entry.path(), gone).filename() == "ledger.db";
  }
  CHECK(connections == 1);
  const auto reads = [&] {
    std::ifstream in(process / "io");
    std::string word;
    long long count = -1;
    while (in >> word)
      if (word == "syscr:") in >> count;
    return count;
  };
  const long long before = reads();
  REQUIRE(before > 0);
  ::sleep(4);
  CHECK(reads() - before < 40);  // asking every 50 ms made hundreds
  Job job = ledger->jobs(0, Stage::Search).at(0).job;
  job.position = 77, job.replica = 1;
  ledger->add_job(job, ledger->design(job.hash).value());
  CHECK(becomes(scratch, [&] { return ledger->totals().done == 2; }));
  ::kill(worker, SIGTERM);
  CHECK(wait_for(worker) == 130);
}

TEST_CASE("A request to stop is heard at any window, and while another process holds the ledger") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec["search"]["window"] = 1000;
  spec["search"]["candidates"] = 1000;
  spec["search"]["strategy"] = "generative_synthesis";
  write_text(scratch / "wide.json", spec.dump());
  const std::string slow = "ATTO_FAKE_EPOCH_SECONDS=0.05";
  int coordinator =
      start_atto(scratch, "search wide.json --evaluator fake --workers 2 --out run", slow);
  REQUIRE(becomes(scratch, [&] {
    return !ledger_in(scratch / "run").empty() && open_ledger(scratch / "run")->totals().done >= 2;
  }));
  ::kill(coordinator, SIGTERM);
  CHECK(wait_for(coordinator, 20) == 130);  // it took minutes
  CHECK(json::parse(run_atto(scratch, "status run --json").out).at("state") == "stopped");

  coordinator = start_atto(scratch, "resume run --workers 1", slow);
  const auto ledger = open_ledger(scratch / "run");
  REQUIRE(becomes(scratch, [&] { return ledger->meta("state") == "running"; }));
  ledger->pause_workers([&] {  // holds the ledger meanwhile
    ::usleep(300000);
    const std::size_t said = read_text(scratch / "log").size();
    ::kill(coordinator, SIGTERM);
    CHECK(becomes(scratch, [&] {
      return read_text(scratch / "log").find("stopping: ", said) != std::string::npos;
    }));
    ::kill(coordinator, SIGTERM);  // at once
    CHECK(wait_for(coordinator, 20) == 130);
  });
  CHECK(json::parse(run_atto(scratch, "status run --json").out).at("state") == "interrupted");
}

TEST_CASE("A search that is still checking ends at once when asked") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = "prototype.json";
  write_text(scratch / "spec.json", spec.dump());
  // Reading it takes as long as nobody writes.
  REQUIRE(::mkfifo((scratch / "prototype.json").c_str(), 0600) == 0);
  const int search = start_atto(scratch, "search spec.json --evaluator fake --out run");
  const std::string status = "/proc/" + std::to_string(search) + "/status";
  REQUIRE(becomes(scratch, [&] {
    const std::string text = read_text(status);
    const auto at = text.find("SigBlk:");
    return at != std::string::npos &&
           (std::stoull(text.substr(at + 7), nullptr, 16) >> (SIGINT - 1) & 1) != 0;
  }));
  ::kill(search, SIGINT);
  CHECK(wait_for(search, 20) == 130);
  CHECK(read_text(scratch / "log").find("interrupted; nothing was made") != std::string::npos);
  CHECK_FALSE(fs::exists(scratch / "run"));
}
