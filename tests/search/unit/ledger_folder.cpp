#include "tests/search/unit/ledger_folder.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "search/ledger/sqlite/database.hpp"
#include "search/ledger/sqlite/soci.hpp"

namespace atto::test {
namespace {

namespace fs = std::filesystem;

void alter_sqlite(const fs::path& folder, const std::string& statement) {
  soci::session sql(soci::sqlite3, "dbname=\"" + (folder / "ledger.db").string() + "\"");
  sql << statement;
}

void set_sqlite_claims(const fs::path& folder, const std::string& process,
                       std::int64_t lease_until) {
  alter_sqlite(folder, "UPDATE jobs SET process = '" + process +
                           "', lease_until = " + std::to_string(lease_until) + " WHERE state = 1");
}

void set_sqlite_pause(const fs::path& folder, std::int64_t until) {
  alter_sqlite(folder, "INSERT OR REPLACE INTO meta VALUES('paused_until', '" +
                           std::to_string(until) + "')");
}

}  // namespace

const TestedDatabase kTestedSqlite = {"SQLite", &search::kSqliteDatabase, set_sqlite_claims,
                                      set_sqlite_pause};

namespace {

const TestedDatabase& each_database() {
  return *GENERATE(values({&kTestedSqlite}));
}

}  // namespace

LedgerFolder::LedgerFolder()
    : tested_(each_database()),
      path_(fs::temp_directory_path() / ("atto a ledger " + std::to_string(::getpid()))) {
  fs::remove_all(path_);
  fs::create_directories(path_);
  tested_.database->create(path_, {});
}

LedgerFolder::~LedgerFolder() {
  fs::remove_all(path_);
}

std::unique_ptr<search::Ledger> LedgerFolder::open(search::Ledger::Access access) const {
  return tested_.database->open(path_, access);
}

void LedgerFolder::set_claims(const std::string& process, std::int64_t lease_until) const {
  tested_.set_claims(path_, process, lease_until);
}

void LedgerFolder::set_pause(std::int64_t until) const {
  tested_.set_pause(path_, until);
}

}  // namespace atto::test
