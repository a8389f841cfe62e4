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
  /// Makes a schema of its own with what `fill` writes into it; returns its URL. What cannot be
  /// made whole is removed.
  static std::string create(const std::string& url, const std::function<void(Ledger&)>& fill);
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
