#include "search/ledger.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <thread>

#include "design_specs/errors.hpp"
#include "search/campaign.hpp"
#include "search/soci.hpp"

using namespace atto;
using namespace atto::search;

namespace {

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("atto-ledger-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    Ledger::create(file());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path file() const { return path_ / "a ledger.db"; }

 private:
  std::filesystem::path path_;
};

DesignRow design(const std::string& hash) {
  DesignRow row;
  row.hash = hash;
  row.origin = "machine";
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
    record.validation_top1 = i == epochs ? top1 : 0.1;
    record.cpu_seconds = 2;
    result.epochs.push_back(record);
  }
  result.cpu_seconds = 2.5 * epochs;
  return result;
}

constexpr std::int64_t kFar = 1LL << 60;

}  // namespace

TEST_CASE("A job goes from ready over claimed to done, and keeps every bit of its result") {
  Folder folder;
  Ledger ledger(folder.file(), Ledger::Durability::Full);
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto claim = ledger.claim("w", 1, kFar, 0);
  REQUIRE(claim);
  CHECK(claim->attempt == 1);
  CHECK(claim->job.seed == 0xfedcba9876543210ULL);
  CHECK_FALSE(ledger.claim("x", 1, kFar, 0));

  const double top1 = 0.1 + 0.2;
  train::TrialResult result = result_of(3, top1);
  result.epochs[0].train_loss = std::nan("");
  REQUIRE(ledger.commit(*claim, result));
  const std::vector<JobRow> done = ledger.finished_since(0);
  REQUIRE(done.size() == 1);
  CHECK(*done[0].verdict.top1 == top1);
  CHECK(done[0].verdict.cpu_seconds == 7.5);
  CHECK_FALSE(done[0].verdict.test_top1);
  const auto curve = ledger.curve({"00000000000000aa", train::Phase::Search, 0});
  REQUIRE(curve.size() == 3);
  CHECK(std::isnan(curve[0].train_loss));
  CHECK(curve[2].validation_top1 == top1);
  CHECK(ledger.design("00000000000000aa")->costs == spec::Costs{10, 20, 30, 40});
}

TEST_CASE("An attempt that lost its job can write nothing") {
  Folder folder;
  Ledger ledger(folder.file());
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const Claim old = ledger.claim("old", 1, 100, 0).value();
  CHECK(ledger.release_expired(100, {}) == 0);
  CHECK(ledger.release_expired(101, {"old"}) == 0);
  CHECK(ledger.release_expired(101, {}) == 1);
  const Claim fresh = ledger.claim("new", 1, kFar, 0).value();
  CHECK(fresh.attempt == old.attempt + 1);

  CHECK_FALSE(ledger.renew(old, kFar, 1));
  CHECK_FALSE(ledger.record_epochs(old, result_of(1, 0.5).epochs));
  CHECK_FALSE(ledger.commit(old, result_of(3, 0.5)));
  CHECK_FALSE(ledger.give_back(old, 1));
  CHECK(ledger.curve({"00000000000000aa", train::Phase::Search, 0}).empty());
  CHECK(ledger.commit(fresh, result_of(3, 0.7)));
  CHECK(*ledger.finished_since(0).at(0).verdict.top1 == 0.7);
  CHECK_FALSE(ledger.commit(fresh, result_of(3, 0.9)));
}

