#pragma once
// A ledger in a schema of a PostgreSQL database, for processes of several machines.

#include <functional>
#include <memory>
#include <string>

#include "search/ledger/postgresql/connection.hpp"
#include "search/ledger/sql/ledger.hpp"

namespace atto::search {

class PostgresqlLedger final : public SqlLedger {
 public:
  /// Names a new schema of the database of a URL; returns its URL. Nothing is made.
  static std::string new_url(const std::string& url);
  /// Makes the schema of a new_url() with what `fill` writes into it. What cannot be made whole is
  /// removed, as is what processes left that were killed here.
  static void create(const std::string& new_url, const std::function<void(Ledger&)>& fill);
  /// Removes the schema of a new_url(), where it can.
  static void remove(const std::string& new_url) noexcept;
  /// Opens the schema of a URL that create() returned.
  PostgresqlLedger(const std::string& url, Access access);

  std::unique_ptr<HeldRole> take(Role role) override;
  bool is_taken(Role role) override;
  std::unique_ptr<Bell> listen() override;
  void while_locked(std::function<bool()>) override {}  // a lock is waited for, for 5 s
  void while_away(std::function<bool(const std::string& why)> may_wait) override;
  void examine() override {}  // the server does

 private:
  std::shared_ptr<PostgresqlConnection> session_;
};

}  // namespace atto::search
