// The promises of a ledger, whatever database holds it.
#include "search/ledger/ledger.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <sstream>
#include <thread>

#include "design_specs/errors.hpp"
#include "search/campaign/campaign.hpp"
#include "search/ledger/process_mark.hpp"
#include "tests/search/unit/ledger_folder.hpp"

using namespace atto;
using namespace atto::search;
using atto::test::LedgerFolder;

namespace {

/// Of this process's mark the start of its machine, and the name space of its number.
std::pair<std::string, std::string> place_of_this_process() {
  std::istringstream words(process_mark());
  std::string boot, id_namespace;
  words >> boot >> id_namespace;
  return {boot, id_namespace};
}

DesignRow design(const std::string& hash) {
  DesignRow row;
  row.hash = hash;
  row.how = "sampled";
  row.assignment = "1,-1,0";
  row.costs = {10, 20, 30, 40};
  return row;
}

Job job_at(std::int64_t position, const std::string& hash = "00000000000000aa") {
  Job job;
  job.position = position;
  job.hash = hash;
  job.to_epoch = job.horizon = 3;
  job.seed = 0xfedcba9876543210ULL;
  return job;
}

train::TrialResult result_of(int epochs, double top1) {
  train::TrialResult result;
  for (int i = 1; i <= epochs; ++i) {
    train::EpochRecord record;
    record.epoch = i;
    record.validation["top1"] = i == epochs ? top1 : 0.1;
    record.cpu_seconds = 2;
    result.epochs.push_back(record);
  }
  result.cpu_seconds = 2.5 * epochs;
  return result;
}

}  // namespace

TEST_CASE("What one connection has written all others see at once, and nothing of what failed") {
  const LedgerFolder folder;
  const auto writer = folder.open(), reader = folder.open();
  CHECK(reader->totals().jobs == 0);
  writer->add_job(job_at(0), design("00000000000000aa"));
  CHECK(reader->totals().jobs == 1);
  // A second job of one position cannot be; neither is its design there.
  CHECK_THROWS_AS(writer->add_job(job_at(0, "00000000000000bb"), design("00000000000000bb")),
                  EnvironmentError);
  CHECK_FALSE(writer->design("00000000000000bb"));
  CHECK_FALSE(reader->design("00000000000000bb"));
  const Claim claim = writer->claim("w", 1, 0).value();
  CHECK(reader->holders() == std::vector<std::string>{"w"});
  writer->commit(claim, result_of(3, 0.5));
  CHECK(reader->curve({claim.job.hash, train::Phase::Search, 0}).size() == 3);
  CHECK_FALSE(reader->commit(claim, result_of(3, 0.6)));
}

TEST_CASE("A snapshot stays as it was at its first call, whatever others write") {
  const LedgerFolder folder;
  const auto writer = folder.open();
  writer->add_job(job_at(0), design("00000000000000aa"));
  const auto snapshot = folder.open(Ledger::Access::Snapshot);
  CHECK(snapshot->designs(0).size() == 1);
  writer->add_job(job_at(1, "00000000000000bb"), design("00000000000000bb"));
  CHECK(snapshot->jobs(0, Stage::Search).size() == 1);
  CHECK(snapshot->totals().jobs == 1);
  CHECK(folder.open(Ledger::Access::Snapshot)->totals().jobs == 2);
  CHECK(folder.open(Ledger::Access::Read)->totals().jobs == 2);
}

TEST_CASE("Whoever asks for what is new while others commit misses none and sees none twice") {
  constexpr int kJobs = 60;
  const LedgerFolder folder;
  const auto reader = folder.open();
  for (int i = 0; i < kJobs; ++i) reader->add_job(job_at(i), design("00000000000000aa"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&folder] {
      const auto own = folder.open();
      while (const auto claim = own->claim("w", 1, 0)) own->commit(*claim, result_of(1, 0.5));
    });
  std::vector<std::int64_t> orders;
  std::set<std::int64_t> jobs;
  while (orders.size() < kJobs)
    for (const JobRow& row : reader->finished_since(orders.empty() ? 0 : orders.back())) {
      orders.push_back(row.verdict.finish_order);
      jobs.insert(row.job.id);
    }
  for (std::thread& thread : threads) thread.join();
  CHECK(jobs.size() == kJobs);
  for (int i = 0; i < kJobs; ++i) CHECK(orders[static_cast<std::size_t>(i)] == i + 1);
  CHECK(reader->last_finish_order() == kJobs);
}

