// The ledger's side of what is said of a whole campaign: its keys and values, environments, events;
// and the order in which jobs finished.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {

std::int64_t clock_of(soci::session& sql) {
  return find_value<long long>(sql, "SELECT ledger_clock()").value();
}

std::string storable(const std::string& text) {
  std::string plain =
      nlohmann::json::parse(spec::json_text(nlohmann::json(text))).get<std::string>();
  std::replace(plain.begin(), plain.end(), '\0', ' ');
  return plain;
}

std::string SqlLedger::meta(const std::string& key, const std::string& otherwise) {
  return connection_->guarded([&] {
    return find_value<std::string>(connection_->sql, "SELECT value FROM meta WHERE key = :key", key)
        .value_or(otherwise);
  });
}

void SqlLedger::set_meta(const std::string& key, const std::string& value) {
  connection_->guarded([&] {
    execute(connection_->sql,
            "INSERT INTO meta(key, value) VALUES(:key, :value) " + replacing("key", {"value"}), key,
            value);
  });
  if (key == "state") connection_->ring();
}

std::int64_t SqlLedger::environment_id(const std::string& text) {
  return connection_->in_transaction(Kept::Claim, [&] {
    soci::session& sql = connection_->sql;
    execute(sql, "INSERT INTO environments(text) VALUES(:text) ON CONFLICT DO NOTHING", text);
    const auto id =
        find_value<long long>(sql, "SELECT id FROM environments WHERE text = :text", text);
    return static_cast<std::int64_t>(id.value());
  });
}

std::vector<std::string> SqlLedger::environments() {
  return connection_->guarded(
      [&] { return find_texts(connection_->sql, "SELECT text FROM environments ORDER BY id"); });
}

void SqlLedger::add_event(const std::string& kind, const std::string& text) {
  connection_->guarded([&] {
    execute(connection_->sql, "INSERT INTO events(at, kind, text) VALUES(:at, :kind, :text)",
            static_cast<double>(now_ms()) / 1000, kind, storable(text));
  });
}

std::vector<Event> SqlLedger::events(int newest) {
  return connection_->guarded([&] {
    std::vector<Event> events;
    Event event;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(event.at));
    statement.exchange(soci::into(event.kind)), statement.exchange(soci::into(event.text));
    for_each_row(statement,
                 fmt::format("SELECT at, kind, text FROM (SELECT * FROM events ORDER BY id DESC "
                             "LIMIT {}) AS newest ORDER BY id",
                             newest),
                 [&] { events.push_back(event); });
    return events;
  });
}

/// Numbers are given here alone, by the one process that coordinates: commits of others come one
/// after the other, but are seen in another order than they were begun in.
void SqlLedger::number_finished() {
  const bool is_any = connection_->guarded([&] {
    return find_value<int>(connection_->sql,
                           "SELECT 1 FROM jobs WHERE state = 2 AND finish_order = 0 LIMIT 1")
        .has_value();
  });
  if (!is_any) return;
  connection_->in_transaction(Kept::Claim, [&] {
    execute(connection_->sql,
            "UPDATE jobs SET finish_order = numbered.number FROM (SELECT id AS job, (SELECT "
            "MAX(finish_order) FROM jobs) + ROW_NUMBER() OVER (ORDER BY finished, id) AS number "
            "FROM jobs WHERE state = 2 AND finish_order = 0) AS numbered WHERE id = numbered.job");
    return 0;
  });
}

}  // namespace atto::search
