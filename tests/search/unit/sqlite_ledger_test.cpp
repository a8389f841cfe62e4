// What is the SQLite ledger's alone: its file and its schema.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "design_specs/errors.hpp"
#include "search/campaign/leaderboard.hpp"
#include "search/ledger/sqlite/ledger.hpp"
#include "search/ledger/sqlite/soci.hpp"
#include "tests/search/unit/schema6.hpp"

using namespace atto;
using namespace atto::search;

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder()
      : path_(fs::temp_directory_path() / ("atto-sqlite-ledger-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
    SqliteLedger::create(file(), {});
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path file() const { return path_ / "a ledger.db"; }

 private:
  fs::path path_;
};

/// Makes a ledger one of an earlier schema.
void alter(const Folder& folder, std::initializer_list<const char*> statements) {
  soci::session sql(soci::sqlite3, "dbname=\"" + folder.file().string() + "\"");
  for (const char* statement : statements) sql << statement;
}

SqliteLedger open(const fs::path& file) {
  return {file, Ledger::Access::Write};
}

}  // namespace

TEST_CASE("A file that is no ledger, a missing one and another schema are clear errors") {
  Folder folder;
  CHECK_THROWS_AS(SqliteLedger::create(folder.file(), {}), EnvironmentError);
  CHECK_THROWS_WITH(open(folder.file().parent_path() / "none.db"),
                    Catch::Contains("cannot open the ledger: No such file or directory"));
  const fs::path text = folder.file().parent_path() / "text.db";
  std::ofstream(text) << "this is not a database at all, but it is long enough to be looked at";
  CHECK_THROWS_AS(open(text), EnvironmentError);
  open(folder.file()).set_meta("schema", "99");
  CHECK_THROWS_WITH(open(folder.file()), Catch::Contains("has schema 99, this version reads 11"));
}

TEST_CASE("A ledger is made whole or not at all") {
  Folder folder;
  const fs::path file = folder.file().parent_path() / "other.db";
  CHECK_THROWS_WITH(SqliteLedger::create(file, [](Ledger&) { throw EnvironmentError("no room"); }),
                    "no room");
  CHECK_FALSE(fs::exists(file));
  int left = 0;
  for (const auto& entry : fs::directory_iterator(folder.file().parent_path()))
    left += entry.path().filename().string().starts_with("other");
  CHECK(left == 0);
  SqliteLedger::create(file, [](Ledger& ledger) { ledger.set_meta("key", "value"); });
  CHECK_FALSE(fs::exists(file.string() + "-wal"));
  CHECK(open(file).meta("key", "") == "value");
}

TEST_CASE("A ledger of an older runtime keeps its latencies and forgets how it described blocks") {
  Folder folder;
  const LatencyRow row{"00000000000000aa", "host", "0.1", {1, spec::LatencyPrecision::Fp32}, false,
                       {1.5, 1, 2, 9, {}}, {},     5};
  open(folder.file()).add_latency(row);
  for (const char* statement : test::kToSchema6) alter(folder, {statement});
  alter(folder, {"DROP TABLE steering_places", "ALTER TABLE jobs DROP COLUMN process",
                 "UPDATE latencies SET blocks = '[[\"k\", \"f\", 7.0, [1, 2, 3, 4], 0.8]]'",
                 "UPDATE meta SET value = '4' WHERE key = 'schema'"});
  SqliteLedger ledger = open(folder.file());
  REQUIRE(ledger.latencies(false).size() == 1);
  CHECK(ledger.latencies(false)[0].latency.median_ms == 1.5);
  CHECK(ledger.latencies(false)[0].latency.blocks.empty());
}

// search/data/schema6_ledger.db is a campaign of 8 candidates of tests/search/data/tiny.json on the
// fake evaluator, as the last version of schema 6 made it and ranked it.
TEST_CASE("A ledger whose scores were columns keeps every bit of them, and its ranking") {
  Folder folder;
  fs::remove(folder.file());
  fs::copy_file(ATTO_SOURCE_DIR "/tests/search/data/schema6_ledger.db", folder.file());
  fs::permissions(folder.file(), fs::perms::owner_read | fs::perms::owner_write);
  const auto check = [](Ledger& ledger) {
    const Campaign campaign = load_campaign(ledger);
    CHECK(campaign.spec.task.kind == spec::task_kinds().front());
    const Leaderboard board = make_leaderboard(ledger, campaign, 0);
    CHECK(board.digest() == 0x738c88ecd704fae9);
    REQUIRE(board.winner());
    CHECK(board.winner()->design.hash == "40a8f0bc8f1b89b6");
    CHECK(board.winner()->test->mean == 0.5314451854225317);
    const std::vector<train::EpochRecord> curve =
        ledger.curve({"266059d859d42cf3", train::Phase::Final, 0});
    REQUIRE(curve.size() == 6);
    CHECK(curve[0].validation ==
          spec::ScoreValues{{"top1", 0.334682985301431}, {"top5", 0.8669365970602863}});
    CHECK(board.entries[1].finals.at(0).test.at("top5") == 1 - 0.2 * (1 - 0.5163122114659018));
    // Epoch 2 of a climb to epoch 3 is no rung: it was not judged.
    CHECK(ledger.curve({"266059d859d42cf3", train::Phase::Search, 0}).at(1).validation.empty());
  };
  SqliteLedger ledger = open(folder.file());
  check(ledger);
  SqliteLedger again(folder.file(), Ledger::Access::Read);
  check(again);
}

