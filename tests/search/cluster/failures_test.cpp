// What may go wrong around a campaign in PostgreSQL: a server that crashes while a process stands
// at a named point, or is away for a minute; people and coordinators who come at one moment.
#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "tests/search/cluster/server.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// Waits for what other processes do, for a minute at most.
template <class Condition>
bool becomes(Condition&& is_true) {
  for (int i = 0; i < 1200; ++i, sleep_for(0.05))
    if (is_true()) return true;
  return false;
}

int ask(const fs::path& folder, const std::string& query) {
  return std::atoi(run_in_schema(folder, query).c_str());
}

bool has_results(const fs::path& folder, int count) {
  return fs::exists(folder / "ledger.url") &&
         ask(folder, "SELECT COUNT(*) FROM jobs WHERE state = 2") >= count;
}

std::string in_database(const std::string& search) {
  return search + " --out run --ledger " + server().url();
}

/// A campaign without events has this leaderboard.
json calm_boards(const Scratch& scratch, const std::string& search) {
  const Ended ended = run_atto(scratch, search + " --out calm");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return boards_of(scratch, scratch / "calm");
}

bool is_stopped(int process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(in, line);
  const std::size_t end = line.rfind(')');
  return end != std::string::npos && line.substr(end, 3) == ") T";
}

bool has_stopped_child(int process, int& child) {
  std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", process));
  while (in >> child)
    if (is_stopped(child)) return true;
  return false;
}

/// The process that stands at a point: the coordinator, or a worker of its own that it did not stop
/// itself for a moment. 0 when the campaign has ended.
int next_stopped(int coordinator) {
  int child = 0, stood = 0;
  for (int i = 0; i < 3000; ++i, sleep_for(0.02)) {
    if (is_stopped(coordinator)) return coordinator;
    if (!fs::exists(fmt::format("/proc/{}/task/{}/children", coordinator, coordinator))) return 0;
    stood = has_stopped_child(coordinator, child) ? stood + 1 : 0;
    if (stood == 50) return child;
    std::ifstream in(fmt::format("/proc/{}/stat", coordinator));
    std::string line;
    std::getline(in, line);
    if (line.find(") Z") != std::string::npos) return 0;
  }
  FAIL("nothing happens");
  return 0;
}

json tiny_json() {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
  return spec;
}

/// A campaign whose processes stop at named points, where the server crashes and is started again.
void check_crashes(const json& spec, const std::vector<std::string>& points) {
  const Scratch scratch;
  write_text(scratch / "spec.json", spec.dump());
  const std::string search = "search spec.json --evaluator fake --workers 1";
  const json calm = calm_boards(scratch, search);
  const int coordinator = start_atto(
      scratch, in_database(search),
      fmt::format("ATTO_FAULT={}? ATTO_FAKE_EPOCH_SECONDS=0.05", fmt::join(points, "?,")));
  std::size_t crashes = 0;
  while (const int process = next_stopped(coordinator)) {
    if (++crashes == 2) {
      // What the spec asks for already: the request changes nothing but the points that are passed.
      const Ended steered = run_atto(scratch, "steer run --require params.max=30k");
      INFO(steered.err);
      CHECK(steered.code == 0);
      watch_changes(scratch / "run");
    }
    server().crash();
    server().start();
    ::kill(process, SIGCONT);
  }
  INFO(read_text(scratch / "log"));
  REQUIRE(wait_for(coordinator) == 0);
  CHECK(crashes == points.size());
  CHECK(boards_of(scratch, scratch / "run") == calm);
  CHECK(ask(scratch / "run", "SELECT MAX(attempt) FROM jobs") == 1);
  CHECK_NOTHROW(expect_nothing_twice(scratch / "run"));
}

}  // namespace

TEST_CASE("The server crashes while a worker stands at each named point, and nothing changes") {
  check_crashes(tiny_json(), {"after_claim:2", "mid_epoch:3", "after_epoch:1", "before_commit:2",
                              "after_commit:3"});
}

TEST_CASE("The server crashes while a coordinator stands at each named point") {
  json spec = tiny_json();
  spec["require"]["latency_ms"] = {{"max", 100}};
  spec["search"]["candidates"] = 30;
  spec["search"]["strategy"] = "generative_synthesis";
  check_crashes(spec,
                {"after_propose:3", "before_spawn:5", "before_cycle:1", "after_cycle:1",
                 "before_steering:1", "after_steering:1", "before_latency:1", "after_latency:2",
                 "before_finalists:1", "after_finalist:1", "before_winner:1"});
}

TEST_CASE("An epoch that was recorded outlives a crash of the server, and is not trained again") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() +
                             " --evaluator fake --workers 1 --candidates 4 "
                             "--strategy aging_evolution";
  const json calm = calm_boards(scratch, search);
  REQUIRE(run_atto(scratch, in_database(search), "ATTO_FAULT=after_propose:1").code == 137);
  watch_changes(scratch / "run");
  // What is not synced waits for this.
  server().query("ALTER SYSTEM SET wal_writer_delay = '10s'");
  server().query("SELECT pg_reload_conf()");
  const int worker =
      start_atto(scratch, "worker run --fake --name first", "ATTO_FAULT=after_epoch:2?");
  const bool has_recorded = becomes([&] { return is_stopped(worker); });
  server().crash();
  server().start();
  const int epochs = ask(scratch / "run", "SELECT COUNT(*) FROM epochs");
  server().query("ALTER SYSTEM RESET wal_writer_delay");
  ::kill(worker, SIGKILL);
  wait_for(worker);
  CHECK(has_recorded);
  CHECK(epochs == 2);
  const Ended ended = run_atto(scratch, "resume run --workers 1");
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  CHECK_NOTHROW(expect_nothing_twice(scratch / "run"));
}