TEST_CASE("A role is one process's at a time, and free again after it") {
  const LedgerFolder folder;
  const auto one = folder.open(), other = folder.open();
  auto held = one->take(Role::Coordinate);
  REQUIRE(held);
  CHECK_FALSE(other->take(Role::Coordinate));
  CHECK(other->is_taken(Role::Coordinate));
  CHECK_FALSE(other->is_taken(Role::Steer));
  CHECK(other->take(Role::Steer));
  held.reset();
  CHECK_FALSE(one->is_taken(Role::Coordinate));
  CHECK(other->take(Role::Coordinate));
}

TEST_CASE("A job goes from ready over claimed to done, and keeps every bit of its result") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto claim = ledger.claim("w", 1, 0);
  REQUIRE(claim);
  CHECK(claim->attempt == 1);
  CHECK(claim->job.seed == 0xfedcba9876543210ULL);
  CHECK_FALSE(ledger.claim("x", 1, 0));

  const double top1 = 0.1 + 0.2;
  train::TrialResult result = result_of(3, top1);
  result.epochs[0].train_loss = std::nan("");
  REQUIRE(ledger.commit(*claim, result));
  const std::vector<JobRow> done = ledger.finished_since(0);
  REQUIRE(done.size() == 1);
  CHECK(done[0].verdict.validation.at("top1") == top1);
  CHECK(done[0].verdict.cpu_seconds == 7.5);
  CHECK(done[0].verdict.test.empty());
  const auto curve = ledger.curve({"00000000000000aa", train::Phase::Search, 0});
  REQUIRE(curve.size() == 3);
  CHECK(std::isnan(curve[0].train_loss));
  CHECK(curve[2].validation.at("top1") == top1);
  CHECK(ledger.design("00000000000000aa")->costs == spec::Costs{10, 20, 30, 40});
}

TEST_CASE("An attempt that lost its job can write nothing") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const Claim old = ledger.claim("old", 1, 0).value();
  CHECK(ledger.release_lost({"old"}).released.empty());
  // Whoever looks after it may be told in minutes that its machine is lost: the lease is enough.
  folder.set_claims("", 0);
  CHECK(ledger.release_lost({"old"}).released.size() == 1);
  const Claim fresh = ledger.claim("new", 1, 0).value();
  CHECK(fresh.attempt == old.attempt + 1);

  CHECK_FALSE(ledger.renew(old, 1));
  CHECK_FALSE(ledger.record_epochs(old, result_of(1, 0.5).epochs));
  CHECK_FALSE(ledger.commit(old, result_of(3, 0.5)));
  CHECK_FALSE(ledger.give_back(old, 1));
  CHECK(ledger.curve({"00000000000000aa", train::Phase::Search, 0}).empty());
  CHECK(ledger.commit(fresh, result_of(3, 0.7)));
  CHECK(ledger.finished_since(0).at(0).verdict.validation.at("top1") == 0.7);
  CHECK_FALSE(ledger.commit(fresh, result_of(3, 0.9)));
}

TEST_CASE("A claim is lost with its process, its machine or its lease, and only a death counts") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto [boot, id_namespace] = place_of_this_process();
  int dead = 0, status = 0;
  char name[] = "true";
  char* words_of_true[] = {name, nullptr};
  REQUIRE(::posix_spawn(&dead, "/bin/true", nullptr, nullptr, words_of_true, environ) == 0);
  REQUIRE(::waitpid(dead, &status, 0) == dead);
  const std::string ended = boot + " " + id_namespace + " " + std::to_string(dead) + " 5";
  const std::string another = boot + " " + id_namespace + " " + std::to_string(::getpid()) + " 5";
  const std::string restarted = "0 " + id_namespace + " " + std::to_string(::getpid()) + " 5";
  const std::string unseen = boot + " pid:[1] " + std::to_string(::getpid()) + " 5";
  const auto lost = [&](const std::string& process, std::int64_t lease_from_now) {
    ledger.claim("w", 1, 0).value();
    folder.set_claims(process, machine_clock_ms() + lease_from_now);
    const LostClaims found = ledger.release_lost({});
    if (found.released.empty()) ledger.release_worker("w", "", false);
    return found;
  };
  CHECK(lost(process_mark(), 9000).silent.empty());
  CHECK(lost(process_mark(), -1).released.empty());
  CHECK(lost(process_mark(), -1).silent.size() == 1);
  CHECK(lost(process_mark(), 3600000).released.empty());
  CHECK(lost(unseen, 9000).released.empty());
  CHECK(lost("", 9000).released.empty());
  // Leases that ran out, or are further ahead than a lease is long: never a death, so early.
  CHECK(lost(unseen, -1).released.at(0) == "worker w: its lease ran out");
  CHECK(lost(unseen, 3600000).released.size() == 1);
  CHECK(lost("", now_ms()).released.size() == 1);
  // Of one machine it was started before; of several it may be alive on another one.
  if (atto::test::kTestedDatabase.spans_machines)
    CHECK(lost(restarted, 9000).released.empty());
  else
    CHECK(lost(restarted, 9000).released.at(0) == "worker w: its machine was started again");
  CHECK(ledger.totals().failed == 0);
  CHECK(lost(ended, 9000).released.at(0) == "worker w: its process has ended");
  CHECK(lost(another, 9000).released.size() == 1);
  CHECK(ledger.totals().failed == 0);
  CHECK(lost(ended, 9000).released.size() == 1);
  CHECK(ledger.totals().failed == 1);
  CHECK(ledger.finished_since(0).at(0).verdict.reason ==
        "its worker died 3 times in epoch 1: w: its process has ended");
}

