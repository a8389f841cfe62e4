// The ledger's side of quiet moments: who asked for one, and who keeps it.
#include <cstdlib>

#include "search/ledger/process_mark.hpp"
#include "search/ledger/sqlite/bell.hpp"
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

constexpr const char* kPause = "paused_until";  // on the machine's clock

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

void set_meta_of(soci::session& sql, const std::string& key, std::int64_t value) {
  execute(sql, "INSERT OR REPLACE INTO meta(key, value) VALUES(:key, :value)", key,
          std::to_string(value));
}

}  // namespace

std::int64_t pause_in_force(std::int64_t stored) {
  const std::int64_t now = machine_clock_ms();
  // One beyond the longest was written before the machine was started again.
  return stored > now && stored <= now + kLongestPauseMs ? stored : 0;
}

std::int64_t SqliteLedger::pause_workers(const std::function<void()>& holding_lock) {
  const std::int64_t pause = connection_->in_transaction([&] {
    const std::int64_t until = machine_clock_ms() + kLongestPauseMs;
    set_meta_of(connection_->sql, kPause, until);
    if (holding_lock) holding_lock();
    return until;
  });
  ring_bell(file_);
  return pause;
}

void SqliteLedger::end_pause() {
  connection_->guarded([&] { set_meta_of(connection_->sql, kPause, 0); });
}

std::int64_t SqliteLedger::pause() {
  return connection_->guarded(
      [&] { return pause_in_force(read_time(meta_of(connection_->sql, kPause))); });
}

void SqliteLedger::keep_pause(const std::string& worker, std::int64_t pause) {
  connection_->guarded([&] { set_meta_of(connection_->sql, keeping_key(worker), pause); });
}

std::vector<std::string> SqliteLedger::unpaused(std::int64_t pause,
                                                const std::string& spared_prefix) {
  std::vector<std::string> found;
  for (std::string& worker : holders()) {
    if (worker.starts_with(spared_prefix)) continue;
    if (read_time(meta(keeping_key(worker), "0")) != pause) found.push_back(std::move(worker));
  }
  return found;
}

}  // namespace atto::search
