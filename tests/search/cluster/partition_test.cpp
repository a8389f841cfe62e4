// Links that are cut: between workers or coordinators and the database, on machines of their own.
// Leases are shortened, so that links are cut for longer than them.
#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>

#include "search/ledger/open_ledger.hpp"
#include "tests/search/cluster/machine.hpp"
#include "tests/search/cluster/server.hpp"
#include "tests/search/process/process.hpp"
#include "tests/search/slurm/slurm_campaign.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

constexpr int kLongestWait = 600;

Server& reachable_server() {
  static const bool is_ready = [] {
    leave_the_network();
    server().listen_on(kHere);
    return true;
  }();
  static_cast<void>(is_ready);
  return server();
}

/// A campaign in PostgreSQL whose first coordinator died after its first proposal.
struct Campaign {
  Server& database = reachable_server();
  Scratch scratch;
  json calm;

  explicit Campaign(int lease_seconds) {
    const std::string search =
        "search " + tiny_spec() + " --evaluator fake --workers 1 --candidates 12 --out ";
    REQUIRE(run_atto(scratch, search + "calm").code == 0);
    calm = boards_of(scratch, scratch / "calm");
    const Ended begun = run_atto(scratch, search + "run --ledger " + database.url(kHere),
                                 "ATTO_FAULT=after_propose:1");
    INFO(begun.err);
    REQUIRE(begun.code == 137);
    run_in_schema(scratch / "run",
                  fmt::format("INSERT INTO meta VALUES('lease_ms', '{}')", 1000 * lease_seconds));
    watch_changes(scratch / "run");
  }

  /// Starts "atto ARGUMENTS" here, or on a machine.
  int start(const std::string& arguments, double epoch_seconds,
            const Machine* machine = nullptr) const {
    return start_atto(scratch, arguments,
                      fmt::format("ATTO_FAKE_EPOCH_SECONDS={} {}", epoch_seconds,
                                  machine ? machine->in(scratch / "") : ""));
  }
  int ask(const std::string& query) const {
    return std::atoi(run_in_schema(scratch / "run", query).c_str());
  }
  /// Waits until a query's number is one at least; returns it.
  int wait_for_some(const std::string& query) const {
    int number = 0;
    for (int i = 0; i < 600 && (number = ask(query)) == 0; ++i) sleep_for(0.1);
    INFO(log());
    REQUIRE(number > 0);
    return number;
  }
  std::string log() const { return read_text(scratch / "log"); }
  void check_end(int coordinator) const {
    const int code = wait_for(coordinator, kLongestWait);
    INFO(log());
    REQUIRE(code == 0);
    CHECK(boards_of(scratch, scratch / "run") == calm);
    CHECK_NOTHROW(expect_nothing_twice(scratch / "run"));
  }
};

constexpr const char* kFarHolds = "SELECT COUNT(*) FROM jobs WHERE state = 1 AND worker = 'far'";

constexpr const char* kTakings = "SELECT value FROM meta WHERE key = 'takings of coordinator'";

/// Cuts a worker's machine off in the middle of a training.
void cut_worker(int seconds, int lease_seconds) {
  const Campaign campaign(lease_seconds);
  const Machine machine(1);
  const double epoch = std::max(0.4, seconds / 25.0);
  const int coordinator = campaign.start("resume run --workers 1", epoch);
  const int worker = campaign.start("worker run --fake --name far", epoch, &machine);
  campaign.wait_for_some(kFarHolds);
  machine.cut();
  sleep_for(seconds);
  const auto is_told = [&] {
    return campaign.log().find("worker far: its lease ran out") != std::string::npos;
  };
  // A coordinator that does not come to run looks later.
  for (int i = 0; seconds > lease_seconds && i < 600 && !is_told(); ++i) sleep_for(0.1);
  const bool was_told = is_told();
  machine.mend();
  campaign.check_end(coordinator);
  INFO(campaign.log());
  CHECK(wait_for(worker, kLongestWait) == 0);
  CHECK(was_told == (seconds > lease_seconds));
  if (seconds < lease_seconds) CHECK(campaign.ask("SELECT MAX(attempt) FROM jobs") == 1);
}

/// Cuts a coordinator's machine off, on which one worker runs; another runs here.
void cut_coordinator(int seconds, int lease_seconds) {
  const Campaign campaign(lease_seconds);
  const Machine machine(1);
  const double epoch = std::max(0.4, seconds / 25.0);
  const int coordinator = campaign.start("resume run --workers 1", epoch, &machine);
  const int worker = campaign.start("worker run --fake --name near", epoch);
  campaign.wait_for_some("SELECT COUNT(*) FROM jobs WHERE state = 2");
  machine.cut();
  sleep_for(seconds);
  machine.mend();
  campaign.check_end(coordinator);
  CHECK(wait_for(worker, kLongestWait) == 0);
  if (seconds < lease_seconds) CHECK(campaign.ask("SELECT MAX(attempt) FROM jobs") == 1);
}

/// Cuts Slurm's controller off from all else, workers and coordinator.
void cut_slurm(int seconds) {
  reachable_server();
  const Machine machine(3);
  SlurmCampaign campaign(
      server().url(), fmt::format("machine3 {} {} {}", machine.address(), kHere, machine.in("/")));
  campaign.start({}, fmt::format("{}", std::max(0.5, seconds / 10.0)));
  campaign.wait_until(4);
  watch_changes(campaign.scratch / "run");
  machine.cut();
  sleep_for(seconds);
  machine.mend();
  campaign.check_end(seconds > 30 ? "Slurm does not answer" : "");
  CHECK_NOTHROW(expect_nothing_twice(campaign.scratch / "run"));
}

}  // namespace