TEST_CASE("A worker without a job hears of one at once, and asks once for all that it must know") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  const std::unique_ptr<Bell> bell = ledger.listen();
  CHECK_FALSE(bell->wait(0));
  CHECK_FALSE(ledger.glance().has_work);
  CHECK_FALSE(bell->wait(0));  // reading rings for nobody
  ledger.add_job(job_at(0), design("00000000000000aa"));
  CHECK(bell->wait(10000));
  CHECK_FALSE(bell->wait(0));
  CHECK(ledger.glance().has_work);
  const Claim claim = ledger.claim("w", 1, 0).value();
  ledger.renew(claim, 1);
  ledger.record_epochs(claim, result_of(1, 0.5).epochs);
  CHECK_FALSE(bell->wait(0));  // nobody else has to know
  CHECK_FALSE(ledger.glance().has_work);
  const auto rings = [&](auto&& work) {
    work();
    return bell->wait(10000);
  };
  CHECK(rings([&] { ledger.give_back(claim, 1); }));
  CHECK(rings([&] { ledger.claim("w", 1, 0), ledger.release_worker("w", "", false); }));
  ledger.commit(ledger.claim("w", 1, 0).value(), result_of(3, 0.5));
  CHECK_FALSE(bell->wait(0));  // only one finalist less lets another one be claimed
  Job final = job_at(0);
  final.stage = Stage::Final;
  CHECK(rings([&] { ledger.add_job(final, design("00000000000000aa")); }));
  CHECK(rings([&] { ledger.commit(ledger.claim("w", 1, 0).value(), result_of(3, 0.5)); }));
  CHECK(rings([&] { ledger.pause_workers(); }));
  CHECK_FALSE(ledger.glance().is_finished);
  CHECK(rings([&] { ledger.set_meta("state", "finished"); }));
  CHECK(ledger.glance().is_finished);
}

TEST_CASE("A job that goes on from an earlier rung stands at that rung's epoch") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  ledger.commit(ledger.claim("w", 1, 0).value(), result_of(3, 0.5));
  Job next = job_at(1);
  next.to_epoch = next.horizon = 5;
  ledger.add_job(next, design("00000000000000aa"));
  Job final = job_at(0);
  final.stage = Stage::Final;
  ledger.add_job(final, design("00000000000000aa"));
  ledger.claim("x", 1, 0).value();
  ledger.claim("y", 1, 0).value();
  const std::vector<JobRow> rows = ledger.jobs_in_state(State::Claimed);
  REQUIRE(rows.size() == 2);
  CHECK((rows[0].worker == "x" && rows[0].epochs_done == 3));
  CHECK((rows[1].worker == "y" && rows[1].epochs_done == 0));
  CHECK(life_of(rows[1].process) == Life::Runs);
}

TEST_CASE("Two figures of one moment keep their order, though the time of day is set back") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  for (const std::int64_t at : {1000, 5, 1000}) {
    LatencyRow row;
    row.hash = std::to_string(at) + std::to_string(ledger.latencies(false).size());
    row.at = at;
    ledger.add_latency(row);
  }
  const std::vector<LatencyRow> rows = ledger.latencies(false);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].hash == "10000");
  CHECK(rows[1].hash == "51");
  CHECK(rows[2].hash == "10002");
}

