#include "search/ledger/sqlite/connection.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "search/ledger/process_mark.hpp"
#include "search/ledger/sqlite/bell.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

// BEGIN IMMEDIATE lets one process write at a time.
constexpr Dialect kSqliteWords = {"", "", "", false, false};
constexpr int kLongestWaitMs = 30000;

/// Waits for a lock in steps of a millisecond, for 30 s in all. SQLite's own handler soon waits 100
/// ms at a time, which is a hundred times what our transactions take.
int wait_for_lock(void* may_wait, int tries) {
  const auto& may = *static_cast<const std::function<bool()>*>(may_wait);
  if (tries >= kLongestWaitMs || (may && !may())) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return 1;
}

/// All who use a file share its machine, and so the machine's clock.
void tell_clock(sqlite_api::sqlite3_context* context, int, sqlite_api::sqlite3_value**) {
  sqlite_api::sqlite3_result_int64(context, machine_clock_ms());
}

}  // namespace

std::string file_damage_text(const fs::path& file, const std::string& what) {
  std::string line = what;
  std::replace(line.begin(), line.end(), '\n', ' ');
  return fmt::format(
      "the ledger is damaged ({}): {}; put a copy of it back, or save what can be read with: "
      "sqlite3 {} .recover | sqlite3 saved.db",
      line, file.string(), file.string());
}

SqliteConnection::SqliteConnection(const fs::path& path, Mode mode)
    : Connection(kSqliteWords, kLeaseMs), file(path.string()) {
  if (file.find('"') != std::string::npos)
    throw EnvironmentError("ledger: a path with a quotation mark cannot be opened: " + file);
  guarded([&] {
    // Quoted, because SOCI splits parameters at blanks.
    sql.open(soci::sqlite3,
             fmt::format("dbname=\"{}\"{}", file, mode == Mode::ReadOnly ? " readonly=true" : ""));
    auto* database = static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_;
    sqlite_api::sqlite3_busy_handler(database, wait_for_lock, &may_wait);
    sqlite_api::sqlite3_create_function(database, "ledger_clock", 0, SQLITE_UTF8, nullptr,
                                        tell_clock, nullptr, nullptr);
  });
}

SqliteConnection::~SqliteConnection() {
  sql.close();
  std::error_code ignored;
  if (!own_folder.empty()) fs::remove_all(own_folder, ignored);
}

void SqliteConnection::settle() {
  guarded([&] { sql << "PRAGMA wal_checkpoint(TRUNCATE)"; });
}

void SqliteConnection::ring() {
  ring_bell(file);
}

void SqliteConnection::begin(Kept kept) {
  if (kept == Kept::Fact) sql << "PRAGMA synchronous=FULL";
  sql << "BEGIN IMMEDIATE";
}

void SqliteConnection::end(Kept kept) {
  if (kept == Kept::Fact) sql << "PRAGMA synchronous=NORMAL";
}

void SqliteConnection::recover(const soci::soci_error& error, int /*tries*/,
                               std::unique_lock<std::mutex>& /*turn*/) {
  const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  if (own && (own->result() == SQLITE_CORRUPT || own->result() == SQLITE_NOTADB))
    throw EnvironmentError(damage_text(error.what()));
  throw EnvironmentError(fmt::format("ledger: {}: {}", error.what(), file));
}

}  // namespace atto::search
