// Whole campaigns whose ledger is in PostgreSQL: they end as those in SQLite do, whatever happens.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "search/ledger/open_ledger.hpp"
#include "tests/search/cluster/server.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

constexpr const char* kFlags = " --evaluator fake --workers 2 --candidates 20";

std::string search(const std::string& folder, const std::string& flags = kFlags) {
  return "search " + tiny_spec() + flags + " --out " + folder + " --ledger " + server().url();
}

json undisturbed(const Scratch& scratch, const std::string& flags = kFlags) {
  REQUIRE(run_atto(scratch, "search " + tiny_spec() + flags + " --out calm").code == 0);
  return boards_of(scratch, scratch / "calm");
}

/// Waits until a campaign has so many results.
void wait_for_results(const std::filesystem::path& folder, int count) {
  for (int i = 0; i < 600; ++i) {
    if (std::filesystem::exists(folder / "ledger.url") &&
        std::atoi(run_in_schema(folder, "SELECT COUNT(*) FROM jobs WHERE state = 2").c_str()) >=
            count)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  FAIL("no results");
}

}  // namespace

TEST_CASE("A campaign in PostgreSQL ends as one in SQLite, and all commands read it") {
  const Scratch scratch;
  const std::string flags = std::string(kFlags) + " --strategy generative_synthesis";
  const json calm = undisturbed(scratch, flags);
  const Ended ended = run_atto(scratch, search("run", flags));
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  for (const std::string command :
       {"status run", "status run --json", "report run", "explain run", "resume run",
        "worker run --fake", "steer run --note later", "steer run", "resume run --candidates 24"}) {
    const Ended said = run_atto(scratch, command);
    INFO(command << "\n" << said.err);
    CHECK(said.code == 0);
  }
}

TEST_CASE(
    "A server that crashes, is started again, or freezes while a campaign runs changes nothing") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  const auto disturbed = [&](const std::string& folder, const auto& disturb) {
    const int process = start_atto(scratch, search(folder), "ATTO_FAKE_EPOCH_SECONDS=0.1");
    for (const int results : {3, 12}) {
      wait_for_results(scratch / folder, results);
      disturb();
    }
    INFO(folder << "\n" << read_text(scratch / "log"));
    REQUIRE(wait_for(process, 180) == 0);
    CHECK(boards_of(scratch, scratch / folder) == calm);
    // No trial was begun again: every lease held.
    CHECK(run_in_schema(scratch / folder, "SELECT MAX(attempt) FROM jobs") == "1\n");
  };
  disturbed("crashed", [] { server().crash(), sleep_for(1), server().start(); });
  disturbed("stopped", [] { server().stop(), server().start(); });
  disturbed("frozen", [] { server().freeze(), sleep_for(5), server().thaw(); });
}

TEST_CASE(
    "Workers and a coordinator that are killed while the ledger is in PostgreSQL change nothing") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  for (const std::string fault :
       {"after_claim:4,mid_epoch:5", "before_commit:4", "after_commit:4"}) {
    const std::string folder = fault.substr(0, fault.find(':'));
    const Ended ended = run_atto(scratch, search(folder), "ATTO_FAULT=" + fault);
    INFO(fault << "\n" << ended.err);
    REQUIRE(ended.code == 0);
    CHECK(ended.err.find("killed by signal 9") != std::string::npos);
    CHECK(boards_of(scratch, scratch / folder) == calm);
  }
  Ended ended = run_atto(scratch, search("resumed"), "ATTO_FAULT=after_propose:3");
  CHECK(ended.code == 137);
  for (const std::string fault : {"before_spawn:3", "after_propose:2", "before_finalists:1"})
    ended = run_atto(scratch, "resume resumed --workers 2", "ATTO_FAULT=" + fault);
  ended = run_atto(scratch, "resume resumed --workers 2");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "resumed") == calm);
}

TEST_CASE("A second coordinator is refused, and may go on when the first is gone") {
  const Scratch scratch;
  const int first = start_atto(scratch, search("run"), "ATTO_FAKE_EPOCH_SECONDS=0.3");
  wait_for_results(scratch / "run", 1);
  const Ended second = run_atto(scratch, "resume run");
  CHECK(second.code == 4);
  CHECK(second.err.find("another process runs this campaign") != std::string::npos);
  ::kill(first, SIGKILL);
  CHECK(wait_for(first) == 137);
  const Ended next = run_atto(scratch, "resume run --workers 2");
  INFO(next.err);
  CHECK(next.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == undisturbed(scratch));
}

