#pragma once
// A ledger in an SQLite file. The write-ahead log lets others read while one writes; writers wait
// for each other's lock.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "search/ledger/sql/ledger.hpp"

namespace atto::search {

class SqliteConnection;

class SqliteLedger final : public SqlLedger {
 public:
  /// Makes a file, with what `fill` writes into it, by way of another that is renamed.
  static void create(const std::filesystem::path& file, const std::function<void(Ledger&)>& fill);
  /// Opens a file. Where its folder may not be written to, it is read beside those who write; what
  /// needs repair, or is of an earlier schema, from a private copy.
  SqliteLedger(const std::filesystem::path& file, Access access);

  std::unique_ptr<HeldRole> take(Role role) override;
  bool is_taken(Role role) override;
  std::unique_ptr<Bell> listen() override;
  void while_locked(std::function<bool()> may_wait) override;
  void while_away(std::function<bool(const std::string&)>) override {}
  void examine() override;

 private:
  static void make_tables(const std::filesystem::path& file);
  void open_to_write();
  void open_to_read();
  bool open_as_it_stands();
  void open_private_copy();
  void expect_tables();
  SqliteConnection& file_connection() const;
  std::filesystem::path file_;
};

}  // namespace atto::search