TEST_CASE(
    "Three deaths at one epoch fail a trial; a checkpoint in between starts the count again") {
  Folder folder;
  Ledger ledger(folder.file());
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto die = [&](int epochs) {
    const Claim claim = ledger.claim("w", 1, kFar, 0).value();
    if (epochs > 0) ledger.record_epochs(claim, result_of(epochs, 0.2).epochs);
    ledger.renew(claim, kFar, 9);
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

TEST_CASE("A job that is given back, or whose coordinator died, is not counted as a death") {
  Folder folder;
  Ledger ledger(folder.file());
  ledger.add_job(job_at(0), design("00000000000000aa"));
  for (int i = 0; i < 5; ++i) {
    ledger.give_back(ledger.claim("w", 1, kFar, 0).value(), 1);
    ledger.claim("w", 1, kFar, 0).value();
    ledger.release_worker("w", "", false);
  }
  CHECK(ledger.totals().ready == 1);
  CHECK(ledger.totals().wasted_cpu_seconds == 5);
}

TEST_CASE("The CPU time of a whole process counts from the claim on") {
  Folder folder;
  Ledger ledger(folder.file());
  ledger.add_job(job_at(0), design("00000000000000aa"));
  ledger.claim("w", 1, kFar, 100).value();
  ledger.release_worker("w", "", true, 103.5);
  CHECK(ledger.totals().wasted_cpu_seconds == 3.5);
}

TEST_CASE("Jobs are claimed in the order of proposals, each by one worker only") {
  Folder folder;
  {
    Ledger ledger(folder.file());
    for (int i = 0; i < 60; ++i) ledger.add_job(job_at(i), design("00000000000000aa"));
  }
  std::vector<std::int64_t> claimed[3];
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      Ledger ledger(folder.file());
      while (const auto claim = ledger.claim("w" + std::to_string(t), 1, kFar, 0))
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
  Folder folder;
  Ledger ledger(folder.file());
  Verdict verdict;
  verdict.top1 = 0.5;
  verdict.reused_from = "elsewhere";
  verdict.original_cpu_seconds = 12;
  ledger.add_job(job_at(0), design("00000000000000aa"), &verdict, result_of(3, 0.5).epochs);
  CHECK_FALSE(ledger.claim("w", 1, kFar, 0));
  const Totals totals = ledger.totals();
  CHECK(totals.reused == 1);
  CHECK(totals.cpu_seconds == 0);
  CHECK(totals.saved_cpu_seconds == 12);
  CHECK(ledger.find_done(job_at(5)).has_value());
  Job other = job_at(5);
  other.seed = 1;
  CHECK_FALSE(ledger.find_done(other).has_value());
}

TEST_CASE("A file that is no ledger, a missing one and another schema are clear errors") {
  Folder folder;
  CHECK_THROWS_AS(Ledger::create(folder.file()), EnvironmentError);
  CHECK_THROWS_WITH(Ledger(folder.file().parent_path() / "none.db"),
                    Catch::Contains("cannot open the ledger: No such file or directory"));
  const auto text = folder.file().parent_path() / "text.db";
  FILE* file = std::fopen(text.c_str(), "w");
  std::fputs("this is not a database at all, but it is long enough to be looked at", file);
  std::fclose(file);
  CHECK_THROWS_AS(Ledger(text), EnvironmentError);
  Ledger(folder.file()).set_meta("schema", "99");
  CHECK_THROWS_WITH(Ledger(folder.file()), Catch::Contains("has schema 99, this version reads 5"));
}

TEST_CASE("A ledger is made whole or not at all") {
  Folder folder;
  const auto file = folder.file().parent_path() / "other.db";
  CHECK_THROWS_WITH(Ledger::create(file, [](Ledger&) { throw EnvironmentError("no room"); }),
                    "no room");
  CHECK_FALSE(std::filesystem::exists(file));
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file().parent_path()))
    left += entry.path().filename().string().starts_with("other");
  CHECK(left == 0);
  Ledger::create(file, [](Ledger& ledger) { ledger.set_meta("key", "value"); });
  CHECK_FALSE(std::filesystem::exists(file.string() + "-wal"));
  CHECK(Ledger(file).meta("key") == "value");
}

TEST_CASE("What the ledger says of its campaign is refused with its name when it is mangled") {
  Folder folder;
  Ledger ledger(folder.file());
  CHECK_THROWS_WITH(load_campaign(ledger), Catch::Contains("the ledger has no campaign") &&
                                               Catch::Contains(folder.file().string()));
  store_campaign(ledger, read_campaign(ATTO_SOURCE_DIR "/tests/search/data/tiny.json", {}, "fake"));
  CHECK(load_campaign(ledger).spec.name == "tiny");
  const std::string campaign = ledger.meta("campaign");
  const auto mangle = [&](const char* key, const std::string& text) {
    const std::string before = ledger.meta(key);
    ledger.set_meta(key, text);
    CHECK_THROWS_AS(load_campaign(ledger), EnvironmentError);
    CHECK_THROWS_WITH(load_campaign(ledger), Catch::Contains("the ledger is damaged (") &&
                                                 Catch::Contains(folder.file().string()));
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
  CHECK_THROWS_WITH(read_extensions(ledger), Catch::Contains(folder.file().string()));
}

TEST_CASE("Only so many finalists are claimed at once; other jobs go on") {
  Folder folder;
  Ledger ledger(folder.file());
  for (int i = 0; i < 3; ++i) {
    Job job = job_at(i);
    job.stage = Stage::Final;
    job.replica = i;
    ledger.add_job(job, design(job.hash));
  }
  const auto first = ledger.claim("a", 1, kFar, 0, 1);
  REQUIRE(first);
  CHECK_FALSE(ledger.claim("b", 1, kFar, 0, 1));
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto search = ledger.claim("b", 1, kFar, 0, 1);
  REQUIRE(search);
  CHECK(search->job.stage == Stage::Search);
  const auto second = ledger.claim("c", 1, kFar, 0, 2);
  REQUIRE(second);
  CHECK(second->job.replica == 1);
  CHECK(ledger.commit(*first, result_of(3, 0.5)));
  CHECK_FALSE(ledger.claim("a", 1, kFar, 0, 1));
  CHECK(ledger.claim("a", 1, kFar, 0, 2));
}

TEST_CASE("What is not a number is stored as absent") {
  Folder folder;
  Ledger ledger(folder.file());
  ledger.add_job(job_at(0), design("00000000000000aa"));
  const auto claim = ledger.claim("w", 1, kFar, 0);
  REQUIRE(claim);
  train::TrialResult result = result_of(1, std::nan(""));
  result.outcome = train::Outcome::Diverged;
  REQUIRE(ledger.commit(*claim, result));
  const JobRow row = ledger.jobs(0, Stage::Search).at(0);
  CHECK(row.verdict.outcome == train::Outcome::Diverged);
  CHECK_FALSE(row.verdict.top1);
  CHECK_FALSE(row.verdict.test_top1);
  CHECK(row.verdict.validation_loss == 0);
  CHECK(std::isnan(ledger.curve({row.job.hash, train::Phase::Search, 0}).at(0).validation_top1));
}

TEST_CASE("A latency is found again by design, host, runtime and setting alone") {
  Folder folder;
  Ledger ledger(folder.file());
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
                 {{{"k", "f", {{"macs", 7}, {"start", 2}}, {1, 2, 3, 4}}, 0.1 + 0.7}}};
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
}