TEST_CASE("Clocks of workers and of the coordinator that are an hour off change nothing") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  for (const std::string offset : {"-1h", "+1h"}) {
    const int process = start_atto(scratch, search("run" + offset), "ATTO_FAKE_EPOCH_SECONDS=0.2");
    wait_for_results(scratch / ("run" + offset), 1);
    const Ended worker = run_atto(scratch, "worker run" + offset + " --fake",
                                  "faketime -f " + offset + " env ATTO_FAKE_EPOCH_SECONDS=0.2");
    CHECK(worker.code == 0);
    CHECK(wait_for(process, 120) == 0);
    CHECK(boards_of(scratch, scratch / ("run" + offset)) == calm);
    CHECK(run_in_schema(scratch / ("run" + offset), "SELECT MAX(attempt) FROM jobs") == "1\n");
  }
}

TEST_CASE("While the database is away SIGTERM is heard, and the campaign goes on later") {
  const Scratch scratch;
  const int process = start_atto(scratch, search("run"), "ATTO_FAKE_EPOCH_SECONDS=0.2");
  wait_for_results(scratch / "run", 1);
  server().stop();
  sleep_for(1);
  ::kill(process, SIGTERM);
  const int code = wait_for(process, 30);
  server().start();
  INFO(read_text(scratch / "log"));
  CHECK(code == 130);
  CHECK(run_atto(scratch, "resume run --workers 2").code == 0);
  CHECK(boards_of(scratch, scratch / "run") == undisturbed(scratch));
}

TEST_CASE("A server that does not answer any more holds nobody who is asked to stop") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  const int process = start_atto(scratch, search("run"), "ATTO_FAKE_EPOCH_SECONDS=0.1");
  wait_for_results(scratch / "run", 3);
  server().freeze();
  sleep_for(1);
  ::kill(process, SIGTERM);
  const int code = wait_for(process, 60);
  server().thaw();
  INFO(read_text(scratch / "log"));
  CHECK(code == 130);
  const Ended ended = run_atto(scratch, "resume run --workers 2");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
}

TEST_CASE("A search that is killed in its first second leaves nothing in the database for long") {
  const Scratch scratch;
  const auto schemas = [] {
    return server().query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'atto%' ORDER BY 1");
  };
  const std::string before = schemas();
  const auto unfinished = [&](const std::string& folder) {
    const int process = start_atto(scratch, search(folder));
    for (int i = 0; i < 4000 && schemas() == before; ++i) sleep_for(0.005);
    ::kill(process, SIGKILL);
    CHECK(wait_for(process) == 137);
  };
  unfinished("killed");
  const bool is_whole = std::filesystem::exists(scratch / "killed/ledger.url");
  REQUIRE(run_atto(scratch, search("after", " --evaluator fake --candidates 2")).code == 0);
  const std::string after = schemas();
  // One for each folder that has a ledger.
  CHECK(std::count(after.begin(), after.end(), '\n') ==
        std::count(before.begin(), before.end(), '\n') + 1 + (is_whole ? 1 : 0));
}