TEST_CASE(
    "Three deaths at one epoch fail a trial; a checkpoint in between starts the count again") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto die = [&](int epochs) {
    const Claim claim = ledger.claim("w", 1, 0).value();
    if (epochs > 0) ledger.record_epochs(claim, result_of(epochs, 0.2).epochs);
    ledger.renew(claim, 9);
    CHECK(ledger.release_worker("w", "killed by signal 9", true) == 1);
  };
  die(0), die(0), die(1), die(0);
  CHECK(ledger.finished_since(0).empty());
  die(0);
  const std::vector<JobRow> done = ledger.finished_since(0);
  REQUIRE(done.size() == 1);
  CHECK(done[0].verdict.outcome == train::Outcome::Failed);
  CHECK(done[0].verdict.reason == "its worker died 3 times in epoch 2: killed by signal 9");
  CHECK(done[0].verdict.cpu_seconds == 2);  // the epoch that was kept
  CHECK(done[0].verdict.wasted_cpu_seconds == 5 * 9 - 2);
}

TEST_CASE("A claim is not kept by another process that has its worker's name") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  ledger.claim("w", 1, 0).value();
  const auto [boot, id_namespace] = place_of_this_process();
  const std::string ended = boot + " " + id_namespace + " " + std::to_string(::getpid()) + " 5";
  // Who looks after it may tell of its end better, until its lease ran out a lease ago.
  folder.set_claims(ended, machine_clock_ms() - 1);
  CHECK(ledger.release_lost({"w"}).released.empty());
  const std::int64_t long_over = machine_clock_ms() - ledger.lease_ms() - 1;
  const std::int64_t of_another_boot = machine_clock_ms() + 100 * ledger.lease_ms();
  for (int i = 0; i < kDeathsAllowed + 1; ++i) {
    folder.set_claims(ended, i % 2 == 0 ? long_over : of_another_boot);
    CHECK(ledger.release_lost({"w"}).released.size() == 1);
    CHECK(ledger.claim("w", 1, 0).has_value());  // nobody knows whose fault it was
  }
}

TEST_CASE("A lease that runs out is no death for ten attempts, then it is one") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  int losses = 0;
  while (ledger.finished_since(0).empty() && losses < 20) {
    ledger.claim("w", 1, 0).value();
    folder.set_claims("", 0);
    CHECK(ledger.release_lost({}).released.size() == 1);
    ++losses;
  }
  CHECK(losses == kFreeAttempts + kDeathsAllowed);
  CHECK(ledger.finished_since(0).at(0).verdict.reason ==
        "its worker died 3 times in epoch 1: w: its lease ran out");
}

TEST_CASE("The newest checkpoints are known to those who compute the same bits, and to no others") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto epochs = [](int count, const std::string& attempt) {
    std::vector<train::EpochRecord> records = result_of(count, 0.2).epochs;
    for (train::EpochRecord& record : records)
      record.checkpoint = attempt + "/e" + std::to_string(record.epoch);
    return records;
  };
  const Claim stale = ledger.claim("a", 1, 0).value();
  CHECK(ledger.checkpoints(stale).empty());
  CHECK(ledger.record_epochs(stale, epochs(2, "1.1")));
  folder.set_claims("", 0);
  CHECK(ledger.release_lost({}).released.size() == 1);

  const Claim fresh = ledger.claim("b", 1, 0).value();
  CHECK(ledger.checkpoints(fresh) == std::vector<std::string>{"1.1/e2", "1.1/e1"});
  // The one that lost its job goes on for a while: what it writes nobody reads.
  CHECK_FALSE(ledger.record_epochs(stale, epochs(3, "1.1")));
  CHECK(ledger.checkpoints(fresh).front() == "1.1/e2");
  // What was read of a checkpoint does not say of which.
  train::TrialResult result = result_of(2, 0.2);
  result.epochs.push_back(epochs(3, "1.2").back());
  CHECK(ledger.record_epochs(fresh, result.epochs));
  CHECK(ledger.give_back(fresh, 0));
  const Claim again = ledger.claim("c", 1, 0).value();
  CHECK(ledger.checkpoints(again) == std::vector<std::string>{"1.2/e3", "1.1/e2"});

  CHECK(ledger.give_back(again, 0));
  const Claim other = ledger.claim("d", 2, 0).value();
  CHECK(ledger.checkpoints(other).empty());
  // It begins again, and what it trains takes the place of what was there.
  CHECK(ledger.record_epochs(other, epochs(1, "1.4")));
  CHECK(ledger.checkpoints(other) == std::vector<std::string>{"1.4/e1"});
}