TEST_CASE("A design that was refused is done, is no result to reuse, and keeps its figure") {
  Folder folder;
  Ledger ledger(folder.file());
  Verdict verdict;
  verdict.outcome = train::Outcome::Refused;
  verdict.reason = "too slow: 3 ms > 2 ms";
  Job job = job_at(0);
  job.latency_ms = 3;
  ledger.add_job(job, design(job.hash), &verdict);
  CHECK_FALSE(ledger.claim("w", 1, kFar, 0));
  const JobRow row = ledger.finished_since(0).at(0);
  CHECK(row.verdict.outcome == train::Outcome::Refused);
  CHECK(row.verdict.reason == "too slow: 3 ms > 2 ms");
  CHECK(row.job.latency_ms == 3);
  CHECK_FALSE(ledger.find_done(job));
  CHECK(ledger.totals().refused == 1);
}

TEST_CASE("A ledger of an older runtime keeps its latencies and forgets how it described blocks") {
  Folder folder;
  const LatencyRow row{"00000000000000aa", "host", "0.1", {1, spec::LatencyPrecision::Fp32}, false,
                       {1.5, 1, 2, 9, {}}, {},     5};
  Ledger(folder.file()).add_latency(row);
  {
    soci::session sql(soci::sqlite3, "dbname=\"" + folder.file().string() + "\"");
    sql << "UPDATE latencies SET blocks = '[[\"k\", \"f\", 7.0, [1, 2, 3, 4], 0.8]]'";
    sql << "UPDATE meta SET value = '4' WHERE key = 'schema'";
  }
  Ledger ledger(folder.file());
  REQUIRE(ledger.latencies(false).size() == 1);
  CHECK(ledger.latencies(false)[0].latency.median_ms == 1.5);
  CHECK(ledger.latencies(false)[0].latency.blocks.empty());
}

TEST_CASE("A ledger of the schema before takes latencies once it is opened") {
  Folder folder;
  {
    Ledger ledger(folder.file());
    ledger.add_job(job_at(0), design("00000000000000aa"));
  }
  {
    soci::session sql(soci::sqlite3, "dbname=\"" + folder.file().string() + "\"");
    sql << "DROP TABLE latencies";
    sql << "ALTER TABLE jobs DROP COLUMN latency_ms";
    sql << "UPDATE meta SET value = '3' WHERE key = 'schema'";
  }
  Ledger ledger(folder.file());
  CHECK_FALSE(ledger.jobs(0, Stage::Search).at(0).job.latency_ms);
  CHECK(ledger.latencies(false).empty());
  ledger.add_latency({"00000000000000aa",
                      "host",
                      "0.1",
                      {1, spec::LatencyPrecision::Fp32},
                      false,
                      {1, 1, 1, 1, {}},
                      {},
                      5});
  CHECK(ledger.latencies(false).size() == 1);
}

TEST_CASE("A pause holds until its time or until it is called off") {
  Folder folder;
  Ledger ledger(folder.file());
  CHECK(ledger.paused_until() == 0);
  const std::int64_t later = now_ms() + 60000;
  bool was_called = false;
  ledger.pause_workers(later, [&] { was_called = true; });
  CHECK(was_called);
  CHECK(ledger.paused_until() == later);
  ledger.pause_workers(now_ms() - 1);
  CHECK(ledger.paused_until() == 0);
  ledger.pause_workers(later);
  ledger.pause_workers(0);
  CHECK(ledger.paused_until() == 0);
}
