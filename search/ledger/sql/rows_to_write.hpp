#pragma once
// Rows that go into a table together, because each statement is a round trip to a server.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "search/ledger/sql/statement.hpp"

namespace atto::search {

/// Rows that go into a table with one statement.
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
  /// Runs "INSERT INTO <into> VALUES <the rows> <conflict>", as often as so many values need;
  /// `conflict` says what becomes of a row whose key is there.
  void write(soci::session& sql, const std::string& into, const std::string& conflict = "") {
    constexpr std::size_t kValuesAtOnce = 5000;
    const std::size_t width = rows_.empty() ? 1 : rows_.front().size();
    const std::size_t step = std::max<std::size_t>(1, kValuesAtOnce / width);
    for (std::size_t first = 0; first < rows_.size(); first += step)
      write(sql, into, conflict, first, std::min(rows_.size(), first + step));
  }

 private:
  void write(soci::session& sql, const std::string& into, const std::string& conflict,
             std::size_t first, std::size_t end) {
    soci::statement statement(sql);
    std::string text = "INSERT INTO " + into + " VALUES";
    for (std::size_t i = first; i < end; ++i) {
      text += i == first ? "(" : ", (";
      for (std::size_t j = 0; j < rows_[i].size(); ++j) {
        text += fmt::format("{}:v{}_{}", j == 0 ? "" : ", ", i, j);
        std::visit([&](auto& value) { bound::bind(statement, value); }, rows_[i][j]);
      }
      text += ")";
    }
    bound::run_bound(statement, text + " " + conflict);
  }
  std::vector<std::vector<Cell>> rows_;
};

/// The end of an INSERT that replaces the other columns of a row whose key is there.
inline std::string replacing(const std::string& key, const std::vector<std::string>& others) {
  std::string text = "ON CONFLICT(" + key + ") DO UPDATE SET ";
  for (std::size_t i = 0; i < others.size(); ++i)
    text += fmt::format("{}{} = excluded.{}", i == 0 ? "" : ", ", others[i], others[i]);
  return text;
}

}  // namespace atto::search