TEST_CASE("A worker that is cut off for less than its lease goes on, and repeats nothing") {
  cut_worker(5, 60);
}

TEST_CASE("The job of a worker that is cut off goes elsewhere when its lease is over") {
  cut_worker(7, 3);
}

TEST_CASE("A worker that stands still for longer than its lease commits nothing") {
  const Campaign campaign(3);
  const Machine machine(1);
  const int worker = start_atto(campaign.scratch, "worker run --fake --name far",
                                "ATTO_FAULT=before_commit:1? " + machine.in(campaign.scratch / ""));
  campaign.wait_for_some(kFarHolds);
  const int coordinator = campaign.start("resume run --workers 1", 0.1);
  for (int i = 0; i < 600 && campaign.log().find("far: its lease ran out") == std::string::npos;
       ++i)
    sleep_for(0.1);
  campaign.wait_for_some("SELECT COUNT(*) FROM jobs WHERE attempt > 1");
  ::kill(worker, SIGCONT);
  campaign.check_end(coordinator);
  CHECK(wait_for(worker) == 0);
  CHECK(campaign.log().find("worker far: its lease ran out") != std::string::npos);
}

TEST_CASE("A worker is cut off for 40 seconds", "[.slow]") {
  cut_worker(40, 15);
}

TEST_CASE("A worker is cut off for five minutes", "[.slow]") {
  cut_worker(300, 15);
}

TEST_CASE("A coordinator that is cut off for 5 seconds goes on", "[.slow]") {
  cut_coordinator(5, 60);
}

TEST_CASE("A coordinator is cut off for 40 seconds", "[.slow]") {
  cut_coordinator(40, 15);
}

TEST_CASE("A coordinator is cut off for five minutes", "[.slow]") {
  cut_coordinator(300, 15);
}

TEST_CASE("While a coordinator is cut off another takes over, and the first leaves") {
  const Campaign campaign(60);
  const Machine machine(1);
  const int first = campaign.start("resume run --workers 1", 0.3, &machine);
  campaign.wait_for_some("SELECT COUNT(*) FROM jobs WHERE state = 2");
  const Ended refused = run_atto(campaign.scratch, "resume run");
  CHECK(refused.code == 4);
  CHECK(refused.err.find("another process runs this campaign") != std::string::npos);
  machine.cut();
  // The server notices within some ten seconds that nobody is there.
  campaign.wait_for_some(
      "SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM pg_locks WHERE locktype = 'advisory'");
  const int takings = campaign.ask(kTakings);
  const int second = campaign.start("resume run --workers 2", 0.3);
  // It looks first, and takes the role then.
  for (int i = 0; i < 600 && campaign.ask(kTakings) < takings + 2; ++i) sleep_for(0.1);
  machine.mend();
  CHECK(wait_for(first, 60) == 4);
  CHECK(campaign.log().find("another coordinator has taken this campaign over") !=
        std::string::npos);
  campaign.check_end(second);
}

TEST_CASE("A pause holds the workers of the machine that asks for it, and those of others go on") {
  const Campaign campaign(60);
  const Machine machine(1);
  const int coordinator = campaign.start("resume run --workers 1", 0.5);
  const int near = campaign.start("worker run --fake --name near", 0.5);
  const int far = campaign.start("worker run --fake --name far", 0.5, &machine);
  const auto held_by = [&](const std::string& worker) {
    return campaign.ask(
        fmt::format("SELECT id FROM jobs WHERE state = 1 AND worker = '{}'", worker));
  };
  const auto is_done = [](int job) {
    return fmt::format("SELECT COUNT(*) FROM jobs WHERE state = 2 AND id = {}", job);
  };
  const auto keeps = [](const std::string& worker) {
    return fmt::format("SELECT COUNT(*) FROM meta WHERE key = 'pause kept by {}'", worker);
  };
  const auto ledger = atto::search::open_ledger(campaign.scratch / "run");
  // Until one meets both of them at work.
  int near_job = 0, far_job = 0;
  for (int i = 0; i < 100 && (near_job == 0 || far_job == 0); ++i) {
    ledger->end_pause();
    sleep_for(0.1);
    const std::int64_t pause = ledger->pause_workers();
    campaign.wait_for_some(fmt::format("{} AND value = '{}'", keeps("near"), pause));
    near_job = held_by("near"), far_job = held_by("far");
  }
  REQUIRE(near_job > 0);
  REQUIRE(far_job > 0);
  campaign.wait_for_some(is_done(far_job));
  CHECK(campaign.ask(is_done(near_job)) == 0);
  CHECK(campaign.ask(keeps("far")) == 0);
  // As if the other machine had asked.
  ledger->set_meta("paused_host", "machine1");
  campaign.wait_for_some(is_done(near_job));
  campaign.wait_for_some(keeps("far"));
  ledger->end_pause();
  campaign.check_end(coordinator);
  for (const int worker : {near, far}) CHECK(wait_for(worker, kLongestWait) == 0);
}

TEST_CASE("Slurm's controller is cut off for 5 seconds, and nothing changes", "[.slow]") {
  cut_slurm(5);
}

TEST_CASE("Slurm's controller is cut off for 40 seconds", "[.slow]") {
  cut_slurm(40);
}

TEST_CASE("Slurm's controller is cut off for five minutes", "[.slow]") {
  cut_slurm(300);
}
