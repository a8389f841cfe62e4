// The ledger's side of what is said of a whole campaign: its keys and values, environments, events;
// and the order in which jobs finished.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"
#include "search/ledger/sql/schema.hpp"

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

void SqlLedger::bring_up_to_date(std::string (*in_own_words)(std::string), bool may_change) {
  std::string schema = meta("schema", "");
  const auto older = [](const std::string& text) {
    for (int from = 1; from < kLedgerSchema; ++from)
      if (text == std::to_string(from)) return from;
    return kLedgerSchema;
  };
  if (may_change && older(schema) < kLedgerSchema)
    schema = connection_->in_transaction(Kept::Claim, [&] {
      soci::session& sql = connection_->sql;
      if (*connection_->dialect.lock_jobs) sql << connection_->dialect.lock_jobs;
      std::string now;  // another process may have done it since
      sql << "SELECT value FROM meta WHERE key = 'schema'", soci::into(now);
      for (int from = older(now); from < kLedgerSchema; ++from)
        for (const char* const* table = kLedgerUpgrades[from - 1]; *table; ++table)
          sql << in_own_words(*table);
      now = std::to_string(kLedgerSchema);
      sql << "UPDATE meta SET value = :now WHERE key = 'schema'", soci::use(now);
      return now;
    });
  if (schema != std::to_string(kLedgerSchema))
    throw EnvironmentError(fmt::format("ledger: has schema {}, this version reads {}: {}",
                                       schema.empty() ? "none" : schema, kLedgerSchema,
                                       connection_->name()));
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

std::string SqlLedger::register_worker(const std::string& name, const std::string& host,
                                       std::int64_t environment) {
  return connection_->in_transaction(Kept::Claim, [&] {
    soci::session& sql = connection_->sql;
    execute(sql,
            "INSERT INTO workers(name, host, environment) VALUES(:name, :host, :environment) " +
                replacing("name", {"host", "environment"}),
            storable(name), storable(host), environment);
    execute(sql, "INSERT INTO meta(key, value) VALUES('environment', :id) ON CONFLICT DO NOTHING",
            std::to_string(environment));
    return find_value<std::string>(sql,
                                   "SELECT text FROM environments WHERE CAST(id AS TEXT) = (SELECT "
                                   "value FROM meta WHERE key = 'environment')")
        .value();
  });
}

std::vector<HostRow> SqlLedger::hosts() {
  return connection_->guarded([&] {
    HostRow row;
    long long workers = 0, jobs = 0;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(row.host)), statement.exchange(soci::into(row.environment));
    statement.exchange(soci::into(workers)), statement.exchange(soci::into(jobs));
    statement.exchange(soci::into(row.cpu_seconds));
    std::vector<HostRow> rows;
    for_each_row(statement,
                 "SELECT host, text, COUNT(DISTINCT workers.name), COUNT(jobs.id), "
                 "COALESCE(SUM(cpu_seconds), 0.0) FROM workers JOIN environments ON "
                 "environments.id = workers.environment LEFT JOIN jobs ON jobs.worker = "
                 "workers.name AND jobs.state = 2 GROUP BY host, text ORDER BY host, text",
                 [&] {
                   row.workers = workers, row.jobs = jobs;
                   rows.push_back(row);
                 });
    return rows;
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