TEST_CASE("Of machines the ledger says what they trained, and what the campaign is trained in") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const std::int64_t here = ledger.environment_id("host_class=A\n");
  const std::int64_t there = ledger.environment_id("host_class=B\n");
  CHECK(ledger.register_worker("w1", "n1", here) == "host_class=A\n");
  CHECK(ledger.register_worker("w2", "n2", there) == "host_class=A\n");
  CHECK(ledger.register_worker("w2", "n2", there) == "host_class=A\n");
  const Claim claim = ledger.claim("w2", there, 0).value();
  CHECK(ledger.commit(claim, result_of(3, 0.5)));
  const std::vector<HostRow> hosts = ledger.hosts();
  REQUIRE(hosts.size() == 2);
  CHECK(hosts[0].host == "n1");
  CHECK(hosts[0].jobs == 0);
  CHECK(hosts[1].jobs == 1);
  CHECK(hosts[1].workers == 1);
  CHECK(hosts[1].cpu_seconds == 7.5);
  CHECK(host_class_in(hosts[1].environment) == "B");
}

TEST_CASE("A job that is given back, or whose coordinator died, is not counted as a death") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  for (int i = 0; i < 5; ++i) {
    ledger.give_back(ledger.claim("w", 1, 0).value(), 1);
    ledger.claim("w", 1, 0).value();
    ledger.release_worker("w", "", false);
  }
  CHECK(ledger.totals().ready == 1);
  CHECK(ledger.totals().wasted_cpu_seconds == 5);
}

TEST_CASE("The CPU time of a whole process counts from the claim on") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  ledger.claim("w", 1, 100).value();
  ledger.release_worker("w", "", true, 103.5);
  CHECK(ledger.totals().wasted_cpu_seconds == 3.5);
}

TEST_CASE("Jobs are claimed in the order of proposals, each by one worker only") {
  const LedgerFolder folder;
  {
    const std::unique_ptr<Ledger> ledger = folder.open();
    for (int i = 0; i < 60; ++i) ledger->add_job(job_at(i), design("00000000000000aa"));
  }
  std::vector<std::int64_t> claimed[3];
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      const std::unique_ptr<Ledger> ledger = folder.open();
      while (const auto claim = ledger->claim("w" + std::to_string(t), 1, 0))
        claimed[t].push_back(claim->job.position);
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<std::int64_t> all;
  for (const auto& positions : claimed) {
    CHECK(std::is_sorted(positions.begin(), positions.end()));
    all.insert(all.end(), positions.begin(), positions.end());
  }
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == 60);
  for (int i = 0; i < 60; ++i) CHECK(all[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("A reused result is done at once and costs nothing") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  Verdict verdict;
  verdict.validation["top1"] = 0.5;
  verdict.reused_from = "elsewhere";
  verdict.original_cpu_seconds = 12;
  ledger.add_job(job_at(0), design("00000000000000aa"), &verdict, result_of(3, 0.5).epochs);
  CHECK_FALSE(ledger.claim("w", 1, 0));
  const Totals totals = ledger.totals();
  CHECK(totals.reused == 1);
  CHECK(totals.cpu_seconds == 0);
  CHECK(totals.saved_cpu_seconds == 12);
  CHECK(ledger.find_done(job_at(5)).has_value());
  Job other = job_at(5);
  other.seed = 1;
  CHECK_FALSE(ledger.find_done(other).has_value());
}

TEST_CASE("What the ledger says of its campaign is refused with its name when it is mangled") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  CHECK_THROWS_WITH(load_campaign(ledger), Catch::Contains("the ledger has no campaign") &&
                                               Catch::Contains(ledger.name()));
  store_campaign(ledger,
                 read_campaign(spec::read_json_file(ATTO_SOURCE_DIR "/tests/search/data/tiny.json"),
                               {}, EvaluatorKind::Fake));
  CHECK(load_campaign(ledger).spec.name == "tiny");
  const std::string campaign = ledger.meta("campaign");
  const auto mangle = [&](const char* key, const std::string& text) {
    const std::string before = ledger.meta(key);
    ledger.set_meta(key, text);
    CHECK_THROWS_AS(load_campaign(ledger), EnvironmentError);
    CHECK_THROWS_WITH(load_campaign(ledger),
                      Catch::Contains("the ledger is damaged (") && Catch::Contains(ledger.name()));
    ledger.set_meta(key, before);
  };
  mangle("campaign", campaign.substr(0, campaign.size() / 2));
  mangle("campaign", "[]");
  mangle("campaign", R"({"seed": "seven"})");
  mangle("campaign", std::string(campaign).replace(campaign.find("random_asha"), 6, "xxxxxx"));
  mangle("spec_text", "{");
  mangle("prototype_text", std::string(64, '\0'));
  CHECK(load_campaign(ledger).spec.name == "tiny");

  ledger.set_meta("extensions", "[[0, 1]]");
  CHECK_THROWS_AS(read_extensions(ledger), EnvironmentError);
  ledger.set_meta("extensions", "[[0, 1");
  CHECK_THROWS_WITH(read_extensions(ledger), Catch::Contains(ledger.name()));
}