TEST_CASE(
    "Workers whose CPUs compute other bits are refused, or train apart where people allow it") {
  const Scratch scratch;
  const std::string flags = " --evaluator fake --workers 1 --candidates 8";
  const json calm = undisturbed(scratch, flags);
  const int process =
      start_atto(scratch, search("run", flags + " --mixed-hosts"), "ATTO_FAKE_EPOCH_SECONDS=0.2");
  wait_for_results(scratch / "run", 1);
  const Ended other = run_atto(scratch, "worker run --fake --name other --patience 1",
                               "ATTO_FAKE_HOST_CLASS='another CPU'");
  INFO(other.err);
  CHECK(other.code == 0);
  REQUIRE(wait_for(process, 120) == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  const json hosts = printed(scratch, "status run --json").at("hosts");
  CHECK(hosts.size() == 2);
  CHECK(run_atto(scratch, "status run").out.find("; another CPU\n") != std::string::npos);

  REQUIRE(run_atto(scratch, search("alike", flags)).code == 0);
  const Ended refused =
      run_atto(scratch, "worker alike --fake", "ATTO_FAKE_HOST_CLASS='another CPU'");
  CHECK(refused.code == 4);
  CHECK(refused.err.find("here host_class=another CPU, there host_class=") != std::string::npos);
  CHECK(refused.err.find("atto resume alike --mixed-hosts") != std::string::npos);
}

TEST_CASE("Idle workers ask little, however often the bell rings") {
  const Scratch scratch;
  const std::string flags = " --evaluator fake --workers 1 --candidates 40";
  const int process = start_atto(scratch, search("run", flags), "ATTO_FAKE_EPOCH_SECONDS=0.1");
  wait_for_results(scratch / "run", 2);
  ::kill(process, SIGTERM);
  CHECK(wait_for(process) == 130);
  run_in_schema(scratch / "run", "UPDATE jobs SET state = 2 WHERE state = 0");  // no work is left
  server().new_statements();
  constexpr int kWorkers = 4;
  constexpr double kSeconds = 8;
  std::vector<int> workers;
  for (int i = 0; i < kWorkers; ++i)
    workers.push_back(start_atto(scratch, "worker run --fake --patience 600"));
  sleep_for(4);  // they have begun
  server().new_statements();
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  int rings = 0;
  for (; seconds() < kSeconds || rings <= 8; ++rings) {  // a loaded machine rings slowly
    run_in_schema(scratch / "run",
                  "DO 'BEGIN EXECUTE format(''NOTIFY %I'', current_schema()); END'");
    sleep_for(0.05);
  }
  const double rung = seconds();
  int looks = 0;
  for (const std::string& statement : server().new_statements())
    looks += statement.find("paused_until") != std::string::npos;
  for (const int worker : workers) ::kill(worker, SIGTERM), wait_for(worker);
  INFO(rings << " rings, " << looks << " looks");
  CHECK(looks > 0);
  // Eight answers in vain each, then one in three seconds.
  CHECK(looks <= kWorkers * (8 + rung / 2));
}

TEST_CASE("A ledger moves from a file to PostgreSQL and back, in the middle of a campaign") {
  const Scratch scratch;
  const json calm = undisturbed(scratch);
  const int process = start_atto(scratch, "search " + tiny_spec() + kFlags + " --out run",
                                 "ATTO_FAKE_EPOCH_SECONDS=0.5");
  for (int i = 0; i < 600 && !std::filesystem::exists(scratch / "run/ledger.db"); ++i)
    sleep_for(0.05);
  sleep_for(1);
  const Ended running = run_atto(scratch, "ledger copy run --to " + server().url());
  CHECK(running.code == 4);
  CHECK(running.err.find("another process runs this campaign") != std::string::npos);
  ::kill(process, SIGTERM);
  CHECK(wait_for(process) == 130);
  Ended moved = run_atto(scratch, "ledger copy run --to " + server().url());
  INFO(moved.err);
  REQUIRE(moved.code == 0);
  CHECK(std::filesystem::exists(scratch / "run/ledger.url"));
  CHECK(std::filesystem::exists(scratch / "run/ledger.db.before"));
  CHECK_FALSE(std::filesystem::exists(scratch / "run/ledger.db"));
  CHECK(run_atto(scratch, "resume run --workers 2", "ATTO_FAULT=before_finalists:1").code == 137);
  moved = run_atto(scratch, "ledger copy run --to file");
  REQUIRE(moved.code == 0);
  CHECK(std::filesystem::exists(scratch / "run/ledger.db"));
  CHECK_FALSE(std::filesystem::exists(scratch / "run/ledger.url"));
  CHECK(run_atto(scratch, "resume run --workers 2").code == 0);
  CHECK(boards_of(scratch, scratch / "run") == calm);
  CHECK(run_atto(scratch, "ledger copy run --to nowhere").code == 2);
  CHECK(run_atto(scratch, "ledger copy run --to postgresql://127.0.0.1:1/db").code == 4);
  CHECK(run_atto(scratch, "status run").code == 0);
}
