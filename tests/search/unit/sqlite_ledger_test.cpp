// What is the SQLite ledger's alone: its file and its schema.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "design_specs/errors.hpp"
#include "search/ledger/sqlite/ledger.hpp"
#include "search/ledger/sqlite/soci.hpp"

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
  CHECK_THROWS_WITH(open(folder.file()), Catch::Contains("has schema 99, this version reads 6"));
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
  alter(folder, {"DROP TABLE steering_places", "ALTER TABLE jobs DROP COLUMN process",
                 "UPDATE latencies SET blocks = '[[\"k\", \"f\", 7.0, [1, 2, 3, 4], 0.8]]'",
                 "UPDATE meta SET value = '4' WHERE key = 'schema'"});
  SqliteLedger ledger = open(folder.file());
  REQUIRE(ledger.latencies(false).size() == 1);
  CHECK(ledger.latencies(false)[0].latency.median_ms == 1.5);
  CHECK(ledger.latencies(false)[0].latency.blocks.empty());
}

TEST_CASE("A ledger of the schema before takes latencies once it is opened") {
  Folder folder;
  Job job;
  job.hash = "00000000000000aa";
  DesignRow design;
  design.hash = job.hash;
  open(folder.file()).add_job(job, design, nullptr, {}, {});
  alter(folder, {"DROP TABLE latencies", "DROP TABLE steering_places",
                 "ALTER TABLE jobs DROP COLUMN process", "ALTER TABLE jobs DROP COLUMN latency_ms",
                 "UPDATE meta SET value = '3' WHERE key = 'schema'"});
  SqliteLedger ledger = open(folder.file());
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
