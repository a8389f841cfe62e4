#include "search/ledger/sql/rows_to_write.hpp"

#include <algorithm>

namespace atto::search {
namespace {

/// Of one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
constexpr std::size_t kValuesAtOnce = 30000;

}  // namespace

struct Writes::Part {
  RowsToWrite* table;
  std::size_t first, end;
  std::size_t values() const { return (end - first) * table->rows_.front().size(); }
};

RowsToWrite& Writes::rows(const std::string& into, const std::string& conflict) {
  RowsToWrite& table = all_.emplace_back();
  table.into_ = into, table.conflict_ = conflict;
  return table;
}

std::vector<Writes::Part> Writes::parts() {
  std::vector<Part> parts;
  for (RowsToWrite& table : all_) {
    if (table.rows_.empty()) continue;
    const std::size_t step = std::max<std::size_t>(1, kValuesAtOnce / table.rows_.front().size());
    for (std::size_t first = 0; first < table.size(); first += step)
      parts.push_back({&table, first, std::min(table.size(), first + step)});
  }
  return parts;
}

void Writes::run() {
  const std::vector<Part> all = parts();
  for (std::size_t first = 0, end = 0; first < all.size(); first = end) {
    std::size_t values = 0;
    do values += all[end++].values();
    while (connection_.dialect.joins_inserts && end < all.size() &&
           values + all[end].values() <= kValuesAtOnce);
    run(all.data() + first, all.data() + end);
  }
  all_.clear();
}

/// Joined, all but the last are what a WITH names.
void Writes::run(const Part* first, const Part* end) {
  soci::statement statement(connection_.sql);
  std::string text;
  for (const Part* part = first; part != end; ++part) {
    const bool is_last = part + 1 == end;
    if (!is_last) text += fmt::format("{} w{} AS (", part == first ? "WITH" : ",", part - first);
    text += " INSERT INTO " + part->table->into_ + " VALUES";
    for (std::size_t i = part->first; i < part->end; ++i) {
      text += i == part->first ? "(" : ", (";
      std::vector<RowsToWrite::Cell>& cells = part->table->rows_[i];
      for (std::size_t j = 0; j < cells.size(); ++j) {
        text += fmt::format("{}:v{}_{}_{}", j == 0 ? "" : ", ", part - first, i, j);
        std::visit([&](auto& value) { bound::bind(statement, value); }, cells[j]);
      }
      text += ")";
    }
    text += " " + part->table->conflict_ + (is_last ? "" : ")");
  }
  bound::run_bound(statement, text);
}

}  // namespace atto::search
