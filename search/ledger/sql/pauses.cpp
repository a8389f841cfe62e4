// The ledger's side of quiet moments: who asked for one, and who keeps it.
#include <cstdlib>

#include "search/ledger/process_mark.hpp"
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

constexpr const char* kPause = "paused_until";  // on the ledger's clock
constexpr const char* kPausedHost = "paused_host";

/// The key under which a worker says that it keeps a pause.
std::string keeping_key(const std::string& worker) {
  return "pause kept by " + worker;
}

std::int64_t read_time(const std::optional<std::string>& text) {
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

std::optional<std::string> meta_of(soci::session& sql, const std::string& key) {
  return find_value<std::string>(sql, "SELECT value FROM meta WHERE key = :key", key);
}

void set_meta_of(soci::session& sql, const std::string& key, const std::string& value) {
  execute(sql, "INSERT INTO meta(key, value) VALUES(:key, :value) " + replacing("key", {"value"}),
          key, value);
}

}  // namespace

std::int64_t pause_in_force(std::int64_t stored, std::int64_t now) {
  // One beyond the longest was written before the machine was started again.
  return stored > now && stored <= now + kLongestPauseMs ? stored : 0;
}

std::int64_t SqlLedger::pause_workers(const std::function<void()>& holding_lock) {
  const std::int64_t pause = connection_->in_transaction(Kept::Claim, [&] {
    const std::int64_t until = clock_of(connection_->sql) + kLongestPauseMs;
    set_meta_of(connection_->sql, kPause, std::to_string(until));
    set_meta_of(connection_->sql, kPausedHost, machine_name());
    if (*connection_->dialect.lock_jobs) connection_->sql << connection_->dialect.lock_jobs;
    if (holding_lock) holding_lock();
    return until;
  });
  connection_->ring();
  return pause;
}

void SqlLedger::end_pause() {
  connection_->guarded([&] { set_meta_of(connection_->sql, kPause, "0"); });
}

/// What a campaign's machine measures other machines do not disturb.
std::int64_t SqlLedger::pause() {
  return connection_->guarded([&]() -> std::int64_t {
    soci::session& sql = connection_->sql;
    const bool is_here = !connection_->dialect.spans_machines ||
                         meta_of(sql, kPausedHost).value_or("") == machine_name();
    return is_here ? pause_in_force(read_time(meta_of(sql, kPause)), clock_of(sql)) : 0;
  });
}

void SqlLedger::keep_pause(const std::string& worker, std::int64_t pause) {
  connection_->guarded(
      [&] { set_meta_of(connection_->sql, keeping_key(worker), std::to_string(pause)); });
}

std::vector<std::string> SqlLedger::unpaused(std::int64_t pause, const std::string& spared_prefix) {
  const std::vector<std::string> here = connection_->guarded([&] {
    return find_texts(connection_->sql,
                      "SELECT DISTINCT jobs.worker FROM jobs LEFT JOIN workers ON workers.name = "
                      "jobs.worker WHERE state = 1 AND (workers.host IS NULL OR 0 = :spans OR "
                      "workers.host = :host) ORDER BY jobs.worker",
                      connection_->dialect.spans_machines, machine_name());
  });
  std::vector<std::string> found;
  for (const std::string& worker : here) {
    if (worker.starts_with(spared_prefix)) continue;
    if (read_time(meta(keeping_key(worker), "0")) != pause) found.push_back(worker);
  }
  return found;
}

}  // namespace atto::search
