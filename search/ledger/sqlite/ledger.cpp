#include "search/ledger/sqlite/ledger.hpp"

#include <algorithm>
#include <filesystem>

#include "search/ledger/sqlite/bell.hpp"
#include "search/ledger/sqlite/connection.hpp"
#include "search/ledger/sqlite/schema.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

void remove_database(const fs::path& file) {
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"})
    fs::remove(file.string() + suffix, ignored);
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

std::string SqliteLedger::name() const {
  return file_.string();
}

std::string SqliteLedger::damage_text(const std::string& what) const {
  return file_damage_text(file_, what);
}

std::unique_ptr<Bell> SqliteLedger::listen() {
  return std::make_unique<FileBell>(file_);
}

void SqliteLedger::make_tables(const fs::path& file) {
  Connection connection(file);
  connection.in_transaction([&] {
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

std::string SqliteLedger::meta(const std::string& key, const std::string& otherwise) {
  return connection_->guarded([&] {
    return find_value<std::string>(connection_->sql, "SELECT value FROM meta WHERE key = :key", key)
        .value_or(otherwise);
  });
}

void SqliteLedger::set_meta(const std::string& key, const std::string& value) {
  connection_->guarded([&] {
    execute(connection_->sql, "INSERT OR REPLACE INTO meta(key, value) VALUES(:key, :value)", key,
            value);
  });
  if (key == "state") ring_bell(file_);
}

std::int64_t SqliteLedger::environment_id(const std::string& text) {
  return connection_->in_transaction([&] {
    soci::session& sql = connection_->sql;
    execute(sql, "INSERT OR IGNORE INTO environments(text) VALUES(:text)", text);
    const auto id =
        find_value<long long>(sql, "SELECT id FROM environments WHERE text = :text", text);
    return static_cast<std::int64_t>(id.value());
  });
}

std::vector<std::string> SqliteLedger::environments() {
  return connection_->guarded([&] {
    soci::rowset<std::string> rows =
        (connection_->sql.prepare << "SELECT text FROM environments ORDER BY id");
    return std::vector<std::string>(rows.begin(), rows.end());
  });
}

void SqliteLedger::add_event(const std::string& kind, const std::string& text) {
  connection_->guarded([&] {
    execute(connection_->sql, "INSERT INTO events(at, kind, text) VALUES(:at, :kind, :text)",
            static_cast<double>(now_ms()) / 1000, kind, text);
  });
}

std::vector<Event> SqliteLedger::events(int newest) {
  return connection_->guarded([&] {
    std::vector<Event> events;
    Event event;
    soci::statement rows =
        (connection_->sql.prepare << fmt::format(
             "SELECT at, kind, text FROM (SELECT * FROM events ORDER BY id DESC LIMIT {}) "
             "ORDER BY id",
             newest),
         soci::into(event.at), soci::into(event.kind), soci::into(event.text));
    rows.execute();
    while (rows.fetch()) events.push_back(event);
    return events;
  });
}

}  // namespace atto::search