TEST_CASE("In a ledger of before each trial's one checkpoint is that of its newest epoch") {
  Folder folder;
  fs::remove(folder.file());
  fs::copy_file(ATTO_SOURCE_DIR "/tests/search/data/schema6_ledger.db", folder.file());
  fs::permissions(folder.file(), fs::perms::owner_read | fs::perms::owner_write);
  SqliteLedger opened = open(folder.file());
  Ledger& ledger = opened;
  alter(folder, {"UPDATE jobs SET state = 0 WHERE hash = '266059d859d42cf3' AND stage = 2"});
  const Claim claim = ledger.claim("w", ledger.environment_id("new\n"), 0).value();
  CHECK(claim.known_epochs == 6);
  CHECK(ledger.checkpoints(claim) == std::vector<std::string>{"fake.checkpoint"});
}

TEST_CASE("Finalists are the best by beliefs where there are any, else by results") {
  Folder folder;
  fs::remove(folder.file());
  fs::copy_file(ATTO_SOURCE_DIR "/tests/search/data/schema6_ledger.db", folder.file());
  fs::permissions(folder.file(), fs::perms::owner_read | fs::perms::owner_write);
  SqliteLedger ledger = open(folder.file());
  const Campaign campaign = load_campaign(ledger);
  const Leaderboard board = make_leaderboard(ledger, campaign, 0);
  const Terms terms = terms_of(ledger, campaign, 0);
  const std::vector<std::string> by_results = choose_finalists(board, terms, 2);
  REQUIRE(by_results.size() == 2);
  const Beliefs beliefs = {{read_hash(by_results[0]), 0.1}, {read_hash(by_results[1]), 0.9}};
  CHECK(choose_finalists(board, terms, 1) == std::vector{by_results[0]});
  CHECK(choose_finalists(board, terms, 1, beliefs) == std::vector{by_results[1]});
}

TEST_CASE("A job whose design is gone, or at a rung that is none, is a damaged ledger") {
  Folder folder;
  fs::remove(folder.file());
  fs::copy_file(ATTO_SOURCE_DIR "/tests/search/data/schema6_ledger.db", folder.file());
  fs::permissions(folder.file(), fs::perms::owner_read | fs::perms::owner_write);
  SqliteLedger ledger = open(folder.file());
  const Campaign campaign = load_campaign(ledger);
  alter(folder, {"UPDATE jobs SET rung = 99 WHERE hash = '40a8f0bc8f1b89b6'"});
  CHECK_THROWS_WITH(make_leaderboard(ledger, campaign, 0),
                    Catch::Contains("damaged (a job of 40a8f0bc8f1b89b6 at rung 99)"));
  alter(folder, {"PRAGMA foreign_keys=OFF", "DELETE FROM designs WHERE hash = '40a8f0bc8f1b89b6'"});
  CHECK_THROWS_WITH(make_leaderboard(ledger, campaign, 0),
                    Catch::Contains("damaged (no design 40a8f0bc8f1b89b6)"));
}

TEST_CASE("A ledger of the schema before takes latencies once it is opened") {
  Folder folder;
  Job job;
  job.hash = "00000000000000aa";
  DesignRow design;
  design.hash = job.hash;
  open(folder.file()).add_job(job, design, nullptr, {}, {});
  for (const char* statement : test::kToSchema6) alter(folder, {statement});
  alter(folder, {"DROP TABLE latencies", "DROP TABLE steering_places",
                 "ALTER TABLE jobs DROP COLUMN process", "ALTER TABLE jobs DROP COLUMN latency_ms",
                 "UPDATE meta SET value = '3' WHERE key = 'schema'"});
  SqliteLedger ledger = open(folder.file());
  CHECK_FALSE(ledger.jobs(0, Stage::Search).at(0).job.figures.latency_ms);
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
