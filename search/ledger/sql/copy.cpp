// Ledgers move from one database to another: table by table, by the columns that the schema names.
#include "search/ledger/sql/copy.hpp"

#include <variant>

#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"
#include "search/ledger/sql/schema.hpp"

namespace atto::search {
namespace {

using Cell = RowsToWrite::Cell;

struct Table {
  std::string name;
  std::vector<std::string> columns;
  std::vector<Cell> buffer;  ///< one of each column's type
};

Cell cell_of(std::string_view type) {
  if (type == "TEXT") return std::string();
  if (type == "REAL") return MaybeNumber();
  return 0LL;
}

/// Adds the column that a part of a "CREATE TABLE" describes; keys describe none.
void add_column(Table& table, std::string_view part) {
  part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
  const std::size_t name_end = part.find(' ');
  if (part.substr(0, name_end).find('(') != std::string_view::npos || part.starts_with("PRIMARY"))
    return;
  std::string_view type = part.substr(name_end + 1);
  type = type.substr(0, type.find(' '));
  table.columns.emplace_back(part.substr(0, name_end));
  table.buffer.push_back(cell_of(type));
}

Table read_table(std::string_view text) {
  Table table;
  const std::size_t open = text.find('(');
  table.name = text.substr(0, open);
  int depth = 0;
  for (std::size_t start = open + 1, i = start; i < text.size(); ++i) {
    if (depth == 0 && (text[i] == ',' || text[i] == ')')) {
      add_column(table, text.substr(start, i - start));
      start = i + 1;
      if (text[i] == ')') break;
    }
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
  }
  return table;
}

std::vector<Table> tables() {
  constexpr std::string_view kStart = "CREATE TABLE ";
  std::vector<Table> all;
  for (const char* const* text = kLedgerTables; *text; ++text)
    if (std::string_view(*text).starts_with(kStart))
      all.push_back(read_table(std::string_view(*text).substr(kStart.size())));
  return all;
}

void copy_table(Table& table, soci::session& from, Connection& to) {
  constexpr std::size_t kRowsAtOnce = 1000;
  const std::string columns = fmt::format("{}", fmt::join(table.columns, ", "));
  const std::string into = fmt::format("{}({})", table.name, columns);
  soci::statement statement(from);
  for (Cell& cell : table.buffer)
    std::visit([&](auto& value) { bound::bind_result(statement, value); }, cell);
  // A new ledger has said of itself what schema it has.
  const std::string conflict = table.name == "meta" ? replacing("key", {"value"}) : "";
  Writes writes(to);
  RowsToWrite* rows = &writes.rows(into, conflict);
  const auto write = [&] {
    writes.run();
    rows = &writes.rows(into, conflict);
  };
  for_each_row(statement, fmt::format("SELECT {} FROM {}", columns, table.name), [&] {
    rows->add_cells(table.buffer);
    if (rows->size() == kRowsAtOnce) write();
  });
  write();
}

long long count_of(const Table& table, soci::session& sql) {
  return find_value<long long>(sql, "SELECT COUNT(*) FROM " + table.name).value();
}

}  // namespace

void copy_rows(Ledger& from, Ledger& to) {
  Connection& source = dynamic_cast<SqlLedger&>(from).connection();
  Connection& target = dynamic_cast<SqlLedger&>(to).connection();
  source.guarded([&] {
    target.in_transaction(Kept::Fact, [&] {
      for (Table& table : tables()) {
        copy_table(table, source.sql, target);
        if (count_of(table, source.sql) != count_of(table, target.sql))
          throw EnvironmentError("not all rows of " + table.name + " were copied: " + to.name());
      }
      target.count_on();
      execute(target.sql, "UPDATE meta SET value = '0' WHERE key = 'paused_until'");
      return 0;
    });
  });
  source.settle();
}

}  // namespace atto::search
