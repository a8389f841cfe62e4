#pragma once
// Rows of results that others made: CSV (RFC 4180), a line of names first.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace atto::search {

struct RowFile {
  struct Row {
    std::uint32_t line = 0;           ///< in the file, from 1
    std::vector<std::string> fields;  ///< as many as names
  };
  std::string file;
  std::vector<std::string> names;
  std::vector<Row> rows;

  /// "rows.csv:17:3", the third field of a row.
  std::string place(const Row& row, std::size_t field) const;
};

/// Throws SpecError with every problem, located; EnvironmentError for a file that cannot be read.
RowFile read_rows(const std::filesystem::path& file);

}  // namespace atto::search
