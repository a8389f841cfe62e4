#pragma once
// A session with a PostgreSQL server that outlives the server's restarts and lost links.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "search/ledger/postgresql/call_watch.hpp"
#include "search/ledger/postgresql/module.hpp"
#include "search/ledger/sql/connection.hpp"

namespace atto::search {

class PostgresqlConnection final : public Connection {
 public:
  /// Connects. A server that is being started is waited for. Throws EnvironmentError.
  PostgresqlConnection(const std::string& url, Ledger::Access access);

  std::string name() const override;
  std::string damage_text(const std::string& what) const override;
  void count_on() override;
  void ring() override;
  bool was_away() const override;
  bool has_lost_leases() override;

  /// Takes a role for this session; false while one has it, this or another.
  bool take(Role role);
  void give_up(Role role) noexcept;
  bool is_taken(Role role);

  /// Hears from here on when somebody rings.
  void listen();
  bool wait_for_ring(int most_ms);

  /// Asks again and again while the server cannot be reached, or does not answer.
  void while_away(std::function<bool(const std::string& why)> may_wait);

 protected:
  void begin(Kept kept) override;
  void recover(const soci::soci_error& error, int tries,
               std::unique_lock<std::mutex>& turn) override;
  void begin_call() override;
  void end_call() noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  void open(std::chrono::seconds most);
  void begin_session();
  void take_roles_again();
  bool try_lock(Role role);
  void wait(int tries, const std::string& why, std::unique_lock<std::mutex>& turn);
  std::chrono::milliseconds pause_after(int tries);
  std::string lock_keys(Role role) const;

  const PostgresqlModule& module_ = postgresql_module();
  std::string url_, schema_, words_;
  long long schema_id_ = 0;
  bool is_snapshot_, is_open_ = false, is_listening_ = false, has_rung_ = false;
  std::map<Role, long long> roles_;  ///< with the number of the taking
  bool has_lost_a_role_ = false;
  std::mt19937_64 jitter_{std::random_device{}()};
  std::optional<Clock::time_point> reopened_, away_since_;
  std::function<bool(const std::string& why)> may_wait_;
  CallWatch watch_;
};

}  // namespace atto::search
