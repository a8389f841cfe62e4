#include "search/ledger.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include "search/ledger_connection.hpp"
#include "search/ledger_schema.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

std::string connect_string(const fs::path& file) {
  // Quoted, because SOCI splits parameters at blanks.
  return "dbname=\"" + file.string() + "\"";
}

/// Waits for a lock in steps of a millisecond, for 30 s in all. SQLite's own handler soon waits 100
/// ms at a time, which is a hundred times what our transactions take.
int wait_for_lock(void*, int tries) {
  constexpr int kLongestWaitMs = 30000;
  if (tries >= kLongestWaitMs) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return 1;
}

}  // namespace

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Ledger::Connection::Connection(const fs::path& path) : file(path.string()) {
  if (file.find('"') != std::string::npos)
    throw EnvironmentError("ledger: a path with a quotation mark cannot be opened: " + file);
  guarded([&] {
    sql.open(soci::sqlite3, connect_string(path));
    auto* backend = static_cast<soci::sqlite3_session_backend*>(sql.get_backend());
    sqlite_api::sqlite3_busy_handler(backend->conn_, wait_for_lock, nullptr);
  });
}

void Ledger::create(const fs::path& file) {
  if (fs::exists(file)) throw EnvironmentError("ledger: exists already: " + file.string());
  Connection connection(file);
  connection.guarded([&] { connection.sql << "PRAGMA journal_mode=WAL"; });
  connection.in_transaction([&] {
    for (const char* const* table = kLedgerTables; *table; ++table) connection.sql << *table;
    execute(connection.sql, "INSERT INTO meta(key, value) VALUES('schema', :version)",
            std::to_string(kLedgerSchema));
    return 0;
  });
}

Ledger::Ledger(const fs::path& file, Durability durability) {
  if (!fs::exists(file)) throw EnvironmentError("cannot open the ledger", file.string(), ENOENT);
  connection_ = std::make_unique<Connection>(file);
  connection_->guarded([&] {
    connection_->sql << (durability == Durability::Full ? "PRAGMA synchronous=FULL"
                                                        : "PRAGMA synchronous=NORMAL");
    // A checkpoint of the write-ahead log every 1,000 pages keeps it, and memory, small.
    connection_->sql << "PRAGMA wal_autocheckpoint=1000";
  });
  bring_up_to_date(file.string());
}

void Ledger::bring_up_to_date(const std::string& file) {
  std::string schema = meta("schema");
  const auto older = [](const std::string& text) {
    for (int from = 1; from < kLedgerSchema; ++from)
      if (text == std::to_string(from)) return from;
    return kLedgerSchema;
  };
  if (older(schema) < kLedgerSchema)
    schema = connection_->in_transaction([&] {
      std::string now;  // another process may have done it since
      connection_->sql << "SELECT value FROM meta WHERE key = 'schema'", soci::into(now);
      for (int from = older(now); from < kLedgerSchema; ++from)
        for (const char* const* table = kLedgerUpgrades[from - 1]; *table; ++table)
          connection_->sql << *table;
      now = std::to_string(kLedgerSchema);
      connection_->sql << "UPDATE meta SET value = :now WHERE key = 'schema'", soci::use(now);
      return now;
    });
  if (schema != std::to_string(kLedgerSchema))
    throw EnvironmentError(fmt::format("ledger: has schema {}, this version reads {}: {}",
                                       schema.empty() ? "none" : schema, kLedgerSchema, file));
}

Ledger::~Ledger() = default;

std::string Ledger::meta(const std::string& key, const std::string& otherwise) {
  return connection_->guarded([&] {
    return find_value<std::string>(connection_->sql, "SELECT value FROM meta WHERE key = :key", key)
        .value_or(otherwise);
  });
}

void Ledger::set_meta(const std::string& key, const std::string& value) {
  connection_->guarded([&] {
    execute(connection_->sql, "INSERT OR REPLACE INTO meta(key, value) VALUES(:key, :value)", key,
            value);
  });
}

std::int64_t Ledger::environment_id(const std::string& text) {
  return connection_->in_transaction([&] {
    soci::session& sql = connection_->sql;
    execute(sql, "INSERT OR IGNORE INTO environments(text) VALUES(:text)", text);
    const auto id =
        find_value<long long>(sql, "SELECT id FROM environments WHERE text = :text", text);
    return static_cast<std::int64_t>(id.value());
  });
}

std::vector<std::string> Ledger::environments() {
  return connection_->guarded([&] {
    soci::rowset<std::string> rows =
        (connection_->sql.prepare << "SELECT text FROM environments ORDER BY id");
    return std::vector<std::string>(rows.begin(), rows.end());
  });
}

void Ledger::add_event(const std::string& kind, const std::string& text) {
  connection_->guarded([&] {
    execute(connection_->sql, "INSERT INTO events(at, kind, text) VALUES(:at, :kind, :text)",
            static_cast<double>(now_ms()) / 1000, kind, text);
  });
}

std::vector<Event> Ledger::events(int newest) {
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
