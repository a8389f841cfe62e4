#include "search/ledger/sqlite/ledger.hpp"

#include <filesystem>

#include "search/ledger/sql/schema.hpp"
#include "search/ledger/sql/statement.hpp"
#include "search/ledger/sqlite/bell.hpp"
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

void remove_database(const fs::path& file) {
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"})
    fs::remove(file.string() + suffix, ignored);
}

}  // namespace

std::unique_ptr<Bell> SqliteLedger::listen() {
  return std::make_unique<FileBell>(file_);
}

void SqliteLedger::make_tables(const fs::path& file) {
  SqliteConnection connection(file);
  connection.in_transaction(Kept::Claim, [&] {
    for (const char* const* table = kLedgerTables; *table; ++table) connection.sql << *table;
    execute(connection.sql, "INSERT INTO meta(key, value) VALUES('schema', :version)",
            std::to_string(kLedgerSchema));
    return 0;
  });
}

void SqliteLedger::create(const fs::path& file, const std::function<void(Ledger&)>& fill) {
  if (fs::exists(file)) throw EnvironmentError("ledger: exists already: " + file.string());
  const fs::path making = file.string() + ".new";
  remove_database(making);  // what a killed process left
  try {
    make_tables(making);
    {
      SqliteLedger ledger(making, Access::Write);
      if (fill) fill(ledger);
      // Brings the write-ahead log's contents into the one file that is renamed.
      ledger.connection_->guarded([&] {
        std::string mode;
        ledger.connection_->sql << "PRAGMA journal_mode=DELETE", soci::into(mode);
      });
    }
    std::error_code error;
    fs::rename(making, file, error);
    if (error) throw EnvironmentError("cannot make the ledger", file.string(), error.value());
  } catch (...) {
    remove_database(making);
    throw;
  }
}

void SqliteLedger::examine() {
  const std::string found = connection_->guarded([&] {
    std::string text;
    connection_->sql << "PRAGMA quick_check(1)", soci::into(text);
    return text;
  });
  if (found != "ok") throw EnvironmentError(damage_text(found));
}

}  // namespace atto::search