TEST_CASE("Only so many finalists are claimed at once; other jobs go on") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  for (int i = 0; i < 3; ++i) {
    Job job = job_at(i);
    job.stage = Stage::Final;
    job.replica = i;
    ledger.add_job(job, design(job.hash));
  }
  const auto first = ledger.claim("a", 1, 0, 1);
  REQUIRE(first);
  CHECK_FALSE(ledger.claim("b", 1, 0, 1));
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto search = ledger.claim("b", 1, 0, 1);
  REQUIRE(search);
  CHECK(search->job.stage == Stage::Search);
  const auto second = ledger.claim("c", 1, 0, 2);
  REQUIRE(second);
  CHECK(second->job.replica == 1);
  CHECK(ledger.commit(*first, result_of(3, 0.5)));
  CHECK_FALSE(ledger.claim("a", 1, 0, 1));
  CHECK(ledger.claim("a", 1, 0, 2));
}

TEST_CASE("Finalists of another machine leave room on this one") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  const std::int64_t environment = ledger.environment_id("host_class=A\n");
  ledger.register_worker("there", "another machine", environment);
  ledger.register_worker("here", machine_name(), environment);
  for (int i = 0; i < 2; ++i) {
    Job job = job_at(i);
    job.stage = Stage::Final;
    job.replica = i;
    ledger.add_job(job, design(job.hash));
  }
  REQUIRE(ledger.claim("there", environment, 0, 1));
  CHECK(ledger.glance(1).has_work == ledger.spans_machines());
  CHECK(ledger.claim("here", environment, 0, 1).has_value() == ledger.spans_machines());
  CHECK_FALSE(ledger.glance(1).has_work);
}

TEST_CASE("Scores of any name are kept, of every judged epoch, of the end and of the test") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto claim = ledger.claim("w", 1, 0);
  REQUIRE(claim);
  train::TrialResult result = result_of(3, 0);
  result.epochs[0].validation = {{"box error", 1.0 / 3}, {"hits", 0.25}};
  result.epochs[1].validation.clear();  // not judged
  result.epochs[2].validation = {{"box error", -2.5e-300}};
  result.test = {{"box error", 7}};
  ledger.record_epochs(*claim, result.epochs);
  result.epochs[0].validation.erase("hits");  // trained again
  REQUIRE(ledger.commit(*claim, result));
  const auto curve = ledger.curve({claim->job.hash, train::Phase::Search, 0});
  REQUIRE(curve.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(curve[i].validation == result.epochs[i].validation);
  for (const std::vector<JobRow>& rows : {ledger.jobs(0, Stage::Search), ledger.finished_since(0),
                                          ledger.jobs_in_state(State::Done)}) {
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].verdict.validation == result.epochs[2].validation);
    CHECK(rows[0].verdict.test == result.test);
  }
  const std::vector<EpochValue> values = ledger.search_values({1, 2}, "box error");
  REQUIRE(values.size() == 2);
  CHECK(values[0].value == 1.0 / 3);
  CHECK(std::isnan(values[1].value));
  CHECK(std::isnan(ledger.search_values({1}, "hits").at(0).value));
}

