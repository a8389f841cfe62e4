#pragma once
// Rows that go into a table together, because each statement is a round trip to a server.

#include <fmt/format.h>

#include <list>
#include <string>
#include <variant>
#include <vector>

#include "search/ledger/sql/connection.hpp"
#include "search/ledger/sql/statement.hpp"

namespace atto::search {

/// Rows of one table.
class RowsToWrite {
 public:
  using Cell = std::variant<std::string, long long, MaybeNumber>;
  std::size_t size() const { return rows_.size(); }
  void add_cells(const std::vector<Cell>& cells) { rows_.push_back(cells); }
  template <class... Values>
  void add(const Values&... values) {
    rows_.push_back({Cell(bound::form(values))...});
  }
  template <class Value>
  void add_to_last(const Value& value) {
    rows_.back().push_back(Cell(bound::form(value)));
  }

 private:
  friend class Writes;
  std::string into_, conflict_;
  std::vector<std::vector<Cell>> rows_;
};

/// Rows that go into several tables, with as few statements as the database allows.
class Writes {
 public:
  explicit Writes(Connection& connection) : connection_(connection) {}
  /// Adds an "INSERT INTO <into> VALUES <the rows> <conflict>"; `conflict` says what becomes of a
  /// row whose key is there. No two of one run() may touch one row.
  RowsToWrite& rows(const std::string& into, const std::string& conflict = "");
  /// Inserts all and forgets them.
  void run();
  soci::session& sql() { return connection_.sql; }

 private:
  struct Part;  ///< some rows of one table
  std::vector<Part> parts();
  void run(const Part* first, const Part* end);
  Connection& connection_;
  std::list<RowsToWrite> all_;
};

/// The end of an INSERT that replaces the other columns of a row whose key is there.
inline std::string replacing(const std::string& key, const std::vector<std::string>& others) {
  std::string text = "ON CONFLICT(" + key + ") DO UPDATE SET ";
  for (std::size_t i = 0; i < others.size(); ++i)
    text += fmt::format("{}{} = excluded.{}", i == 0 ? "" : ", ", others[i], others[i]);
  return text;
}

}  // namespace atto::search
