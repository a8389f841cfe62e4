// Ledgers of the unit tests.
#include "search/ledger/sqlite/database.hpp"
#include "search/ledger/sqlite/soci.hpp"
#include "tests/search/unit/ledger_folder.hpp"

namespace atto::test {
namespace {

namespace fs = std::filesystem;

std::string no_url() {
  return "";
}

void alter_sqlite(const fs::path& folder, const std::string& statement) {
  soci::session sql(soci::sqlite3, "dbname=\"" + (folder / "ledger.db").string() + "\"");
  sql << "PRAGMA busy_timeout=10000";  // others may be writing
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

const TestedDatabase kTestedDatabase = {&search::kSqliteDatabase, no_url, false, set_sqlite_claims,
                                        set_sqlite_pause};

}  // namespace atto::test