TEST_CASE("What is not a number is stored as absent") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto claim = ledger.claim("w", 1, 0);
  REQUIRE(claim);
  train::TrialResult result = result_of(1, std::nan(""));
  result.outcome = train::Outcome::Diverged;
  REQUIRE(ledger.commit(*claim, result));
  const JobRow row = ledger.jobs(0, Stage::Search).at(0);
  CHECK(row.verdict.outcome == train::Outcome::Diverged);
  CHECK(row.verdict.validation.empty());
  CHECK(row.verdict.test.empty());
  CHECK(row.verdict.validation_loss == 0);
  CHECK(ledger.curve({row.job.hash, train::Phase::Search, 0}).at(0).validation.empty());
}

TEST_CASE("A latency is found again by design, host, runtime and setting alone") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  LatencyRow row{"00000000000000aa",
                 "host",
                 "0.1, avx2",
                 {1, spec::LatencyPrecision::Fp32},
                 false,
                 {},
                 3.5,
                 5};
  CHECK_FALSE(ledger.find_latency(row));
  row.latency = {0.1 + 0.2,
                 0.25,
                 0.35,
                 99,
                 {{{"k", "f", {{"macs", 7}, {"start", 2}}, {1, 2, 3, 4}, 5}, 0.1 + 0.7}}};
  ledger.add_latency(row);
  REQUIRE(ledger.find_latency(row));
  CHECK(ledger.find_latency(row)->median_ms == 0.1 + 0.2);
  CHECK(ledger.find_latency(row)->runs == 99);
  const auto is_known = [&](auto&& change) {
    LatencyRow other = row;
    change(other);
    return ledger.find_latency(other).has_value();
  };
  CHECK_FALSE(is_known([](LatencyRow& r) { r.hash = "00000000000000ab"; }));
  CHECK_FALSE(is_known([](LatencyRow& r) { r.host = "other"; }));
  CHECK_FALSE(is_known([](LatencyRow& r) { r.runtime = "0.1, avx512"; }));
  CHECK_FALSE(is_known([](LatencyRow& r) { r.setting.threads = 2; }));
  CHECK_FALSE(is_known([](LatencyRow& r) { r.setting.precision = spec::LatencyPrecision::Int8; }));
  CHECK_FALSE(is_known([](LatencyRow& r) { r.is_trained = true; }));
  CHECK(ledger.latencies(true).empty());
  const std::vector<LatencyRow> rows = ledger.latencies(false);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].predicted_ms == 3.5);
  REQUIRE(rows[0].latency.blocks.size() == 1);
  CHECK(rows[0].latency.blocks[0].us == 0.1 + 0.7);
  CHECK(rows[0].latency.blocks[0].block.key == "k");
  CHECK(rows[0].latency.blocks[0].block.amounts ==
        std::map<std::string, double>{{"macs", 7}, {"start", 2}});
  CHECK(rows[0].latency.blocks[0].block.features[3] == 4);
  CHECK(rows[0].latency.blocks[0].block.runs == 5);
}

TEST_CASE("A design that was refused is done, is no result to reuse, and keeps its figure") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  Verdict verdict;
  verdict.outcome = train::Outcome::Refused;
  verdict.reason = "too slow: 3 ms > 2 ms";
  Job job = job_at(0);
  job.figures.latency_ms = 3;
  ledger.add_job(job, design(job.hash), &verdict);
  CHECK_FALSE(ledger.claim("w", 1, 0));
  const JobRow row = ledger.finished_since(0).at(0);
  CHECK(row.verdict.outcome == train::Outcome::Refused);
  CHECK(row.verdict.reason == "too slow: 3 ms > 2 ms");
  CHECK(row.job.figures.latency_ms == 3);
  CHECK_FALSE(ledger.find_done(job));
  CHECK(ledger.totals().refused == 1);
}

TEST_CASE("A pause holds until its time or until it is called off") {
  const LedgerFolder folder;
  const std::unique_ptr<Ledger> opened = folder.open();
  Ledger& ledger = *opened;
  CHECK(ledger.pause() == 0);
  bool was_called = false;
  const std::int64_t pause = ledger.pause_workers([&] { was_called = true; });
  CHECK(was_called);
  CHECK(ledger.pause() == pause);
  CHECK(ledger.glance().pause == pause);
  // What is past, and what a machine wrote before it was started again: no pause is that long.
  for (const std::int64_t until :
       {machine_clock_ms() - 1, machine_clock_ms() + kLongestPauseMs + 10000, now_ms()}) {
    folder.set_pause(until);
    CHECK(ledger.pause() == 0);
  }
  ledger.pause_workers();
  ledger.end_pause();
  CHECK(ledger.pause() == 0);
}