TEST_CASE("A server that is away for a minute costs no trial anything", "[.slow]") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --workers 4";
  const json calm = calm_boards(scratch, search);
  const int coordinator = start_atto(scratch, in_database(search), "ATTO_FAKE_EPOCH_SECONDS=0.5");
  REQUIRE(becomes([&] { return has_results(scratch / "run", 4); }));
  server().crash();
  sleep_for(60);
  server().start();
  const int code = wait_for(coordinator, 180);
  INFO(read_text(scratch / "log"));
  CHECK(code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  CHECK(ask(scratch / "run", "SELECT MAX(attempt) FROM jobs") == 1);
}

TEST_CASE("A server that is away for more than ten minutes ends all, and resume goes on",
          "[.slow]") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --workers 2";
  const json calm = calm_boards(scratch, search);
  const int coordinator = start_atto(scratch, in_database(search), "ATTO_FAKE_EPOCH_SECONDS=0.5");
  REQUIRE(becomes([&] { return has_results(scratch / "run", 2); }));
  watch_changes(scratch / "run");
  const std::string by_hand = "worker run --fake --name by_hand";
  const int worker = start_atto(scratch, by_hand, "ATTO_FAKE_EPOCH_SECONDS=0.5");
  REQUIRE(becomes([&] {
    return ask(scratch / "run", "SELECT COUNT(*) FROM jobs WHERE worker = 'by_hand'") > 0;
  }));
  server().crash();
  const int code = wait_for(coordinator, 720), worker_code = wait_for(worker, 120);
  server().start();
  const std::string log = read_text(scratch / "log");
  INFO(log);
  CHECK(code == 4);
  CHECK(worker_code == 4);
  CHECK(log.find("; waiting for it") != std::string::npos);
  CHECK(log.find("continue with: atto resume run") != std::string::npos);
  const Ended ended = run_atto(scratch, "resume run --workers 2");
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  CHECK_NOTHROW(expect_nothing_twice(scratch / "run"));
}

TEST_CASE("A server that takes its time to begin sessions, as with a crowd, is waited for",
          "[.slow]") {
  const Scratch scratch;
  const std::string search = "search " + tiny_spec() + " --evaluator fake --workers 1";
  const json calm = calm_boards(scratch, search);
  server().query("ALTER SYSTEM SET pre_auth_delay = 8");
  server().query("SELECT pg_reload_conf()");
  const Ended ended = run_atto(scratch, in_database(search));
  server().query("ALTER SYSTEM RESET pre_auth_delay");
  server().query("SELECT pg_reload_conf()");
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
}

TEST_CASE("Of two coordinators that come at one moment one goes on and the other is refused") {
  const Scratch scratch;
  const std::string search =
      "search " + tiny_spec() + " --evaluator fake --workers 1 --candidates 12";
  const json calm = calm_boards(scratch, search);
  const int first = start_atto(scratch, in_database(search), "ATTO_FAKE_EPOCH_SECONDS=0.3");
  REQUIRE(becomes([&] { return has_results(scratch / "run", 2); }));
  ::kill(first, SIGKILL);
  wait_for(first);
  const int one = start_atto(scratch, "resume run --workers 1", "ATTO_FAKE_EPOCH_SECONDS=0.1");
  const int other = start_atto(scratch, "resume run --workers 1", "ATTO_FAKE_EPOCH_SECONDS=0.1");
  const int one_code = wait_for(one, 120), other_code = wait_for(other, 120);
  const std::string log = read_text(scratch / "log");
  INFO(log);
  CHECK(one_code + other_code == 4);
  CHECK(one_code * other_code == 0);
  CHECK(log.find("another process runs this campaign") != std::string::npos);
  CHECK(boards_of(scratch, scratch / "run") == calm);
}

TEST_CASE("People who steer at one moment wait for each other, and each sees what the other did") {
  const Scratch scratch;
  REQUIRE(run_atto(scratch, in_database("search " + tiny_spec() +
                                        " --evaluator fake --workers 1 --candidates 4"))
              .code == 0);
  std::vector<int> notes;
  for (int i = 0; i < 6; ++i)
    notes.push_back(start_atto(scratch, fmt::format("steer run --note 'remark {}'", i)));
  for (const int note : notes) CHECK(wait_for(note) == 0);
  CHECK(ask(scratch / "run", "SELECT COUNT(DISTINCT at) FROM steering") == 6);
  // No two of these leave anything to choose between them: the last of the three is refused.
  std::vector<int> bans;
  for (int i = 1; i <= 3; ++i)
    bans.push_back(start_atto(scratch, fmt::format("steer run --forbid stages[0].modules={}", i)));
  std::multiset<int> codes;
  for (const int ban : bans) codes.insert(wait_for(ban));
  INFO(read_text(scratch / "log"));
  CHECK(codes == std::multiset<int>{0, 0, 2});
}
